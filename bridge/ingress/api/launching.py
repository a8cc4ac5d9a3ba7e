"""POST /api/v1/actions/{action}: a body becomes a stored job, or a problem document.

The body is the action's fields, or an envelope with them under `args` beside `connection` and
`reply_to`. The answer is given after the commit: 202 with the job, or 200 when it ended within the wait
that `Prefer: wait=N` (RFC 7240) asked for. This is the hot path of automation, so it does each thing
once: one digest, one parse, one validation, one commit.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from bridge import tracing
from bridge.contract import Action, Job
from bridge.delivery.view import view
from bridge.ingress.api.callers import Caller
from bridge.ingress.api.following import Follower, has_ended
from bridge.ingress.http import accepts, bodies, wishes
from bridge.ingress.http.answers import json_response
from bridge.ingress.http.problems import FieldError, Problem, pointer
from bridge.jobs.intake import Accepted, Intake, Key, KeyConflict, Launch
from bridge.settings import Settings
from bridge.surfaces.personal import personal_fields

ENVELOPE: Final = frozenset(("args", "connection", "reply_to"))
MAX_KEY: Final = 255
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_WAIT: Final = re.compile(r"(?:^|[\s,;])wait\s*=\s*\"?(\d{1,6})\"?(?=$|[\s,;])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a body asks for, before anything of it is believed."""

    args: Any
    connection: str = ""
    reply_to: Any = None
    above: tuple[str, ...] = ()  # where the fields stand in the body

    @classmethod
    def read(cls, body: Any) -> Wish:
        """Bare fields or the envelope. Raises `Problem`."""
        if type(body) is not dict:
            raise Problem(
                "invalid-fields",
                "Send a JSON object: the action's fields, or an envelope with `args`.",
                [FieldError(pointer(), "This must be an object.")],
            )
        if "args" not in body:
            return cls(body)
        strange = [name for name in body if name not in ENVELOPE]
        errors = [
            FieldError(
                pointer(name), "An envelope has args, connection and reply_to; put fields in args."
            )
            for name in strange[:20]
        ]
        connection = body.get("connection")
        if connection is not None and not isinstance(connection, str):
            errors.append(FieldError(pointer("connection"), "Give the connection's name as text."))
        if errors:
            raise Problem("invalid-fields", "The envelope is not usable.", errors)
        return cls(body["args"], connection or "", body.get("reply_to"), ("args",))


@dataclass(slots=True)
class Launching:
    """Launches for the whole door."""

    settings: Settings
    catalogue: Mapping[str, type[Action]]
    intake: Intake
    follower: Follower
    may_call_back: bool = field(init=False)

    def __post_init__(self) -> None:
        self.may_call_back = self.settings.webhooks.secret is not None

    async def launch(
        self, request: web.Request, caller: Caller
    ) -> tuple[Accepted, Mapping[str, str]]:
        """Store what the request wishes, and the headers that belong to the answer."""
        action_class = wishes.find_action(request.match_info["action"], self.catalogue)
        headers = request.headers
        if not bodies.is_json(headers.get("Content-Type", "")):
            raise Problem("not-json", "Send the body as JSON, with Content-Type: application/json.")
        key = _key(headers.get("Idempotency-Key"))
        server = self.settings.server
        raw = await bodies.read(
            request, most=server.max_body_bytes, deadline_s=server.body_deadline_s
        )
        body = bodies.parse(raw)
        wish = Wish.read(body)
        launch = self._launch(wish, action_class, caller, tracing.here())
        fingerprint = _fingerprint(action_class.id, body) if key else ""
        try:
            accepted = await self.intake.accept(
                [launch], key=Key(f"api:{key}", fingerprint) if key else None
            )
        except KeyConflict:
            raise Problem(
                "key-conflict",
                "This Idempotency-Key was used for another request. Use a new key for a new wish,"
                " and the same body for a repetition.",
            ) from None
        accepts.note(accepted)
        return accepted[0], {"Idempotency-Replayed": "true"} if accepted[0].repeated else {}

    def _launch(self, wish: Wish, action_class: type[Action], caller: Caller, trace: str) -> Launch:
        if caller.key is not None:
            self._check_scope(action_class, caller)
        action = wishes.validate(action_class, wish.args, above=wish.above)
        connection = wishes.choose_connection(
            self.settings.connections,
            action_class.upstream,
            said=wish.connection,
            usable=caller.may_use(action_class.id),
        )
        reply_to = wishes.read_reply_to(
            wish.reply_to, may_call_back=self.may_call_back, above=("reply_to",)
        )
        return Launch(action, connection, caller.asker, reply_to, trace)

    def _check_scope(self, action: type[Action], caller: Caller) -> None:
        """A key that covers the action on no connection at all is told so, before its fields are."""
        may = caller.may_use(action.id)
        names = [
            name for name, one in self.settings.connections.items() if one.kind == action.upstream
        ]
        if names and not any(may(name) for name in names):
            caller.require(action.id, names[0])

    async def answer(self, request: web.Request, accepted: Accepted) -> web.Response:
        """202 with the job, or 200 when it ended within the wait that was asked for."""
        job, headers = accepted.job, {"Location": f"/api/v1/jobs/{accepted.job.id}"}
        prefer = request.headers.get("Prefer")
        if prefer is not None and (found := _WAIT.search(prefer)):
            seconds = min(float(found[1]), self.settings.api.max_wait_s)
            headers["Preference-Applied"] = f"wait={seconds:g}"
            job = await self.follower.end_of(job, seconds)
        if has_ended(job):
            return json_response(self.show(job), headers=headers)
        headers["Retry-After"] = str(max(1, math.ceil(accepted.wait_s)))
        return json_response(self.show(job), status=202, headers=headers)

    def show(self, job: Job) -> dict[str, Any]:
        """The job as JSON, its personal fields masked."""
        action = self.catalogue.get(job.action)
        return view(job, personal_fields(action) if action else job.args.keys())


def _key(given: str | None) -> str:
    if given is None:
        return ""
    if not _KEY.fullmatch(given):
        raise Problem(
            "malformed-header",
            f"Idempotency-Key takes 1 to {MAX_KEY} visible ASCII characters. A UUID is a good one.",
        )
    return given


def _fingerprint(action_id: str, body: Any) -> str:
    """Of what is wished, not of how it was written: a client may order its keys differently."""
    text = json.dumps([action_id, body], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
