"""Outcomes: done, pending, refused, retry and unknown, told apart by type and kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from bridge.contract.exchange import Request

# a follow-up that is no action: link an account of one's own, where the job ran
LINK_ACCOUNT = "link"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A next thing a person may want: a button in Slack, a command line in words."""

    label: str
    action: str
    args: Mapping[str, Any] = field(default_factory=dict)
    ask: bool = False  # open the form filled in, instead of running at once


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file at the upstream that belongs to the answer; fetched when it is delivered."""

    request: Request
    name: str
    media_type: str


class OutcomeKind(StrEnum):
    """What an attempt can end in."""

    DONE = "done"
    PENDING = "pending"
    REFUSED = "refused"
    RETRY = "retry"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What really happened: a stable code, a sentence for a person, the next step, typed facts."""

    kind: ClassVar[OutcomeKind]
    code: str
    message: str
    next_step: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    follow_ups: tuple[FollowUp, ...] = ()
    file: FileRef | None = None

    def as_json(self) -> dict[str, Any]:
        """The inverse of `outcome_from_json`; empty values are left out."""
        values: dict[str, Any] = {
            "kind": self.kind.value,
            "code": self.code,
            "message": self.message,
        }
        if self.next_step:
            values["next_step"] = self.next_step
        if self.facts:
            values["facts"] = dict(self.facts)
        if self.follow_ups:
            values["follow_ups"] = [
                {
                    "label": item.label,
                    "action": item.action,
                    "args": dict(item.args),
                    "ask": item.ask,
                }
                for item in self.follow_ups
            ]
        if self.file is not None:
            values["file"] = asdict(self.file)
        return values


@dataclass(frozen=True, slots=True)
class Done(Outcome):
    """It happened, or it had happened already."""

    kind = OutcomeKind.DONE


@dataclass(frozen=True, slots=True)
class Pending(Outcome):
    """The upstream accepted it; the end comes later. `look_in_s` asks for `follow()` to be run then."""

    kind = OutcomeKind.PENDING
    look_in_s: float | None = None  # None: nothing the bridge can look at; this is the last word


@dataclass(frozen=True, slots=True)
class Refused(Outcome):
    """The upstream said no, or nothing happened; a person must change something."""

    kind = OutcomeKind.REFUSED


@dataclass(frozen=True, slots=True)
class Retry(Outcome):
    """It failed for a passing reason; the policy decides when to try again."""

    kind = OutcomeKind.RETRY
    after_s: float | None = None  # what the upstream asked for, if it did


@dataclass(frozen=True, slots=True)
class Unknown(Outcome):
    """A request that may not be repeated was sent and its answer is lost."""

    kind = OutcomeKind.UNKNOWN


OUTCOMES: Mapping[str, type[Outcome]] = {
    kind.kind.value: kind for kind in (Done, Pending, Refused, Retry, Unknown)
}


def outcome_from_json(data: Mapping[str, Any]) -> Outcome:
    """The inverse of `Outcome.as_json`."""
    values = dict(data)
    kind = OUTCOMES[values.pop("kind")]
    values["follow_ups"] = tuple(FollowUp(**item) for item in values.get("follow_ups", ()))
    if values.get("file"):
        file = dict(values["file"])
        values["file"] = FileRef(**{**file, "request": Request(**file["request"])})
    return kind(**values)
