"""Presets: senders whose payloads are documented, so that a source needs a secret and little else.

A preset gives the check, what makes a payload the same as an earlier one, the answer that the sender
wants, and ready rules to `use`. What a source declares itself goes before.
- Rocket.Chat wants exactly 200 within 5 s, keeps the answer's text, repeats anything else up to ten
  times, and has no event id (`app/livechat/server/hooks/sendToCRM.ts`).
- SuperOffice wants exactly 200, gives up after nine failures until somebody resets the webhook, and
  spells FieldValues differently from event to event (docs.superoffice.com, automation/webhook).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_NUMBER: Final = re.compile(r"-?\d{1,15}")


def _as_it_is(payload: Any) -> Any:
    return payload


def _read_superoffice(payload: Any) -> Any:
    """FieldValues also as `fields`, in lower case and with numbers as numbers."""
    if not isinstance(payload, dict) or not isinstance(payload.get("FieldValues"), dict):
        return payload
    fields = {
        str(name).lower(): int(value)
        if isinstance(value, str) and _NUMBER.fullmatch(value) and value.isascii()
        else value
        for name, value in payload["FieldValues"].items()
    }
    return {**payload, "fields": fields}


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of a sender."""

    check: str
    dedupe: tuple[str, ...]
    read: Callable[[Any], Any] = _as_it_is
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    use: tuple[str, ...] = ()  # when a source declares no rules
    ignore: str = ""  # payloads that mean nothing, e.g. the sender's own test


PRESETS: Final[Mapping[str, Preset]] = {
    "rocketchat": Preset(
        check="rocketchat",
        dedupe=("type", "_id", "messages[-1]._id", "closedAt"),
        rules={
            # LivechatSession is sent when a conversation ends, whoever closed it
            "pdf_on_close": {
                "when": "type == 'LivechatSession'",
                "action": "rocketchat.request_pdf_transcript",
                "args": {"rid": "_id"},
            },
            "email_on_close": {
                "when": "type == 'LivechatSession' && visitor.email[0].address",
                "action": "rocketchat.email_transcript",
                "args": {"rid": "_id", "email": "visitor.email[0].address"},
            },
        },
        use=("pdf_on_close",),
        ignore="_id == 'fasd6f5a4sd6f8a4sdf'",  # the sample of livechat/webhook.test
    ),
    "superoffice": Preset(
        check="superoffice",
        dedupe=("EventId",),
        read=_read_superoffice,
    ),
}
