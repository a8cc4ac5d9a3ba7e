"""What could not be told for a while, as after an outage of Slack: told soon, but not all at once."""

from __future__ import annotations

import asyncio

from sqlalchemy import Connection, update

from bridge.contract import Job
from bridge.delivery.results import Telling, Told
from bridge.jobs import due
from bridge.jobs.store import Store
from bridge.jobs.tables import deliveries
from bridge.jobs.telling import MOST_IN_HAND
from tests.jobs.house import eventually, holds, open_deliveries, store_on, working
from tests.jobs.toys import SLACK, Upstream, launch

RARELY_S = 60.0  # a second poll would be too late for these tests


async def keep_back(store: Store, many: int) -> None:
    """Jobs that have ended, all of them still to be told."""
    async with working(store, Upstream(), concurrency=50) as engine:
        await store.accept([launch(f"r{number}", reply_to=SLACK) for number in range(many)])
        await engine.finished(many)

    def again(connection: Connection) -> None:
        connection.execute(update(deliveries).values(state="due", run_at=0.0, owner=None))

    await store.write(again)


async def _told(store: Store) -> bool:
    return await open_deliveries(store) == 0


async def test_what_was_kept_back_does_not_wait_for_the_next_poll(database_url: str) -> None:
    async with store_on(database_url) as store:
        await keep_back(store, 3 * due.AT_ONCE)
        async with working(store, Upstream(), poll_s=RARELY_S) as engine:
            await eventually(lambda: _told(store))
            assert len(engine.told) == 3 * due.AT_ONCE


async def test_what_was_kept_back_is_not_all_told_at_once(database_url: str) -> None:
    go = asyncio.Event()
    in_hand = 0

    async def tell(_: Job) -> Telling:
        nonlocal in_hand
        in_hand += 1
        await go.wait()
        return Told("channel")

    async with store_on(database_url) as store:
        await keep_back(store, MOST_IN_HAND + 2 * due.AT_ONCE)
        async with working(store, Upstream(), start=False, poll_s=0.05) as engine:
            engine.tell = tell
            await engine.worker.start()
            try:
                await eventually(lambda: holds(in_hand >= MOST_IN_HAND))
                await asyncio.sleep(0.3)  # six polls
                assert in_hand == MOST_IN_HAND
                go.set()
                await eventually(lambda: _told(store))
            finally:
                go.set()
                await engine.worker.stop()
