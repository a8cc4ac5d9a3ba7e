"""What a door hands in and gets back: launches become stored jobs, or a typed reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.contract import Action, Asker, Job, ReplyTo


@dataclass(frozen=True, slots=True)
class Launch:
    """One validated wish: run this action on this connection for this asker."""

    action: Action
    connection: str
    asker: Asker
    reply_to: ReplyTo
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """An idempotency key within the asker's scope, and the fingerprint of the body it came with."""

    value: str  # e.g. "slack:<trigger_id>", "api:<Idempotency-Key>", "hook:<webhook-id>"
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A stored job. `repeated`: the key was known; `joined`: the same command already runs."""

    job: Job
    repeated: bool = False
    joined: bool = False
    wait_s: float = 0.0  # expected until it starts, when the pace is the reason


class KeyConflict(Exception):
    """The idempotency key was used before with another body."""


class NotStored(Exception):
    """The store cannot take it now; `retry_after_s` says when to come again.

    Nothing was accepted, unless `unsure`: then it may be stored all the same, and done.
    """

    def __init__(self, reason: str, retry_after_s: float = 5.0, *, unsure: bool = False) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.unsure = unsure


class Intake(Protocol):
    """The one way into the engine."""

    async def accept(
        self, launches: Sequence[Launch], *, key: Key | None = None, join: bool = False
    ) -> list[Accepted]:
        """Store all launches in one transaction, on disk before this returns.

        `join`: the same asker with the same action and fields within the window gets the running job.
        Raises `KeyConflict` and `NotStored`; then nothing was stored, unless `NotStored.unsure`.
        """
        ...
