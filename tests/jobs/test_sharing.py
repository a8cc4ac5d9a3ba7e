"""Several processes on one store: one job per key, one pace for all, one order in each lane."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import fresh_database
from tests.soak.city import city
from tests.soak.postgres import own_server
from tests.soak.promises import (
    copies_are_one,
    lanes_hold,
    pace_is_kept,
    restarts_are_survived,
)

pytestmark = pytest.mark.alone  # real processes and real time: no neighbours


@pytest.fixture
def shared_url(postgres_url: str) -> str:
    return fresh_database(postgres_url)


async def test_two_hundred_copies_of_one_key_through_two_doors_are_one_job_and_one_effect(
    tmp_path: Path, shared_url: str
) -> None:
    await copies_are_one(tmp_path, shared_url, rounds=3)


async def test_a_limit_is_used_up_and_never_passed_by_three_workers_over_restarts(
    tmp_path: Path, database_url: str
) -> None:
    # few windows, so a slow start weighs more than in `make soak`, which holds 95 %
    await pace_is_kept(tmp_path, database_url, wishes=40, least=0.85)


async def test_order_holds_in_every_lane_over_failures_and_kills(
    tmp_path: Path, database_url: str
) -> None:
    await lanes_hold(tmp_path, database_url, lanes=60, seed=20260717)


async def test_a_postgres_that_crashes_and_restarts_under_load_loses_nothing(
    tmp_path: Path,
) -> None:
    with own_server(tmp_path) as server:
        await restarts_are_survived(tmp_path, server, seed=20260717, restarts=3)


async def test_one_database_may_be_closed_again_and_again_under_load(
    tmp_path: Path, shared_url: str
) -> None:
    from tests.jobs.outage import refusing

    async with city(tmp_path, shared_url) as here:
        door, *_ = await here.open("serve --no-worker", "worker", "worker")
        rooms = [here.room() for _ in range(80)]

        async def send(part: list[str]) -> None:
            for room in part:
                await here.wish(door, room)
                await asyncio.sleep(0.05)

        sending = asyncio.gather(*(send(rooms[start::4]) for start in range(4)))
        for _ in range(4):
            await asyncio.sleep(0.4)
            await asyncio.to_thread(_away, refusing(shared_url), 0.4)
        await sending
        jobs = await here.settled()
        assert {job["id"] for job in jobs} >= set(here.accepted)
        assert all(count == 1 for count in here.effects("close_room").values())
        assert len(here.effects("close_room")) == len(rooms)
        assert here.ends_told().keys() == here.accepted.keys()


def _away(gone: Any, seconds: float) -> None:
    with gone:
        time.sleep(seconds)
