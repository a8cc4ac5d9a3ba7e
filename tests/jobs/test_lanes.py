"""Lanes: one job at a time in the order of arrival, and never one that waits for nobody."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from bridge.jobs.operating import Filter, Operator
from bridge.jobs.store import Store
from tests.jobs.house import all_jobs, claim, ending, rows, store_on
from tests.jobs.toys import launch


async def heads(store: Store) -> list[int]:
    """The numbers of the jobs that are ready."""
    return [
        job.args["number"]
        for job, row in zip(await all_jobs(store), await rows(store), strict=True)
        if row["ready"] and row["finished_at"] is None and row["phase"] == "flow"
    ]


async def fill(store: Store, count: int = 4, room: str = "r1") -> list[str]:
    return [
        (await store.accept([launch(room, number)]))[0].job.id for number in range(1, count + 1)
    ]


async def end_next(store: Store, state: str = "done", **values: Any) -> int:
    [row] = (await claim(store)).rows
    assert await store.end(ending(row, "me", state, **values))
    return int(row["seq"])


async def test_a_lane_runs_in_the_order_of_arrival_one_at_a_time(database_url: str) -> None:
    async with store_on(database_url) as store:
        await fill(store)
        for number in (1, 2, 3, 4):
            assert await heads(store) == [number]
            [row] = (await claim(store)).rows
            assert (await claim(store)).rows == []
            assert await store.end(ending(row, "me"))
        assert await heads(store) == []


async def test_lanes_run_beside_each_other(database_url: str) -> None:
    async with store_on(database_url) as store:
        for room in ("r1", "r2", "r3"):
            await fill(store, 2, room)
        assert len((await claim(store)).rows) == 3


@pytest.mark.parametrize("state", ["done", "refused", "unknown", "parked"])
async def test_whatever_a_job_ends_in_the_next_one_starts(database_url: str, state: str) -> None:
    async with store_on(database_url) as store:
        await fill(store, 2)
        await end_next(store, state)
        assert await heads(store) == [2]


async def test_a_waiting_job_keeps_its_lane(database_url: str) -> None:
    async with store_on(database_url) as store:
        await fill(store, 2)
        await end_next(store, "waiting", run_at=store.clock() + 60)
        assert (await claim(store)).rows == []


async def test_a_job_that_is_only_watched_frees_its_lane(database_url: str) -> None:
    async with store_on(database_url) as store:
        await fill(store, 2)
        [row] = (await claim(store)).rows
        watched = ending(row, "me", "pending", phase="follow", run_at=store.clock() + 60)
        watched.leaves_lane = True
        assert await store.end(watched)
        assert await heads(store) == [2]


async def test_a_cancelled_head_promotes_the_next(database_url: str) -> None:
    async with store_on(database_url) as store:
        ids = await fill(store, 3)
        await Operator(store).cancel(ids[0])
        assert await heads(store) == [2]
        await Operator(store).cancel(ids[2])
        assert await heads(store) == [2]
        await Operator(store).cancel_all(Filter(room="r1"))
        assert await heads(store) == []
        await store.accept([launch("r1", 9)])
        assert await heads(store) == [9]


async def test_a_retried_job_waits_for_the_one_that_runs(database_url: str) -> None:
    async with store_on(database_url) as store:
        ids = await fill(store, 3)
        await end_next(store, "parked")
        [second] = (await claim(store)).rows
        await Operator(store).retry(ids[0])
        assert (await claim(store)).rows == []
        assert await store.end(ending(second, "me"))
        assert await heads(store) == [1]
        await end_next(store)
        assert await heads(store) == [3]


async def test_a_retried_job_of_an_empty_lane_starts(database_url: str) -> None:
    async with store_on(database_url) as store:
        ids = await fill(store, 1)
        await end_next(store, "parked")
        await Operator(store).retry(ids[0])
        assert await heads(store) == [1]


async def test_accepts_and_ends_at_the_same_time_leave_nobody_waiting_for_nobody(
    database_url: str,
) -> None:
    async with AsyncExitStack() as stack:
        store = other = await stack.enter_async_context(store_on(database_url))
        if not store.embedded:  # as another process would
            other = await stack.enter_async_context(store_on(database_url))
        done = 0

        async def work(mine: Store, name: str) -> None:
            nonlocal done
            while done < 120:
                for row in (await claim(mine, name, capacity=3)).rows:
                    assert await mine.end(ending(row, name))
                    done += 1
                await asyncio.sleep(0)

        async def send(mine: Store, number: int) -> None:
            for _ in range(30):
                await mine.accept([launch(f"r{number % 2}")])

        senders = [send(one, n) for n, one in enumerate((store, other, store, other))]
        workers = [work(store, "a"), work(other, "b")]
        await asyncio.wait_for(asyncio.gather(*senders, *workers), 30)
        assert done == 120
