"""What ended in the last 24 hours, half hour by half hour: how many, how, and how long it took.

The number of a half hour is exact and comes from the index of finished jobs alone. How they ended and how
long they took is read from all of them when they are few, else from `SAMPLE` taken at `SPOTS` places spread
over the half hour, and the page says so. What lies back a while hardly changes and is remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from sqlalchemy import Connection, func, select, text

from bridge.contract import JobState
from bridge.jobs.store import Store
from bridge.jobs.tables import FINISHED, jobs

STEP_S: Final = 1800.0
STEPS: Final = 48
SPOTS: Final = 4
SAMPLE: Final = 160
# half hours per query batch, so that nobody waits long for the reading connection
TOGETHER: Final = 6
FRESH_S: Final = 5.0
STALE_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """One half hour."""

    start: float
    total: int = 0
    states: Mapping[JobState, int] = field(default_factory=dict)  # scaled to the total
    median_s: float | None = None
    slow_s: float | None = None  # 95 of 100 were faster
    sampled: bool = False


class Throughput:
    """The last day, kept as far as it hardly changes."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[float, tuple[float, Bucket]] = {}  # start -> (read at, bucket)

    async def day(self) -> Sequence[Bucket]:
        """The last `STEPS` half hours, oldest first; the last one is still running."""
        now = self._clock()
        newest = now - now % STEP_S
        starts = [newest - STEP_S * back for back in range(STEPS - 1, -1, -1)]
        wanted = [start for start in starts if self._is_old(start, now)]
        for place in range(0, len(wanted), TOGETHER):
            part = wanted[place : place + TOGETHER]
            for bucket in await self._store.read(partial(_read, starts=part)):
                self._known[bucket.start] = (now, bucket)
        self._known = {start: kept for start, kept in self._known.items() if start in starts}
        return [self._known[start][1] for start in starts]

    def _is_old(self, start: float, now: float) -> bool:
        if start not in self._known:
            return True
        runs = start + 2 * STEP_S > now
        return now - self._known[start][0] >= (FRESH_S if runs else STALE_S)


def _read(db: Connection, starts: Sequence[float]) -> list[Bucket]:
    return [_bucket(db, start) for start in starts]


def _bucket(db: Connection, start: float) -> Bucket:
    total = (
        db.scalar(
            select(func.count()).where(
                text(FINISHED), jobs.c.finished_at >= start, jobs.c.finished_at < start + STEP_S
            )
        )
        or 0
    )
    if not total:
        return Bucket(start)
    spots = SPOTS if total > SAMPLE else 1
    width = STEP_S / spots
    seen: Counter[JobState] = Counter()
    times: list[float] = []
    for spot in range(spots):
        rows = db.execute(
            select(jobs.c.state, jobs.c.created_at, jobs.c.finished_at)
            .where(
                text(FINISHED),
                jobs.c.finished_at >= start + spot * width,
                jobs.c.finished_at < start + (spot + 1) * width,
            )
            .order_by(jobs.c.finished_at)
            .limit(SAMPLE // spots)
        )
        for row in rows:
            seen[JobState(row.state)] += 1
            times.append(max(0.0, row.finished_at - row.created_at))
    times.sort()
    scale = total / max(1, len(times))
    return Bucket(
        start,
        total,
        {state: max(1, round(count * scale)) for state, count in seen.items()},
        times[len(times) // 2],
        times[min(len(times) - 1, int(len(times) * 0.95))],
        sampled=len(times) < total,
    )
