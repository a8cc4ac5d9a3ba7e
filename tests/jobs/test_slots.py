"""Slots: so many attempts at once and no more, while the next jobs wait close by if attempts are short."""

from __future__ import annotations

import asyncio
import time

import pytest

from bridge.contract import Request, Response
from bridge.jobs.slots import AHEAD_S, Slots
from bridge.jobs.store import Store
from tests.conftest import fresh_database
from tests.jobs.house import eventually, rows, store_on, working
from tests.jobs.toys import OK, Upstream, launch


@pytest.mark.parametrize(
    ("attempt_s", "ahead"),
    [(0.0001, 10), (AHEAD_S, 10), (2 * AHEAD_S, 5), (10 * AHEAD_S, 1), (1.0, 0), (60.0, 0)],
)
def test_the_longer_attempts_take_the_fewer_are_claimed_ahead(attempt_s: float, ahead: int) -> None:
    slots = Slots(10)
    for _ in range(500):  # forgets what was guessed
        slots.take()
        slots.give_back(attempt_s * 0.999)
    assert slots.wanted() == 10 + ahead


def test_nothing_is_claimed_before_a_slot_is_free() -> None:
    slots = Slots(2)
    for _ in range(500):
        slots.take()
        slots.give_back(0.0)
    for _ in range(slots.wanted()):
        slots.take()
    assert (slots.free, slots.wanted()) == (-2, 0)
    slots.give_back(0.0)
    slots.give_back(0.0)
    assert (slots.free, slots.wanted()) == (0, 0)  # two are free, and two wait for them
    slots.give_back(0.0)
    assert slots.wanted() == 3


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


async def test_who_waits_for_a_slot_is_given_back_at_once_on_sigterm(postgres_url: str) -> None:
    slow = asyncio.Event()

    async def answer(request: Request) -> Response:
        if request.body["room"].startswith("slow"):
            slow.set()
            await asyncio.sleep(60)
        return OK

    async with store_on(fresh_database(postgres_url)) as store:
        upstream = Upstream(answer=answer)
        async with working(store, upstream, concurrency=4, start=False, lease_s=30.0) as engine:
            await store.accept([launch(f"quick{number}") for number in range(100)])
            await engine.worker.start()
            await engine.finished(100, within_s=60)
            slots = engine.worker._slots
            assert slots.wanted() == 8, "attempts that short have others wait beside them"
            await store.accept([launch(f"slow{number}") for number in range(8)])
            await asyncio.wait_for(slow.wait(), 10)
            await eventually(lambda: _is(slots.free == -4))
            stopping, begun = asyncio.create_task(engine.worker.stop(5.0)), time.monotonic()
            await eventually(lambda: _queued(store, 4), within_s=4.0)
            assert time.monotonic() - begun < 4.0
            await stopping
        states = [
            (row["state"], row["owner"], row["sent_at"] is not None) for row in await rows(store)
        ]
        assert states[100:104] == [("queued", None, True)] * 4  # tried, and not answered
        assert states[104:] == [("queued", None, False)] * 4
        assert len(upstream.sent) == 104


async def _is(value: bool) -> bool:  # noqa: FBT001
    return value


async def _queued(store: Store, count: int) -> bool:
    return [row["state"] for row in await rows(store)].count("queued") == count
