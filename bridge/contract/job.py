"""A job, who asked for it and where to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Literal, Self

from bridge.contract.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked, through which door. `scope` is the tenant: nobody sees another scope's jobs."""

    door: Literal["slack", "api", "source", "cli"]
    scope: str  # slack:T…, key:<name>, source:<name>, cli
    name: str = ""  # for people
    user_id: str = ""
    team_id: str = ""
    enterprise_id: str = ""
    channel_id: str = ""
    locale: str = ""

    @property
    def is_person(self) -> bool:
        return self.door in ("slack", "cli")

    @property
    def person(self) -> str:
        """Who may have linked an account of their own, within their tenant; empty for programs."""
        return f"{self.scope}:{self.user_id}" if self.door == "slack" and self.user_id else ""


class JobState(StrEnum):
    """Where a job stands; the last five are final."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"  # for its next attempt
    PENDING = "pending"  # the upstream accepted it and works on it
    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    PARKED = "parked"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in FINAL_STATES


FINAL_STATES = frozenset(
    (JobState.DONE, JobState.REFUSED, JobState.UNKNOWN, JobState.PARKED, JobState.CANCELLED)
)


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where the asker wants to be told. Everything here is as secret as a `response_url` is."""

    team_id: str = ""
    enterprise_id: str = ""
    slack_channel: str = ""
    slack_user: str = ""
    thread_ts: str = ""
    # a message of ours that shows this job's progress and becomes its final one
    message_ts: str = ""
    response_url: str = ""
    response_url_uses: int = 0
    response_url_at: float = 0.0  # when Slack issued it (epoch seconds)
    callback_url: str = ""

    def as_json(self) -> dict[str, Any]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}

    @property
    def wants_slack(self) -> bool:
        return bool(self.response_url or self.slack_channel or self.slack_user)


NOWHERE: Final = ReplyTo()


@dataclass(frozen=True, slots=True)
class Job:
    """One accepted launch of an action, as the store keeps it. Times are epoch seconds."""

    id: str
    action: str
    args: Mapping[str, Any]
    connection: str
    lane: str
    asker: Asker
    reply_to: ReplyTo
    created_at: float
    run_at: float
    state: JobState = JobState.QUEUED
    phase: Literal["flow", "follow"] = "flow"
    priority: int = 1  # 0 people, 1 programs
    attempts: int = 0
    looks: int = 0
    sent_at: float | None = None  # a write may have been sent since then
    pending_at: float | None = None
    tried_since: float = 0.0  # when the retry schedule began
    finished_at: float | None = None
    memo: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome | None = None
    fence: int = 0  # grows with each claim; a write of an older claim changes nothing
    trace: str = ""  # W3C traceparent of the request that asked

    def but(self, **changes: Any) -> Self:
        return replace(self, **changes)
