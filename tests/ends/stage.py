"""The whole world on a clock that a test moves: what is asked, what is told at the end, and how often.

Time runs by itself and can be moved ahead, to the moment of the next look, so that a watch of days ends in
a second. When a stage is left, the facts of every ended job must fit what OpenAPI says of them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema

from bridge.actions import catalogue
from bridge.app import Bridge
from bridge.contract import Job
from bridge.delivery import words
from bridge.sandbox.slack import seed as slack
from bridge.sandbox.slack.model import Message
from bridge.surfaces.openapi import document
from tests.clock import RunningClock
from tests.world import API_TOKEN, World, serve, world

UNHURRIED = {"jobs__poll_s": 0.05, "jobs__lease_s": 30.0, "jobs__join_window_s": 0.0}
FINALS = tuple(word for _, word in words.KINDS.values())
SCHEMAS = document(catalogue().values(), version="1")["components"]["schemas"]


def check_facts(job: Job) -> None:
    """The outcome's facts are declared, and of the declared type."""
    if job.outcome is not None:
        schema = {**SCHEMAS[f"{job.action}.facts"], "additionalProperties": False}
        jsonschema.Draft202012Validator(schema).validate(dict(job.outcome.facts))


class Stage:
    """A world, its clock, and what people and programs do in it."""

    def __init__(self, here: World, clock: RunningClock, stack: AsyncExitStack) -> None:
        self.world = here
        self._stack = stack
        self.clock = clock
        self.slack = here.slack
        self.rocketchat = here.rocketchat
        self.superoffice = here.superoffice

    async def command(self, line: str, who: str = slack.ANNA) -> Job:
        """Type a slash command in the support channel; the job it became."""
        before = {job.id for job in await self.world.jobs()}
        word, _, text = line.partition(" ")
        receipt = await self.slack.command(who, slack.SUPPORT, word, text)
        assert receipt.status == 200
        jobs = await self.world.jobs()
        assert len(jobs) == len(before) + 1, f"{line}: {receipt.body}"
        return next(job for job in jobs if job.id not in before)

    async def press(self, message: Message, label: str, who: str = slack.ANNA) -> Job:
        """Press a button of a message; the job it became."""
        before = {job.id for job in await self.world.jobs()}
        await self.slack.click(who, message, label)
        await self.until(lambda jobs: len(jobs) > len(before))
        return next(job for job in await self.world.jobs() if job.id not in before)

    async def form(self, values: Mapping[str, Any], who: str = slack.ANNA) -> Job:
        """Fill in the form that opens, and send it; the job it became."""
        before = {job.id for job in await self.world.jobs()}
        for _ in range(500):
            if self.slack.open_views(who):
                break
            await asyncio.sleep(0.01)
        receipt = await self.slack.submit_view(who, None, values)
        await self.until(lambda jobs: len(jobs) > len(before))
        assert receipt.status == 200
        return next(job for job in await self.world.jobs() if job.id not in before)

    async def call(self, action: str, args: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Launch by the API and wait for the end for a moment; the job as JSON."""
        return await self._launch(action, {"args": dict(args), **more}, {"Prefer": "wait=1"})

    async def call_later(self, action: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """Launch by the API and do not wait."""
        return await self._launch(action, dict(args), {})

    async def _launch(
        self, action: str, body: Mapping[str, Any], more: Mapping[str, str]
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {API_TOKEN}", **more}
        url = f"{self.world.url}/api/v1/actions/{action}"
        async with (
            aiohttp.ClientSession() as client,
            client.post(url, json=body, headers=headers) as answer,
        ):
            told: dict[str, Any] = await answer.json()
            assert answer.status in (200, 202), told
            return told

    async def restart(self, between: Callable[[], object] = lambda: None) -> None:
        """Stop the bridge, let something happen, and start another one on the same database."""
        before = self.world.bridge
        await before.stop()
        between()
        self.world.bridge = Bridge(before.settings, clock=self.clock)
        await self.world.bridge.start()
        self.world.url = await serve(self.world.bridge.web_app(), self._stack)
        self.slack.bridge_url = self.world.url

    async def job(self, job_id: str) -> Job:
        return next(job for job in await self.world.jobs() if job.id == job_id)

    async def until(self, seen: Callable[[list[Job]], bool], within_s: float = 10.0) -> list[Job]:
        """Wait for something to be so."""
        deadline = time.monotonic() + within_s
        while not seen(jobs := await self.world.jobs()):
            if time.monotonic() > deadline:
                raise AssertionError([(job.action, job.state, job.outcome) for job in jobs])
            await asyncio.sleep(0.01)
        return jobs

    async def pending(self, job: Job) -> Job:
        """Wait until this job is to be looked at later, and nothing is under way."""
        await self.until(lambda jobs: any(_waits(one) for one in jobs if one.id == job.id))
        return await self.job(job.id)

    async def look(self, job: Job) -> Job:
        """Move the time to this job's next look; the job after it."""
        await self.until(
            lambda jobs: any(_waits(one) or one.finished_at for one in jobs if one.id == job.id)
        )
        before = await self.job(job.id)
        if before.finished_at:  # something moved in its room, so it was looked at already
            return before
        self.clock.ahead += max(0.0, before.run_at - self.clock())
        await self.until(
            lambda jobs: any(
                one.id == job.id and (one.looks > before.looks or one.finished_at) for one in jobs
            )
        )
        return await self.job(job.id)

    async def ended(self, job: Job, *, looking: bool = True, most: int = 400) -> Job:
        """This job's end, told; the time moves from look to look until then."""
        for _ in range(most):
            jobs = await self.until(
                lambda jobs: any(
                    one.id == job.id and (one.finished_at or (looking and _waits(one)))
                    for one in jobs
                )
            )
            now = next(one for one in jobs if one.id == job.id)
            if now.finished_at:
                await self._told(now)
                check_facts(now)
                return now
            await self.look(job)
        raise AssertionError(f"no end after {most} looks: {now.outcome}")

    async def _told(self, job: Job) -> None:
        deadline = time.monotonic() + 10.0
        while True:
            _, deliveries = await self.world.bridge.operator.history(job.id)
            if all(one["state"] in ("told", "kept") for one in deliveries):
                return
            for one in deliveries:  # a file that cannot be fetched is tried again later
                if one["state"] == "due":
                    self.clock.ahead += max(0.0, one["run_at"] - self.clock())
            assert time.monotonic() < deadline, deliveries
            await asyncio.sleep(0.02)

    def finals(self, job: Job, who: str = slack.ANNA) -> list[Message]:
        """The final messages of this job that this person can read, wherever they are."""
        direct = self.slack.direct(slack.TEAM, slack.BOT, who).id
        seen = [*self.slack.messages(slack.SUPPORT, who), *self.slack.messages(direct, who)]
        return [one for one in seen if job.id in self.text(one) and self._is_final(one)]

    def final(self, job: Job, who: str = slack.ANNA) -> Message:
        """The one final message of this job."""
        [message] = self.finals(job, who)
        return message

    def said(self, job: Job, who: str = slack.ANNA) -> str:
        """The words of the one final message, on one line."""
        return " ".join(self.text(self.final(job, who)).split())

    def files(self, message: Message) -> list[bytes]:
        """The files in the thread of a message."""
        there = self.slack.messages(message.channel, slack.ANNA)
        return [f.content or b"" for m in there if m.thread_ts == message.ts for f in m.files]

    def text(self, message: Message) -> str:
        return self.slack.visible_text(message)

    def _is_final(self, message: Message) -> bool:
        head = self.text(message).partition("·")[0]
        return any(word in head for word in FINALS)


def _waits(job: Job) -> bool:
    return job.state == "pending" and job.phase == "follow" and job.finished_at is None


@asynccontextmanager
async def stage(folder: Path, **options: Any) -> AsyncIterator[Stage]:
    """Everything up, on a clock of its own; `options` are those of `world`."""
    clock = RunningClock()
    async with (
        world(folder, clock=clock, **{**UNHURRIED, **options}) as here,
        AsyncExitStack() as stack,
    ):
        yield Stage(here, clock, stack)
        for job in await here.jobs():
            check_facts(job)
