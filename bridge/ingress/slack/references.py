"""Signed references: what a button carries instead of data. They name a stored thing and end by themselves.

A value travels through Slack and back, and anybody who may post as the app could forge one; so it is
signed, bound to the workspace it was made for, and expires. It names a job and one of its follow-ups; what
will be done is read from the store at the click, and access is checked again then. Several keys may be
live: the first signs, all verify, so a rotated secret does not kill yesterday's buttons.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from bridge.contract import FollowUp, Job
from bridge.delivery.render import CANCEL_JOB, RETRY_JOB

KEEP_S = 7 * 24 * 3600.0  # as long as a finished job's payload is kept by default
LONGEST = 1000
Kind = Literal["follow", "retry", "cancel"]


@dataclass(frozen=True, slots=True)
class Reference:
    """What a button is about: a job, and for `follow` which of its follow-ups."""

    kind: Kind
    job_id: str
    action: str = ""
    place: int = 0


class BadReference(Exception):
    """Forged, from another workspace, or too old; the text may be shown to the person."""


class References:
    """Signs references and reads them back."""

    def __init__(
        self, secrets: Sequence[str], *, clock: Callable[[], float], keep_s: float = KEEP_S
    ) -> None:
        """`secrets`: any strings with enough entropy; the first one signs."""
        self._keys = [
            hashlib.sha256(f"deskbridge button v1:{one}".encode()).digest() for one in secrets
        ]
        self._clock = clock
        self._keep_s = keep_s

    def sign(self, follow_up: FollowUp, job: Job) -> str:
        """The value of the button for this follow-up of this job."""
        team = job.reply_to.team_id or job.asker.team_id
        if follow_up.action == RETRY_JOB:
            return self.make(Reference("retry", job.id), team)
        if follow_up.action == CANCEL_JOB:
            return self.make(Reference("cancel", job.id), team)
        own = job.outcome.follow_ups if job.outcome else ()
        place = own.index(follow_up) if follow_up in own else 0
        return self.make(Reference("follow", job.id, follow_up.action, place), team)

    def make(self, reference: Reference, team_id: str) -> str:
        until = int(self._clock() + self._keep_s)
        content = [
            reference.kind,
            reference.job_id,
            reference.action,
            reference.place,
            team_id,
            until,
        ]
        packed = base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode())
        return f"{packed.decode()}.{self._mac(self._keys[0], packed)}"

    def read(self, value: str, team_id: str) -> Reference:
        """What the value names, if we made it for this workspace not too long ago. Raises `BadReference`."""
        packed, _, mac = value[:LONGEST].partition(".")
        genuine = any(
            hmac.compare_digest(self._mac(key, packed.encode()).encode(), mac.encode())
            for key in self._keys
        )
        if not genuine:
            raise BadReference(
                "This button is not mine or was made with an older key. Type the command again."
            )
        try:
            kind, job_id, action, place, team, until = json.loads(base64.urlsafe_b64decode(packed))
        except (ValueError, binascii.Error):  # pragma: no cover - we signed it, so we wrote it
            raise BadReference("This button cannot be read. Type the command again.") from None
        if team != team_id:
            raise BadReference("This button belongs to another workspace. Type the command here.")
        if self._clock() > until:
            raise BadReference("This button is too old. Type the command again.")
        return Reference(kind, job_id, action, place)

    def _mac(self, key: bytes, packed: bytes) -> str:
        return hmac.new(key, packed, hashlib.sha256).hexdigest()[:40]
