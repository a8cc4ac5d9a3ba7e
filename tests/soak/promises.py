"""The promises one by one, each as short or as long as its caller wants it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from bridge.sandbox.rocketchat.state import Settings as Workspace
from bridge.sandbox.slack import seed as people
from tests.soak.city import City, city, until

COPIES = 200
LIMIT, WINDOW_S = 10, 2.0
DEEP = 5


async def copies_are_one(folder: Path, database_url: str, *, rounds: int) -> None:
    """Two hundred copies of one wish at once, through two doors: one row, one effect, one answer."""
    async with city(folder, database_url) as here:
        doors = await here.open("serve", "serve --no-worker")
        for turn in range(rounds):
            room = here.room()
            copies = await asyncio.gather(
                *(here.wish(doors[n % 2], room, key=f"copy-{turn}") for n in range(COPIES))
            )
            steady = [{k: job[k] for k in ("id", "action", "args", "created_at")} for job in copies]
            assert all(one == steady[0] for one in steady)
        jobs = await here.settled()
        assert len(jobs) == rounds
        assert sorted(here.effects("close_room").values()) == [1] * rounds
        assert sorted(here.ends_told().values()) == [1] * rounds


async def pace_is_kept(
    folder: Path, database_url: str, *, wishes: int, least: float = 0.95
) -> dict[str, float]:
    """300 wishes in the long form; the numbers it came to. `least`: part of the allowed rate used."""
    workspace = Workspace(limiter_calls=LIMIT, limiter_window_s=WINDOW_S)
    embedded = database_url.startswith("sqlite")
    async with city(
        folder,
        database_url,
        workspace=workspace,
        connection={"pace_limit": LIMIT, "pace_window_s": 60.0},
        jobs={"concurrency": 20},
    ) as here:
        tame(here)
        door, *workers = await here.open(
            *(["serve"] if embedded else ["serve --no-worker", *["worker"] * 3])
        )
        here.slack.bridge_url = door.url
        rooms = [here.room() for _ in range(wishes)]
        await asyncio.gather(*(here.wish(door, room, tell=False) for room in rooms))

        async def half() -> bool:
            return len(here.effects("close_room")) >= wishes // 2

        await until(half, within_s=wishes / LIMIT * WINDOW_S + 20)
        mine = here.room()
        asked_at = time.time()
        receipt = await here.slack.command(people.ANNA, people.SUPPORT, "/close", f"{mine} bye")
        assert receipt.status == 200
        stopped_at = time.time()
        for house in workers[-1:] or [door]:
            await house.terminate()
            house.start()
            await house.up()
        back_at = time.time()
        await here.settled(within_s=wishes / LIMIT * WINDOW_S * 1.5 + 30)
        closes = [one for one in here.rocketchat.exchanges if "closeByUser" in one.route]
        refused = [one for one in here.rocketchat.exchanges if one.status == 429]
        starts = [one.at for one in closes[::LIMIT]]
        spans = [
            later - start
            for start, later in pairwise(starts)
            # the only process of a SQLite file was away in this one
            if not (embedded and start < back_at and later > stopped_at)
        ]
        used = WINDOW_S * len(spans) / sum(spans)
        began = next(one.at for one in closes if mine in one.body)
        figures = {"used": round(used, 3), "refused": len(refused), "person_s": began - asked_at}
        print(figures)  # noqa: T201
        by_route: dict[str, int] = defaultdict(int)
        for one in refused:
            by_route[one.route] += 1
        assert all(count <= 1 for count in by_route.values()), dict(by_route)
        assert used >= least, figures
        assert embedded or began - asked_at < WINDOW_S + 0.5, figures
        return figures


def tame(here: City) -> None:
    """The integration account no longer bypasses the limiter."""
    here.rocketchat.roles["api-bypass-rate-limit"] = {"admin"}


async def lanes_hold(folder: Path, database_url: str, *, lanes: int, seed: int) -> None:
    """Each lane sees its mails in the order of asking, though answers get lost and workers die."""
    dice = random.Random(seed)
    embedded = database_url.startswith("sqlite")
    async with city(folder, database_url) as here:
        door, *workers = await here.open(
            *(["serve"] if embedded else ["serve --no-worker", "worker", "worker"])
        )
        rooms = [here.room() for _ in range(lanes)]

        async def fill(room: str) -> None:
            for number in range(DEEP):
                await here.wish(
                    door,
                    room,
                    action="rocketchat.export_messages",
                    args={"rid": room, "messages": ["m"], "toEmails": [f"n{number}@a.example"]},
                    tell=False,
                )

        stop = asyncio.Event()

        async def break_things() -> None:
            while not stop.is_set():
                kind = dice.choice(("status", "reset_before", "reset_after"))
                options = {"status": 429, "headers": {"Retry-After": "1"}}
                more = options if kind == "status" else {}
                with here.rocketchat.fault(kind, "POST *rooms.export", times=2, **more):  # type: ignore[arg-type]
                    await asyncio.sleep(dice.random() * 0.3)
                victim = dice.choice(workers or [door])
                if dice.random() < 0.5:
                    await victim.kill()
                    victim.start()
                    await victim.up()

        breaking = asyncio.create_task(break_things())
        await asyncio.gather(*(fill(room) for room in rooms))
        stop.set()
        await breaking
        jobs = await here.settled(within_s=120)
        assert len(jobs) == lanes * DEEP
        seen: dict[str, list[str]] = defaultdict(list)
        for effect in here.rocketchat.effects_of("export_messages"):
            seen[effect.subject] += effect.detail["to"]
        for room, order in seen.items():
            assert order == sorted(set(order)), (room, order)
