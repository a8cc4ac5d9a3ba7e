"""All promises together: random wishes, random faults, random kills, and an oracle at the end."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

from bridge.ingress.slack import words
from bridge.sandbox.emulator import FaultKind
from bridge.sandbox.slack import seed as people
from tests.soak.city import City, city
from tests.soak.house import House
from tests.soak.oracle import PROMISES, Oracle
from tests.soak.postgres import Postgres

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
PROCESS_TROUBLES = ("kill", "kill", "terminate", "freeze")
LONG_S = 120.0


class Storm:
    """One run on one store."""

    def __init__(self, here: City, dice: random.Random, ends_at: float) -> None:
        self.here, self.dice, self.ends_at = here, dice, ends_at
        self.asked: dict[str, tuple[str, str]] = {}  # job -> action, room
        self.commands: dict[str, str] = {}  # room -> command's response_url
        self.troubles = Counter[str]()

    def kinds(self, server: Postgres | None) -> set[str]:
        """Every kind of trouble that a long storm must have seen."""
        seen = {*PROCESS_TROUBLES, *(f"upstream {kind}" for kind, _ in FAULTS)}
        return seen | ({"postgres immediate", "postgres fast"} if server is not None else set())

    @property
    def over(self) -> bool:
        return time.monotonic() > self.ends_at

    async def send(self, door: House) -> None:
        while not self.over:
            action = self.dice.choice(list(PROMISES))
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
            unsure = words.MAYBE_STORED.partition(".")[0]
            if receipt.status == 200 and "nothing was accepted" in receipt.shown:
                self.here.refused += 1
            elif receipt.status == 200 and unsure in receipt.shown:
                self.troubles["unsure"] += 1  # nothing was promised, and nothing denied
            elif receipt.status == 200:
                self.commands[room] = receipt.response_url
            await asyncio.sleep(0.3 + self.dice.random())

    async def break_upstream(self) -> None:
        while not self.over:
            kind, options = self.dice.choice(FAULTS)
            with ExitStack() as stack:
                times = self.dice.randint(1, 4)
                fault = self.here.rocketchat.fault(kind, "*/api/v1/*", times=times, **options)
                made = stack.enter_context(fault)
                await asyncio.sleep(self.dice.random() * 0.5)
                self.troubles[f"upstream {kind}"] += times - (made.times or 0)
            await asyncio.sleep(self.dice.random() * 2)

    async def break_slack(self) -> None:
        while not self.over:
            kind, options = self.dice.choice((*FAULTS[:2], FAULTS[2]))
            route = self.dice.choice(("POST /commands/*", "*/api/chat.*"))
            with self.here.slack.fault(kind, route, times=1, **options) as made:
                await asyncio.sleep(self.dice.random())
                self.troubles[f"slack {kind}"] += 1 - (made.times or 0)
            await asyncio.sleep(self.dice.random() * 5)

    async def break_database(self, server: Postgres) -> None:
        while not self.over:
            await asyncio.sleep(4 + self.dice.random() * 6)
            how: Literal["immediate", "fast"] = self.dice.choice(("immediate", "fast"))
            self.troubles[f"postgres {how}"] += 1
            await asyncio.to_thread(server.stop, how)
            await asyncio.sleep(self.dice.random() * 2)
            await asyncio.to_thread(server.start)

    async def break_processes(self, houses: list[House]) -> None:
        while not self.over:
            await asyncio.sleep(1 + self.dice.random() * 4)
            victim = self.dice.choice(houses)
            how = self.dice.choice(PROCESS_TROUBLES)
            self.troubles[how] += 1
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


async def storm(
    folder: Path,
    database_url: str,
    *,
    seed: int,
    seconds: float,
    server: Postgres | None = None,
) -> dict[str, Any]:
    """Rage for so long, then let the oracle judge. `server`: it may be stopped and crashed, too."""
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
            *([run.break_database(server)] if server is not None else []),
        )
        oracle = Oracle(here, run.asked, run.commands)
        await oracle.judge()
        if seconds >= LONG_S:  # in a short one the dice may leave a kind of trouble out
            assert set(+run.troubles) >= run.kinds(server), run.troubles
        print("\n".join(oracle.lines()), flush=True)  # noqa: T201
        return {
            "accepted": len(here.accepted),
            "commands": len(run.commands),
            "refused": here.refused,
            "attempts": sum(job["attempts"] for job in await here.jobs()),
            "troubles": dict(sorted((+run.troubles).items())),
        }
