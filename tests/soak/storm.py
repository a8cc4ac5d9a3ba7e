"""All promises together: random wishes, random faults, random kills, and an oracle at the end."""

from __future__ import annotations

import asyncio
import random
import re
import signal
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bridge.sandbox.emulator import FaultKind
from bridge.sandbox.slack import seed as people
from tests.soak.city import City, city
from tests.soak.house import House

FAULTS: tuple[tuple[FaultKind, dict[str, Any]], ...] = (
    ("reset_before", {}),
    ("reset_after", {}),
    ("status", {"status": 503}),
    ("status", {"status": 429, "headers": {"Retry-After": "1"}}),
    ("garbage", {}),
    ("truncated", {}),
    ("empty", {}),
    ("latency", {"seconds": 0.5}),
)
ACTIONS = {
    "rocketchat.close_room": ("close_room", True),
    "rocketchat.email_transcript": ("schedule_transcript", True),
    "rocketchat.request_pdf_transcript": ("create_pdf", True),
    "rocketchat.export_room": ("export_room", False),
}
FINAL = re.compile(r"\*(Done|Pending|Refused|Unknown|Parked|Cancelled)\*")
MAY_END = {"done", "unknown", "pending"}


class Storm:
    """One run on one store."""

    def __init__(self, here: City, dice: random.Random, ends_at: float) -> None:
        self.here, self.dice, self.ends_at = here, dice, ends_at
        self.asked: dict[str, tuple[str, str]] = {}  # job -> action, room
        self.commands: dict[str, str] = {}  # room -> command's response_url
        self.stops = Counter[str]()

    @property
    def over(self) -> bool:
        return time.monotonic() > self.ends_at

    async def send(self, door: House) -> None:
        while not self.over:
            action = self.dice.choice(list(ACTIONS))
            room = self.here.room(open="pdf" not in action)
            args = {"rid": room}
            if "email" in action:
                args["email"] = "ann@visitor.example"
            job = await self.here.wish(door, room, action=action, args=args, within_s=120)
            self.asked[job["id"]] = (action, room)
            await asyncio.sleep(self.dice.random() * 0.2)

    async def type(self) -> None:
        while not self.over:
            room = self.here.room()
            receipt = await self.here.slack.command(
                people.ANNA, people.SUPPORT, "/transcript", f"cancel {room}"
            )
            if receipt.status == 200:
                self.commands[room] = receipt.response_url
            await asyncio.sleep(0.3 + self.dice.random())

    async def break_upstream(self) -> None:
        while not self.over:
            kind, options = self.dice.choice(FAULTS)
            with ExitStack() as stack:
                times = self.dice.randint(1, 4)
                stack.enter_context(
                    self.here.rocketchat.fault(kind, "*/api/v1/*", times=times, **options)
                )
                await asyncio.sleep(self.dice.random() * 0.5)
            await asyncio.sleep(self.dice.random() * 2)

    async def break_slack(self) -> None:
        while not self.over:
            kind, options = self.dice.choice((*FAULTS[:2], FAULTS[2]))
            with self.here.slack.fault(kind, "POST /commands/*", times=1, **options):
                await asyncio.sleep(self.dice.random())
            await asyncio.sleep(self.dice.random() * 5)

    async def break_processes(self, houses: list[House]) -> None:
        while not self.over:
            await asyncio.sleep(1 + self.dice.random() * 4)
            victim = self.dice.choice(houses)
            how = self.dice.choice(("kill", "kill", "terminate", "freeze"))
            self.stops[how] += 1
            if how == "freeze":
                victim.signal(signal.SIGSTOP)
                await asyncio.sleep(2.5)
                victim.signal(signal.SIGCONT)
                continue
            if how == "kill":
                await victim.kill()
            else:
                assert await victim.terminate() == 0, "the drain failed"
            victim.start()
            await victim.up()

    async def judge(self) -> dict[str, Any]:
        """Compare what was accepted, what took effect and what was told."""
        here = self.here
        await here.settled(within_s=120, watched="email_transcript")
        jobs = {job["id"]: job for job in await here.jobs()}
        lost = set(here.accepted) - set(jobs)
        assert not lost, f"accepted and lost: {lost}"
        effects = {effect: here.effects(effect) for effect, _ in ACTIONS.values()}
        told = here.ends_told()
        for job_id, (action, room) in self.asked.items():
            effect, exactly = ACTIONS[action]
            job, count = jobs[job_id], effects[effect][room]
            story = (action, room, job["state"], job["outcome"], count)
            assert job["state"] in MAY_END, story
            ends = int(job["finished_at"] is not None)
            assert told[job_id] == ends, (told[job_id], story)
            assert count <= 1, story
            assert count == 1 or not exactly or job["state"] == "unknown", story
        shown = [
            here.slack.visible_text(message)
            for message in here.slack.messages(people.SUPPORT, people.ANNA)
        ]
        by_room = {job["lane"].partition(":")[2]: job for job in jobs.values()}
        for room in self.commands:
            job = by_room[room]
            mine = [text for text in shown if job["id"] in text and FINAL.search(text)]
            first = [text for text in mine if "(repeated)" not in text]
            assert mine, (job["id"], "nothing was told")
            assert len(first) <= 1, mine
        states = Counter(job["state"] for job in jobs.values())
        return {
            "accepted": len(here.accepted),
            "commands": len(self.commands),
            "states": dict(states),
            "stops": dict(self.stops),
            "attempts": sum(job["attempts"] for job in jobs.values()),
        }


async def storm(folder: Path, database_url: str, *, seed: int, seconds: float) -> dict[str, Any]:
    """Rage for so long, then judge."""
    embedded = database_url.startswith("sqlite")
    async with city(folder, database_url, jobs={"breaker_probe_s": 1.0}) as here:
        houses = await here.open(
            *(["serve"] if embedded else ["serve --no-worker", "worker", "worker"])
        )
        here.slack.bridge_url = houses[0].url
        run = Storm(here, random.Random(seed), time.monotonic() + seconds)
        await asyncio.gather(
            *(run.send(houses[0]) for _ in range(6)),
            run.type(),
            run.break_upstream(),
            run.break_slack(),
            run.break_processes(houses),
        )
        return await run.judge()
