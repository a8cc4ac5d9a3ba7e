"""What is counted for alerts: a queue that is held on purpose is not an old queue."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from bridge.jobs import windows
from bridge.jobs.operating import Operator
from bridge.jobs.pace import Window
from bridge.jobs.rows import split_channel
from tests.clock import Clock
from tests.jobs.house import rows, store_on
from tests.jobs.toys import launch

HOUR = 3600.0


@pytest.mark.parametrize(
    ("used", "resets_in", "waited"),
    [
        (0, 0.0, HOUR),  # nothing holds it: somebody must look
        (9, 30.0, HOUR),  # a call is left
        (10, 30.0, 0.0),  # paced
        (10, -20.0, 20.0),  # paced until twenty seconds ago
    ],
)
async def test_a_paced_job_is_old_only_from_when_it_could_start(
    database_url: str, used: int, resets_in: float, waited: float
) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        await store.accept([launch("r1")])
        place = split_channel((await rows(store))[0]["channel"])
        clock.now += HOUR
        window = Window(10, 60.0, used, clock.now + resets_in)
        await store.write(lambda db: windows.write(db, {place: window}, clock.now))
        assert await Operator(store).waiting_s() == pytest.approx(waited)


async def test_a_job_behind_an_open_breaker_is_not_old(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        assert await Operator(store).waiting_s() == 0
        await store.accept([launch("r1"), launch("r2", connection="other")])
        clock.now += HOUR

        def breaks(db: Connection, *names: str) -> None:
            held = Window(5, 15.0, 0, clock.now + 10, "configured")  # as limits.py writes it
            windows.write(db, {(name, windows.BREAKER): held for name in names}, clock.now)

        await store.write(lambda db: breaks(db, "toy"))
        assert await Operator(store).waiting_s() == pytest.approx(HOUR)  # the other one
        await store.write(lambda db: breaks(db, "other"))
        assert await Operator(store).waiting_s() == 0
