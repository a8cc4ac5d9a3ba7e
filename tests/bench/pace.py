"""How much of what an upstream allows is used while jobs wait for it, and how often it had to say no.

Run: `python -m tests.bench.pace [--quick]`. The emulated Rocket.Chat allows 10 calls per route in windows of
2 s (its default is 60 s; the shorter window is the harder one, since what is lost at its edge counts
thirty times as much). One `serve` on SQLite, then a door and two workers that share the pace through
Postgres. The baseline is the allowed rate; the first window, in which the limit is learnt, counts too.
"""

from __future__ import annotations

import asyncio
import tempfile
from itertools import pairwise
from pathlib import Path

from bridge.sandbox.rocketchat.state import Settings as Workspace
from tests.bench import report
from tests.bench.postgres import server
from tests.bench.report import Effort, Line
from tests.conftest import fresh_database
from tests.soak.city import city
from tests.soak.promises import tame

LIMIT, WINDOW_S = 10, 2.0
LEAST, MOST_REFUSED = 0.95, 1


async def measure(folder: Path, database_url: str, windows: int) -> tuple[float, int]:
    """(the used part of the allowed rate, how often the upstream answered 429)."""
    wishes = LIMIT * (windows + 1)
    embedded = database_url.startswith("sqlite")
    async with city(
        folder,
        database_url,
        workspace=Workspace(limiter_calls=LIMIT, limiter_window_s=WINDOW_S),
        jobs={"concurrency": 20},
    ) as here:
        tame(here)
        verbs = ["serve"] if embedded else ["serve --no-worker", "worker", "worker"]
        door, *_ = await here.open(*verbs)
        rooms = [here.room() for _ in range(wishes)]
        await asyncio.gather(*(here.wish(door, room, tell=False) for room in rooms))
        await here.settled(within_s=3 * windows * WINDOW_S + 30)
        calls = [one.at for one in here.rocketchat.exchanges if "closeByUser" in one.route]
        refused = sum(one.status == 429 for one in here.rocketchat.exchanges)
    spans = [later - start for start, later in pairwise(calls[::LIMIT])]
    return min(1.0, WINDOW_S * len(spans) / sum(spans)), refused


def bench(effort: Effort) -> list[Line]:
    windows = effort.choose(1, 5, 15)
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with server(folder) as postgres:
            for store, url in (
                ("SQLite, one process", f"sqlite:///{folder / 'pace.db'}"),
                ("Postgres, two workers", fresh_database(postgres)),
            ):
                used, refused = asyncio.run(measure(folder, url, windows))
                lines += [
                    Line(
                        "pace",
                        f"{store}: allowed rate used",
                        used,
                        "share",
                        1.0,
                        used,
                        f"≥ {LEAST}",
                        used >= LEAST,
                        against="the limit",
                    ),
                    Line(
                        "pace",
                        f"{store}: answered 429",
                        refused,
                        "times",
                        goal=f"≤ {MOST_REFUSED} per route",
                        met=refused <= MOST_REFUSED,
                    ),
                ]
    return lines


if __name__ == "__main__":
    report.run("pace", bench, __doc__ or "")
