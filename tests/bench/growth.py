"""What an accept and a claim cost in a table that has grown, against an empty one.

Run: `python -m tests.bench.growth [--quick]`. Six databases per engine, asked in turns: empty; a million
finished jobs and 100,000 queued ones, a tenth and a hundredth of that; 100,000 jobs behind a pace that is
used up; 100,000 behind an open breaker. One accept, and ten jobs claimed, as a worker asks until it has them. `--quick` has a tenth of
the rows. The rows are written by the database itself; Postgres then counts them, as its autovacuum would.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection, text, update

from bridge.actions import catalogue
from bridge.contract import Asker, ReplyTo
from bridge.jobs import windows
from bridge.jobs.claiming import ClaimItem
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.intake import Key, Launch
from bridge.jobs.migrate import migrate
from bridge.jobs.pace import Window
from bridge.jobs.store import Store
from bridge.jobs.tables import jobs
from bridge.vault import Vault
from tests.bench import report
from tests.bench.filling import ROUTE, fill
from tests.bench.postgres import fresh, server
from tests.bench.report import Effort, Line, median

BATCH = 10
MOST = 1.5
FREE = Window(0, 1.0, source="configured")


@dataclass(frozen=True, slots=True)
class Shape:
    """What stands in a database before it is asked: for each queued job of a grown one, ten finished."""

    name: str
    rows: int

    @property
    def total(self) -> int:
        return self.rows * (11 if self.name == "grown" else 1)


def shapes(rows: int) -> tuple[Shape, ...]:
    return (
        Shape("empty", 0),
        *(Shape("grown", rows // part) for part in (100, 10, 1)),
        Shape("behind a pace", rows),
        Shape("behind a breaker", rows),
    )


@dataclass(slots=True)
class Place:
    """One database and what was measured in it, in milliseconds."""

    store: Store
    accepts: list[float] = field(default_factory=list)
    people: list[float] = field(default_factory=list)
    claims: list[float] = field(default_factory=list)


def prepare(url: str, shape: Shape) -> None:
    """Fill a database."""
    engine = open_engine(parse_url(url))
    migrate(engine)
    with engine.begin() as connection:
        if shape.name == "grown":
            fill(connection, "done", 10 * shape.rows)
            fill(connection, "queued", shape.rows)
        elif shape.name != "empty":
            fill(connection, "queued", shape.rows, upstream="slow")
            _close(connection, shape.name)
        if connection.dialect.name == "postgresql":
            connection.execute(text("ANALYZE jobs"))
    engine.dispose()


def _close(connection: Connection, name: str) -> None:
    now = time.time()
    route = windows.BREAKER if name == "behind a breaker" else ROUTE
    shut = Window(10, 60.0, 10, now + 3600, "configured")
    windows.write(connection, {("slow", route): shut}, now)


async def once(place: Place, number: int) -> None:
    """One measured accept of a program, one of a person, and one claim."""
    store = place.store
    for asker, took in (
        (Asker("api", "key:bench"), place.accepts),
        (Asker("slack", "slack:T1", user_id="U1"), place.people),
    ):
        launch = _launch(f"{asker.door}{number}", asker)
        key = Key(f"{asker.door}:{number}", "f") if asker.is_person else None
        started = time.perf_counter()
        await store.accept([launch], key=key, join=asker.is_person)
        took.append(1000 * (time.perf_counter() - started))
    more = [_launch(f"more{number}x{one}", Asker("api", "key:bench")) for one in range(BATCH)]
    await store.accept(more)
    item = ClaimItem(
        owner="bench",
        now=time.time(),
        capacity=BATCH,
        lease_s=60.0,
        default_window=lambda _connection, _route: FREE,
        connections=frozenset(("rocketchat", "slow")),
        people_in_a_row={},
        intends=lambda _: True,
        turn=number,
    )
    seqs: list[int] = []
    started = time.perf_counter()
    while len(seqs) < BATCH:  # as a worker asks again while it has room
        claims = await store.claim(replace(item, capacity=BATCH - len(seqs)))
        if not claims.rows:
            raise RuntimeError(f"only {len(seqs)} jobs of {BATCH} could be claimed")
        seqs += [row["seq"] for row in claims.rows]
    place.claims.append(1000 * (time.perf_counter() - started))
    await store.write(
        lambda db: db.execute(
            update(jobs).where(jobs.c.seq.in_(seqs)).values(state="done", finished_at=1.0)
        ).close()
    )


def _launch(room: str, asker: Asker) -> Launch:
    action = catalogue()["rocketchat.close_room"]
    return Launch(
        action.model_validate({"rid": room, "comment": "bench"}), "rocketchat", asker, ReplyTo()
    )


async def measure(urls: Mapping[Shape, str], rounds: int) -> dict[Shape, Place]:
    async with AsyncExitStack() as stack:
        places: dict[Shape, Place] = {}
        for shape, url in urls.items():
            store = Store(url, actions=catalogue(), vault=Vault(["bench"]))
            await store.open()
            stack.push_async_callback(store.close)
            places[shape] = Place(store)
        for number in range(rounds):
            for place in places.values():
                await once(place, number)
        return places


def bench(effort: Effort) -> list[Line]:
    rows, rounds = effort.choose((100, 15), (10_000, 60), (100_000, 250))
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with server(folder) as database:
            stores = {
                "SQLite": {
                    shape: f"sqlite:///{folder / f'{shape.name}{shape.rows}.db'}"
                    for shape in shapes(rows)
                },
                "Postgres": {shape: fresh(database) for shape in shapes(rows)},
            }
            for engine, urls in stores.items():
                for shape, url in urls.items():
                    prepare(url, shape)
                lines += _lines(engine, asyncio.run(measure(urls, rounds)))
    return lines


SAID = {"accepts": "accept", "people": "accept of a person", "claims": "claim of 10"}


def _lines(engine: str, places: Mapping[Shape, Place]) -> list[Line]:
    """The goal is asked of the largest tables."""
    first, *others = places.items()
    most = max(shape.rows for shape in places)
    lines = []
    for took, said in SAID.items():
        empty = median(getattr(first[1], took)[10:])
        lines.append(Line("growth", f"{engine}: {said}, p50", empty, "ms", at=0, against="empty"))
        for shape, place in others:
            ours = median(getattr(place, took)[10:])
            grown = shape.name == "grown"
            judged = shape.rows == most
            lines.append(
                Line(
                    "growth",
                    f"{engine}{'' if grown else f', {shape.name}'}: {said}, p50",
                    ours,
                    "ms",
                    empty,
                    ours / empty,
                    f"≤ {MOST}" if judged else "",
                    ours <= MOST * empty if judged else None,
                    against="empty",
                    at=shape.total if grown else None,
                )
            )
    return lines


if __name__ == "__main__":
    report.run("growth", bench, __doc__ or "")
