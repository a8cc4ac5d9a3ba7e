"""From wishes to launches, and the key that makes one event one event.

A source is a tenant: its jobs carry its name as their scope. What names the event is taken in this
order: the paths or the header that the source declares; the id or signature that was verified; an
`Idempotency-Key`; and for signatures without a time, the bytes themselves.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.contract import Action, Asker
from bridge.ingress.http import wishes
from bridge.ingress.http.edge import trace_of
from bridge.ingress.http.problems import FieldError, Problem
from bridge.ingress.webhooks import mapping
from bridge.ingress.webhooks.budget import Budget
from bridge.ingress.webhooks.declared import Source
from bridge.ingress.webhooks.mapping import Wish
from bridge.ingress.webhooks.proof import Proof
from bridge.jobs.intake import Key, Launch
from bridge.settings import Settings


@dataclass(slots=True)
class Launching:
    """Validates wishes for all sources."""

    settings: Settings
    catalogue: Mapping[str, type[Action]]
    may_call_back: bool = field(init=False)

    def __post_init__(self) -> None:
        self.may_call_back = self.settings.webhooks.secret is not None

    def launch(self, source: Source, wish: Wish, traceparent: str = "") -> Launch:
        """The launch that a wish is. Raises `Problem`."""
        action_class = wishes.find_action(wish.action, self.catalogue)
        action = wishes.validate(action_class, wish.args, above=wish.above)
        connection = wishes.choose_connection(
            self.settings.connections,
            action_class.upstream,
            said=wish.connection,
            usable=lambda _: True,
        )
        reply_to = wishes.read_reply_to(
            wish.reply_to, may_call_back=self.may_call_back, above=("reply_to",)
        )
        asker = Asker("source", f"source:{source.name}", source.name)
        return Launch(action, connection, asker, reply_to, trace_of(traceparent))


def as_errors(wish: Wish, problem: Problem) -> list[FieldError]:
    """A refusal of mapped fields, told by the rule that made them: they stand nowhere in the body."""
    if not problem.errors:
        return [FieldError("#", f"{wish.rule}: {problem.detail}")]
    return [
        FieldError("#", f"{wish.rule}: {error.pointer.removeprefix('#/')}: {error.detail}")
        for error in problem.errors
    ]


def key_of(
    source: Source,
    proven: Proof,
    headers: Mapping[str, str],
    raw: bytes,
    payload: Any,
    budget: Budget,
) -> Key | None:
    """The key of this event; None when nothing tells it from another one."""
    same = mapping.sameness(source, payload, budget)
    header = headers.get(source.dedupe_header, "") if source.dedupe_header else ""
    named = headers.get("Idempotency-Key", "")
    by_body = proven.same_body_same_event if source.dedupe_body is None else source.dedupe_body
    body = hashlib.sha256(raw).hexdigest()
    if same is not None:
        value = key_value(same)
        return Key(value, value[-64:])  # the rest of the payload may differ from try to try
    if header:
        value = key_value(["header", header])
        return Key(value, value[-64:])
    if proven.replay_key:
        return Key(key_value([proven.replay_key]), body)
    if named:
        return Key(key_value(["key", named]), body)
    return Key(key_value(["body", body]), body) if by_body else None


def key_value(parts: Sequence[Any]) -> str:
    """A key of fixed length over anything."""
    text = json.dumps(parts, sort_keys=True)
    return f"hook:{hashlib.sha256(text.encode('utf-8', 'backslashreplace')).hexdigest()}"
