"""Leases and fences: a silent worker loses its jobs, and its late word counts for nothing."""

from __future__ import annotations

import asyncio
import threading
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import Connection, text

from bridge.jobs import lanes
from bridge.jobs.finishing import NoteItem, ToldItem
from bridge.jobs.store import Store
from bridge.jobs.writer import StoreDown
from tests.clock import Clock
from tests.conftest import fresh_database
from tests.jobs.house import all_jobs, claim, ending, eventually, rows, store_on
from tests.jobs.toys import SLACK, launch


@pytest.fixture
def shared_url(postgres_url: str) -> str:
    return fresh_database(postgres_url)


async def lost(store: Store) -> bool:
    return await store.sweep() > 0


async def test_a_lease_that_is_renewed_is_never_swept(database_url: str) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch()])
        [row] = (await claim(store, lease_s=0.3)).rows
        for _ in range(8):
            await asyncio.sleep(0.1)
            assert await store.beat("me", 0.3, {row["seq"]}) == {row["seq"]}
            assert await store.sweep() == 0


async def test_a_silent_workers_job_is_claimed_by_another_and_its_late_end_changes_nothing(
    shared_url: str,
) -> None:
    async with AsyncExitStack() as stack:
        stalled = await stack.enter_async_context(store_on(shared_url))
        other = await stack.enter_async_context(store_on(shared_url))
        await stalled.accept([launch(), launch("r1", 2)])
        [mine] = (await claim(stalled, "stalled", lease_s=0.2)).rows
        assert (await claim(other, "other")).rows == []
        await eventually(lambda: lost(other))
        [taken] = (await claim(other, "other")).rows
        assert taken["seq"] == mine["seq"]

        assert not await stalled.end(ending(mine, "stalled", "refused"))
        assert not await stalled.note(NoteItem(ending(mine, "stalled").held, {"memo": '{"a":1}'}))
        assert await stalled.beat("stalled", 5, {mine["seq"]}) == set()
        [now, _] = await rows(other)
        assert (now["state"], now["owner"], now["memo"]) == ("running", "other", "{}")

        assert await other.end(ending(taken, "other"))
        assert not await stalled.end(ending(mine, "stalled", "refused"))
        assert [job.state.value for job in await all_jobs(other)] == ["done", "queued"]


async def test_a_worker_frozen_within_a_transaction_holds_the_others_up_for_seconds_only(
    shared_url: str,
) -> None:
    async with AsyncExitStack() as stack:
        frozen = await stack.enter_async_context(store_on(shared_url))
        other = await stack.enter_async_context(store_on(shared_url))
        await frozen.accept([launch()])
        [mine] = (await claim(frozen, "frozen", lease_s=0.2)).rows
        holds, thaws = threading.Event(), threading.Event()

        def freeze(connection: Connection) -> None:
            lanes.lock(connection, [mine["lane"]], pace=True)
            connection.execute(text("UPDATE jobs SET sent_at = 1"))
            holds.set()
            thaws.wait()
            connection.execute(text("UPDATE jobs SET sent_at = 2"))

        freezing = asyncio.create_task(frozen.write(freeze))
        try:
            await asyncio.to_thread(holds.wait)
            await other.accept([launch("r1", 2)])  # the lane that the frozen one has locked
            await eventually(lambda: lost(other))
            [taken] = (await claim(other, "other")).rows
            assert (taken["seq"], taken["sent_at"]) == (mine["seq"], None)
        finally:
            thaws.set()
        with pytest.raises(StoreDown):
            await freezing
        assert not await frozen.end(ending(mine, "frozen"))
        assert await other.end(ending(taken, "other"))


async def test_an_outcome_known_before_anybody_else_took_the_job_still_counts(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch()])
        [row] = (await claim(store, lease_s=0.05)).rows
        await eventually(lambda: lost(store))
        assert await store.end(ending(row, "me"))
        assert not await store.end(ending(row, "me", "refused"))
        [job] = await all_jobs(store)
        assert job.state.value == "done"


async def test_what_a_worker_owns_only_on_paper_is_swept_although_it_lives(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch("r1"), launch("r2")])
        known, unknown = (await claim(store, lease_s=0.2)).rows

        async def beat_and_sweep() -> bool:
            await store.beat("me", 0.2, {known["seq"]})
            return await lost(store)

        await eventually(beat_and_sweep)
        [again] = (await claim(store)).rows
        assert again["seq"] == unknown["seq"]


async def test_leases_do_not_believe_a_workers_clock(shared_url: str) -> None:
    wrong = Clock(1_000.0)
    async with AsyncExitStack() as stack:
        early = await stack.enter_async_context(store_on(shared_url, clock=wrong))
        right = await stack.enter_async_context(store_on(shared_url))
        await early.accept([launch(reply_to=SLACK)])
        [row] = (await claim(early, "early", lease_s=30)).rows
        assert await right.sweep() == 0
        item = ending(row, "early")
        from bridge.jobs.rows import delivery_rows

        [told] = delivery_rows(SLACK, row["seq"], wrong.now)
        item.deliveries = [told | {"state": "telling", "owner": "early"}]
        item.now, item.lease_s = wrong.now, 30
        assert await early.end(item)
        await right.sweep()
        state = await right.read(lambda db: db.scalar(text("SELECT state FROM deliveries")))
        assert state == "telling"


async def test_a_delivery_of_a_silent_worker_is_told_by_another_marked_as_repeated(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch(reply_to=SLACK)])
        [row] = (await claim(store)).rows
        item = ending(row, "me")
        from bridge.jobs.rows import delivery_rows

        [told] = delivery_rows(SLACK, row["seq"], store.clock())
        item.deliveries = [told | {"state": "telling", "owner": "me"}]
        item.now, item.lease_s = store.clock(), 0.05
        assert await store.end(item)

        async def due() -> bool:
            await store.sweep()
            query = text("SELECT state, repeated FROM deliveries")
            return await store.read(lambda db: tuple(db.execute(query).one())) == ("due", 1)

        await eventually(due)
        assert not await store.told(ToldItem(told["id"], "me", 1, told | {"state": "told"}))


async def test_a_worker_that_slept_does_not_sweep_what_it_holds_itself(database_url: str) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch("r1"), launch("r2")])
        mine, other = (await claim(store, lease_s=0.02)).rows
        await asyncio.sleep(0.05)
        assert await store.sweep({mine["seq"]}) == 1
        assert [row["state"] for row in await rows(store)] == ["running", "queued"]
        assert other["seq"] != mine["seq"]


async def test_an_embedded_store_takes_everything_back_when_it_opens(database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("on Postgres other workers may hold them")
    async with store_on(database_url) as store:
        await store.accept([launch("r1"), launch("r2")])
        assert len((await claim(store, lease_s=60)).rows) == 2
    async with store_on(database_url) as store:
        assert [job.state.value for job in await all_jobs(store)] == ["queued", "queued"]
