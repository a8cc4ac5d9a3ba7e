"""When nobody knows whether a wish was stored, its sender is told just that."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from sqlalchemy import Connection, create_engine, event, text

from bridge.jobs.database import parse_url
from bridge.jobs.intake import NotStored
from bridge.jobs.store import Store
from tests.conftest import fresh_database
from tests.jobs.house import all_jobs, eventually, store_on
from tests.jobs.toys import launch

SOON_S = 0.2


class Stall:
    """Work that holds the writer up within its transaction, as a stalled disk does."""

    def __init__(self) -> None:
        self.reached, self.over = threading.Event(), threading.Event()

    def __call__(self, _: Connection) -> None:
        self.reached.set()
        self.over.wait(30)


async def test_an_accept_that_hangs_in_its_transaction_may_be_stored(database_url: str) -> None:
    async with store_on(database_url, accept_within_s=SOON_S) as store:
        stall = Stall()
        stalled = asyncio.ensure_future(store.write(stall))  # one turn is one transaction
        try:
            with pytest.raises(NotStored) as refused:
                await store.accept([launch()])
        finally:
            stall.over.set()
        await stalled
        assert refused.value.unsure
        assert len(await all_jobs(store)) == 1


async def test_an_accept_that_was_not_begun_in_time_is_surely_not_stored(database_url: str) -> None:
    async with store_on(database_url, accept_within_s=SOON_S) as store:
        stall = Stall()
        stalled = asyncio.ensure_future(store.write(stall))
        await asyncio.to_thread(stall.reached.wait, 30)
        try:
            with pytest.raises(NotStored) as refused:
                await store.accept([launch()])
        finally:
            stall.over.set()
        await stalled
        assert not refused.value.unsure
        assert await all_jobs(store) == []


@contextmanager
def _cut(store: Store, database_url: str, moment: Literal["begin", "commit"]) -> Iterator[None]:
    """The server ends the writer's connection right before it begins, or before it commits."""
    admin = create_engine(parse_url(database_url))

    def cut(connection: Connection) -> None:
        pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
        with admin.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    event.listen(store._engine, moment, cut)
    yield
    event.remove(store._engine, moment, cut)
    admin.dispose()


@pytest.mark.parametrize("moment", ["begin", "commit"])
async def test_a_connection_that_breaks_leaves_only_a_commit_in_doubt(
    postgres_url: str, moment: Literal["begin", "commit"]
) -> None:
    url = fresh_database(postgres_url)
    async with store_on(url) as store:
        await store.accept([launch("before")])
        with _cut(store, url, moment), pytest.raises(NotStored) as refused:
            await store.accept([launch()])
        assert refused.value.unsure == (moment == "commit")
        await eventually(lambda: _takes(store))


async def test_a_commit_that_the_database_refuses_is_surely_not_stored(postgres_url: str) -> None:
    url = fresh_database(postgres_url)
    async with store_on(url) as store:
        await store.write(_refuse_commits)
        with pytest.raises(NotStored) as refused:
            await store.accept([launch()])
        assert not refused.value.unsure
        assert await all_jobs(store) == []


def _refuse_commits(connection: Connection) -> None:
    connection.exec_driver_sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'disk full' USING ERRCODE = '53100'; END $$"
    )
    connection.exec_driver_sql(
        "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON jobs DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION refuse()"
    )


async def _takes(store: Store) -> bool:
    try:
        return bool(await store.accept([launch("after")]))
    except NotStored:
        return False
