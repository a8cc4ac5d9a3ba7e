"""Slots: so many attempts at once and no more, while the next jobs wait close by if attempts are short."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bridge.contract import Request, Response
from bridge.jobs.slots import AHEAD_S, Slots
from bridge.jobs.store import Store
from tests.conftest import fresh_database
from tests.jobs.house import Engine, claim, ending, eventually, holds, rows, store_on, working
from tests.jobs.toys import OK, Upstream, launch


@pytest.mark.parametrize(
    ("attempt_s", "ahead"),
    [(0.0001, 10), (AHEAD_S, 10), (2 * AHEAD_S, 5), (10 * AHEAD_S, 1), (1.0, 0), (60.0, 0)],
)
def test_the_longer_attempts_take_the_fewer_are_claimed_ahead(attempt_s: float, ahead: int) -> None:
    slots = Slots(10)
    for _ in range(500):  # forgets what was guessed
        slots.take()
        slots.give_back(entered=False, took_s=attempt_s * 0.999)
    assert slots.wanted() == 10 + ahead


def test_nothing_is_claimed_before_a_slot_is_free() -> None:
    slots = Slots(2)
    for _ in range(500):
        slots.take()
        slots.give_back(entered=False, took_s=0.0)
    for _ in range(slots.wanted()):
        slots.take()
    assert (slots.free, slots.wanted()) == (-2, 0)
    slots.give_back(entered=False, took_s=0.0)
    slots.give_back(entered=False, took_s=0.0)
    assert (slots.free, slots.wanted()) == (0, 0)  # two are free, and two wait for them
    slots.give_back(entered=False, took_s=0.0)
    assert slots.wanted() == 3


async def test_who_finds_no_slot_in_time_leaves_without_one() -> None:
    slots = Slots(1)
    slots.take()
    assert await slots.enter()
    slots.take()
    assert not await slots.enter()
    slots.give_back(entered=False)
    assert slots.free == 0
    slots.give_back(entered=True)
    assert slots.free == 1
    assert await slots.enter()


async def test_more_jobs_are_claimed_than_are_tried_at_once(database_url: str) -> None:
    within, most_within, most_held = 0, 0, 0

    async def answer(_: Request) -> Response:
        nonlocal within, most_within, most_held
        within += 1
        most_within = max(most_within, within)
        most_held = max(most_held, engine.worker.busy)
        await asyncio.sleep(0.001)
        within -= 1
        return OK

    async with (
        store_on(database_url) as store,
        working(store, Upstream(answer=answer), concurrency=4, start=False) as engine,
    ):
        await store.accept([launch(f"r{number}") for number in range(400)])
        await engine.worker.start()
        try:
            jobs = await engine.finished(400, within_s=60)
        finally:
            await engine.worker.stop()
        assert {job.attempts for job in jobs} == {1}
        assert most_within == 4
        assert (most_held > 4) == (not store.embedded)


@asynccontextmanager
async def slow_after_quick(
    postgres_url: str, waits: Callable[[], Awaitable[None]]
) -> AsyncIterator[tuple[Store, Engine]]:
    """A worker with 4 slots whose attempts were short, that now holds 4 which wait, and 4 beside them."""

    async def answer(request: Request) -> Response:
        if request.body["room"].startswith("slow"):
            await waits()
        return OK

    async with store_on(fresh_database(postgres_url)) as store:
        upstream = Upstream(answer=answer)
        async with working(store, upstream, concurrency=4, start=False, lease_s=30.0) as engine:
            await store.accept([launch(f"quick{number}") for number in range(100)])
            await engine.worker.start()
            await engine.finished(100, within_s=60)
            assert engine.worker._slots.wanted() == 8
            await store.accept([launch(f"slow{number}") for number in range(8)])
            await eventually(lambda: holds(engine.worker._slots.free == -4))
            yield store, engine


async def test_who_waits_for_a_slot_is_given_back_at_once_on_sigterm(postgres_url: str) -> None:
    async with slow_after_quick(postgres_url, lambda: asyncio.sleep(60)) as (store, engine):
        stopping, begun = asyncio.create_task(engine.worker.stop(5.0)), time.monotonic()
        await eventually(lambda: _queued(store, 4), within_s=4.0)
        assert time.monotonic() - begun < 4.0
        await stopping
        states = [
            (row["state"], row["owner"], row["sent_at"] is not None) for row in await rows(store)
        ]
        assert states[100:104] == [("queued", None, True)] * 4  # tried, and not answered
        assert states[104:] == [("queued", None, False)] * 4
        assert len(engine.upstream.sent) == 104


async def test_who_waits_long_for_a_slot_is_left_to_others(postgres_url: str) -> None:
    go = asyncio.Event()

    async def wait_for_it() -> None:
        await go.wait()

    async with slow_after_quick(postgres_url, wait_for_it) as (store, engine):
        await eventually(lambda: _queued(store, 4))
        assert engine.worker._slots.free == 0
        others = await claim(store, "another worker")
        assert len(others.rows) == 4
        go.set()
        await engine.finished(104)
        await eventually(lambda: holds(engine.worker._slots.free == 4))
        await asyncio.gather(*(store.end(ending(row, "another worker")) for row in others.rows))


async def _queued(store: Store, count: int) -> bool:
    return [row["state"] for row in await rows(store)].count("queued") == count
