"""A Postgres that answers and refuses: nothing known is thrown away, and one locked row holds up one job."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager

import pytest
from sqlalchemy import create_engine, text

from bridge.contract import JobState
from bridge.jobs import lanes, statements
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.intake import NotStored
from bridge.jobs.operating import Operator
from bridge.jobs.store import Store
from tests.conftest import fresh_database
from tests.jobs.house import claim, ending, eventually, rows, store_on, working
from tests.jobs.toys import SLACK, Upstream, launch

pytestmark = pytest.mark.alone  # real processes and real time: no neighbours


@pytest.fixture
def shared_url(postgres_url: str) -> str:
    return fresh_database(postgres_url)


@contextmanager
def forbidden(database_url: str, *tables: str) -> Iterator[None]:
    """Inserts are refused for want of privilege, as a host does with a database over its size."""
    engine = open_engine(parse_url(database_url), autocommit=True)
    refuse = (
        "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'permission denied' USING ERRCODE = '42501'; END $$"
    )
    with engine.connect() as connection:
        connection.execute(text(refuse))
        for table in tables:
            connection.execute(
                text(
                    f"CREATE TRIGGER refuse BEFORE INSERT ON {table}"
                    " FOR EACH ROW EXECUTE FUNCTION refuse()"
                )
            )
        yield
        for table in tables:
            connection.execute(text(f"DROP TRIGGER refuse ON {table}"))
    engine.dispose()


async def test_what_is_known_is_kept_and_not_done_again_while_the_database_takes_no_rows(
    shared_url: str,
) -> None:
    async with store_on(shared_url) as store:
        upstream = Upstream()
        await store.accept([launch(reply_to=SLACK)])
        with ExitStack() as permitted:
            permitted.enter_context(forbidden(shared_url, "attempts", "jobs"))
            async with working(store, upstream, lease_s=0.6) as engine:
                await eventually(lambda: _unhealthy(store))
                await asyncio.sleep(2.0)  # three leases
                assert (len(upstream.writes()), engine.told) == (1, [])
                with pytest.raises(NotStored):
                    await store.accept([launch("r2")])
                permitted.close()
                [job] = await engine.finished(1)
                assert (job.state, len(upstream.writes())) == (JobState.DONE, 1)
                assert engine.told == [(job.id, JobState.DONE, False)]


async def test_a_row_that_somebody_has_locked_holds_up_its_own_job_only(shared_url: str) -> None:
    async with store_on(shared_url) as store:
        await store.accept([launch("locked"), launch("free")])
        locked, free = (await claim(store, lease_s=60)).rows
        other = create_engine(parse_url(shared_url))  # somebody's psql, not one of ours
        with other.connect() as connection, connection.begin():
            connection.execute(text(f"UPDATE jobs SET memo = memo WHERE seq = {locked['seq']}"))
            ends = [asyncio.create_task(store.end(ending(row, "me"))) for row in (locked, free)]
            await store.accept([launch("new")])
            assert await ends[1]
            with pytest.raises(Exception, match="lock timeout"):
                await ends[0]
            assert store.healthy
        other.dispose()
        assert await store.end(ending(locked, "me"))


async def test_a_job_that_ends_while_it_is_retried_leaves_its_lane_open(shared_url: str) -> None:
    async with AsyncExitStack() as stack:
        works = await stack.enter_async_context(store_on(shared_url))
        mends = await stack.enter_async_context(store_on(shared_url))
        await works.accept([launch("runs"), launch("parked")])
        runs, parked = (await claim(works)).rows
        await works.end(ending(parked, "me", "parked"))

        other = create_engine(parse_url(shared_url))  # somebody's psql, not one of ours
        with other.connect() as connection, connection.begin():
            lanes.lock(connection, [parked["lane"]])
            statements.settle(connection)
            retrying = asyncio.create_task(Operator(mends).retry_these([runs["id"], parked["id"]]))
            await eventually(lambda: _waits(works))
            ended = asyncio.create_task(works.end(ending(runs, "me", "parked")))
            await asyncio.wait([ended], timeout=0.5)
        other.dispose()
        again = await retrying
        await ended
        assert parked["id"] in again
        claimed = {row["id"] for row in (await claim(works)).rows}
        assert claimed == set(again)
        assert [row["id"] for row in await rows(works) if row["state"] == "queued"] == []


async def _waits(store: Store) -> bool:
    """Somebody waits for an advisory lock."""
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    found: int = await store.read(lambda db: db.scalar(text(query)) or 0)
    return found > 0


async def _unhealthy(store: Store) -> bool:
    return not store.healthy
