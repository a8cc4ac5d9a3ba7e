"""The promises one by one, each as short or as long as its caller wants it."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from bridge.sandbox.rocketchat.state import Settings as Workspace
from bridge.sandbox.slack import seed as people
from tests.soak.city import City, city, until
from tests.soak.house import House
from tests.soak.postgres import Postgres

COPIES = 200
LIMIT, WINDOW_S = 10, 2.0
DEEP = 5
FEWEST = 0.5  # of the mails must really have gone out; each kill leaves some of which nobody knows


async def copies_are_one(folder: Path, database_url: str, *, rounds: int) -> dict[str, int]:
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
        return {"copies": rounds * COPIES, "jobs": len(jobs), "effects": rounds}


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
        assert here.effects("close_room") == dict.fromkeys([*rooms, mine], 1)
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
        person_s = round(began - asked_at, 2)
        figures = {"used": round(used, 3), "refused": len(refused), "person_s": person_s}
        by_route: dict[str, int] = defaultdict(int)
        for one in refused:
            by_route[one.route] += 1
        assert all(count <= 1 for count in by_route.values()), dict(by_route)
        assert used >= least, figures
        assert embedded or began - asked_at < WINDOW_S + 0.5, figures
        return figures


async def known_pace(here: City, door: House) -> None:
    """One export is answered, so it is known that this account is not limited.

    A route that nobody has had an answer from is taken to be limited: ten calls that a kill leaves without
    one would make everybody wait for the rest of the assumed minute.
    """
    args = {"messages": ["m"], "toEmails": ["first@a.example"]}
    room = here.room()
    await here.wish(
        door, room, action="rocketchat.export_messages", args={"rid": room, **args}, tell=False
    )
    await here.settled()
    here.rocketchat.effects.clear()


def tame(here: City) -> None:
    """The integration account no longer bypasses the limiter."""
    here.rocketchat.roles["api-bypass-rate-limit"] = {"admin"}


async def lanes_hold(folder: Path, database_url: str, *, lanes: int, seed: int) -> dict[str, Any]:
    """Each lane sees its mails in the order of asking, though answers get lost and workers die."""
    dice = random.Random(seed)
    embedded = database_url.startswith("sqlite")
    async with city(folder, database_url) as here:
        door, *workers = await here.open(
            *(["serve"] if embedded else ["serve --no-worker", "worker", "worker"])
        )
        await known_pace(here, door)
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

        def done() -> int:
            return len(here.rocketchat.effects_of("export_messages"))

        async def break_things() -> int:
            kills = 0
            while done() < lanes * DEEP // 2:  # while there is work, not only while it is asked for
                kind = dice.choice(("status", "reset_before", "reset_after"))
                options = {"status": 429, "headers": {"Retry-After": "1"}}
                more = options if kind == "status" else {}
                with here.rocketchat.fault(kind, "POST *rooms.export", times=2, **more):  # type: ignore[arg-type]
                    await asyncio.sleep(dice.random() * 0.3)
                victim = dice.choice(workers or [door])
                if dice.random() < 0.5:
                    kills += 1
                    await victim.kill()
                    victim.start()
                    await victim.up()
            return kills

        breaking = asyncio.create_task(break_things())
        await asyncio.gather(*(fill(room) for room in rooms))
        kills = await asyncio.wait_for(breaking, 60 + lanes)
        _, *jobs = await here.settled(within_s=120)
        assert len(jobs) == lanes * DEEP
        assert kills > 0, "no worker died"
        seen: dict[str, list[str]] = defaultdict(list)
        for effect in here.rocketchat.effects_of("export_messages"):
            seen[effect.subject] += effect.detail["to"]
        for room, order in seen.items():
            assert order == sorted(set(order)), (room, order)
        states = Counter(job["state"] for job in jobs)
        count = sum(len(order) for order in seen.values())
        # what is known to have happened is in the ledger; what nobody knows may be
        assert states["done"] + states["pending"] <= count <= len(jobs), (states, count)
        assert count >= FEWEST * len(jobs), (states, count)
        return {"jobs": len(jobs), "effects": count, "kills": kills, "states": dict(states)}


async def restarts_are_survived(
    folder: Path, server: Postgres, *, seed: int, restarts: int
) -> dict[str, int]:
    """Postgres crashes and stops under load: each wish is refused or kept, and all heals by itself."""
    dice = random.Random(seed)
    async with city(folder, server.url) as here:
        door, _, worker = await here.open("serve --no-worker", "worker", "worker")
        over = asyncio.Event()

        async def send() -> None:
            while not over.is_set():
                await here.wish(door, here.room())
                await asyncio.sleep(0.02)

        sending = [asyncio.create_task(send()) for _ in range(6)]
        for turn in range(restarts):
            await asyncio.sleep(0.5 + dice.random() * 2)
            await asyncio.to_thread(server.stop, "immediate" if turn % 2 == 0 else "fast")
            assert not await _is_ready(here, door), "ready without its database"
            if turn == 0:  # one that starts meanwhile waits for its database
                await worker.kill()
                worker.start()
                await until(lambda: _waits(worker), within_s=20)
            await asyncio.sleep(dice.random())
            await asyncio.to_thread(server.start)
        await worker.up()
        await until(lambda: _is_ready(here, door), within_s=30)
        over.set()
        await asyncio.gather(*sending)
        jobs = await here.settled()
        ids = {job["id"] for job in jobs}
        assert set(here.accepted) <= ids, "accepted and lost"
        assert {job["state"] for job in jobs} == {"done"}, await here.story()
        assert here.effects("close_room") == dict.fromkeys(here.accepted.values(), 1)
        assert here.ends_told() == dict.fromkeys(here.accepted, 1)
        assert here.refused > 0, "no wish met a database that was away"
        assert all(house.running() for house in here.houses)
        return {"accepted": len(here.accepted), "refused": here.refused, "restarts": server.stops}


async def _waits(house: House) -> bool:
    return "app.waiting_for_database" in house.log.read_text("utf-8")


async def _is_ready(here: City, door: House) -> bool:
    async with here.client.get(f"{door.url}/readyz") as answer:
        return answer.status == 200
