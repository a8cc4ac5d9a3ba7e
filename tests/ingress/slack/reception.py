"""The Slack door on a real server between an emulated Slack and an intake that only remembers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.actions import catalogue
from bridge.contract import Job, JobState
from bridge.delivery.render import ActionInfo
from bridge.ingress.slack import SlackDoor
from bridge.ingress.slack.references import References
from bridge.jobs.auditing import Actor
from bridge.jobs.intake import Accepted, Key, KeyConflict, Launch, NotStored
from bridge.jobs.operating import NotAllowed
from bridge.jobs.rows import new_job
from bridge.outbound import Outbound
from bridge.sandbox.slack import Slack, seed
from bridge.settings import Settings
from bridge.vault import Vault
from tests.clock import Clock

ROOM = "8ceKgWvo5qT5TrCRN"
ROCKETCHAT = {
    "kind": "rocketchat",
    "url": "https://chat.example.com",
    "user_id": "u",
    "auth_token": "t",
}
SUPEROFFICE = {
    "kind": "superoffice",
    "url": "https://so.example.com/api",
    "username": "u",
    "password": "p",
}


More = dict[str, Any] | Callable[[str, Outbound], dict[str, Any]]


@dataclass
class Remembering:
    """An intake and a reader over a list."""

    clock: Clock
    jobs: list[Job] = field(default_factory=list)
    keys: dict[tuple[str, str], tuple[str, Job]] = field(default_factory=dict)
    down: bool = False
    unsure: bool = False
    wait_s: float = 0.0
    joins: bool = False
    pressed: list[Actor] = field(default_factory=list)

    async def accept(
        self, launches: Sequence[Launch], *, key: Key | None = None, join: bool = False
    ) -> list[Accepted]:
        if self.down:
            raise NotStored("disk full", retry_after_s=7, unsure=self.unsure)
        (launch,) = launches
        job = new_job(launch, self.clock())
        if key is not None:
            known = self.keys.get((job.asker.scope, key.value))
            if known is not None and known[0] != key.fingerprint:
                raise KeyConflict(key.value)
            if known is not None:
                return [Accepted(known[1], repeated=True)]
            self.keys[job.asker.scope, key.value] = (key.fingerprint, job)
        if join and self.joins and self.jobs:
            return [Accepted(self.jobs[-1], joined=True)]
        self.jobs.append(job)
        return [Accepted(job, wait_s=self.wait_s)]

    async def job(self, job_id: str, scope: str) -> Job | None:
        return next((j for j in self.jobs if j.id == job_id and j.asker.scope == scope), None)

    async def recent(self, scope: str, user_id: str, limit: int) -> Sequence[Job]:
        mine = [j for j in self.jobs if j.asker.scope == scope and j.asker.user_id == user_id]
        return mine[::-1][:limit]

    async def retry(self, job_id: str, scope: str, by: Actor) -> Job | None:
        self.pressed.append(by)
        job = await self.job(job_id, scope)
        return job and self._become(job, (JobState.PARKED, JobState.UNKNOWN), JobState.QUEUED)

    async def cancel(self, job_id: str, scope: str, by: Actor) -> Job | None:
        self.pressed.append(by)
        job = await self.job(job_id, scope)
        return job and self._become(job, (JobState.PARKED, JobState.QUEUED), JobState.CANCELLED)

    def put(self, job: Job) -> Job:
        self.jobs = [job if one.id == job.id else one for one in self.jobs]
        return job

    def _become(self, job: Job, allowed: Sequence[JobState], state: JobState) -> Job:
        if job.state not in allowed:
            raise NotAllowed(f"It is {job.state.value}.")
        return self.put(job.but(state=state))


@dataclass
class Reception:
    """What a test holds."""

    slack: Slack
    door: SlackDoor
    store: Remembering
    clock: Clock
    references: References

    @property
    def url(self) -> str:
        return self.slack.bridge_url

    @property
    def jobs(self) -> list[Job]:
        return self.store.jobs

    async def settle(self) -> None:
        """Until no background task runs."""
        async with asyncio.timeout(5):
            await self.door.background.idle()

    def calls(self, route: str = "") -> list[str]:
        """The Web API methods that were called, and posts to response_urls."""
        return [one.path for one in self.slack.exchanges if route in one.path]

    def seen(self, user: str, channel: str = "#support") -> list[str]:
        """What this person reads in the channel."""
        return [self.slack.visible_text(m) for m in self.slack.messages(channel, user)]


def settings(api_url: str, hosts: list[str], **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "slack": {
            "signing_secret": seed.SIGNING_SECRET,
            "bot_token": seed.BOT_TOKEN,
            "api_url": api_url,
            "response_hosts": hosts,
        },
        "connections": {"rocketchat": ROCKETCHAT, "superoffice": SUPEROFFICE},
        "access": {"allow": "everyone"},
    }
    for name, change in changes.items():
        values[name] = values["slack"] | change if name == "slack" else change
    return Settings.model_validate(values)


def make(
    there: Slack,
    outbound: Outbound,
    clock: Clock,
    *,
    door: More | None = None,
    **changes: Any,
) -> Reception:
    """A door for this Slack; `changes` are settings, `door` more of its arguments."""
    host, api_url = there.public_url.removeprefix("http://"), f"{there.public_url}/api/"
    more = {"upstreams": {}, **(door(api_url, outbound) if callable(door) else door or {})}
    store = Remembering(clock)
    references = References(["button-key"], clock=clock)
    actions = catalogue()
    made = SlackDoor(
        settings=settings(api_url, [host], **changes),
        catalogue=actions,
        about={name: ActionInfo(one.title, one.confirm) for name, one in actions.items()},
        intake=store,
        reader=store,
        outbound=outbound,
        references=references,
        vault=Vault(["vault-key"]),
        clock=clock,
        **more,
    )
    return Reception(there, made, store, clock, references)
