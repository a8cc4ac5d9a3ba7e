"""What a claim, an accept and an end cost must not grow with the rows that are none of their business, nor a
listing with those that it does not show.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, text

from bridge.console import reading
from bridge.contract import JobState
from bridge.jobs import accepting, claiming, counting, finishing, lanes, recovery
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.filtering import Filter
from bridge.jobs.migrate import migrate
from bridge.jobs.pace import Window
from bridge.jobs.tables import jobs
from tests.bench.filling import fill
from tests.conftest import fresh_database
from tests.jobs.house import ending

# reads of these walk all rows of a state or a room, of which there may be a million
COLD = ("jobs_listed", "jobs_room", "jobs_scope")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(parse_url(f"sqlite:///{tmp_path / 'bridge.db'}"))
    migrate(made)
    with made.begin() as connection:
        fill(connection, "done", 200)
        fill(connection, "queued", 200)
    yield made
    made.dispose()


@contextmanager
def recorded(connection: Connection) -> Iterator[list[str]]:
    """The statements as SQLite gets them, with their values."""
    said: list[str] = []
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.set_trace_callback(said.append)
    yield said
    driver.set_trace_callback(None)


def claim_item(now: float) -> claiming.ClaimItem:
    return claiming.ClaimItem(
        owner="me",
        now=now,
        capacity=10,
        lease_s=8.0,
        default_window=lambda _connection, _route: Window(0, 1.0, source="configured"),
        connections=frozenset(("rocketchat",)),
        people_in_a_row={},
        intends=lambda _: True,
    )


def wrote(row: dict[str, Any]) -> finishing.EndItem:
    """The end of a job that others on its room may have waited for."""
    return replace(ending(row, "me"), wrote=True)


def scanned(engine: Engine) -> dict[str, int]:
    """How often Postgres has read each index of the jobs."""
    engine.dispose()  # it counts what a connection did when that ends, at the latest
    query = "SELECT indexrelname, idx_scan FROM pg_stat_user_indexes WHERE relname = 'jobs'"
    with engine.connect() as connection:
        found: dict[str, int] = dict(iter(connection.execute(text(query))))
    engine.dispose()
    return found


def test_postgres_reads_no_index_of_the_listings_for_a_hot_statement(
    postgres_url: str,
) -> None:
    """Its statistics are none, and nothing was vacuumed: in a burst all that was queued is still there."""
    engine = open_engine(parse_url(fresh_database(postgres_url)))
    migrate(engine)
    with engine.connect() as connection:
        for _ in range(6):
            with connection.begin():
                fill(connection, "queued", 50)
            for _ in range(5):
                with connection.begin():
                    (claims,) = claiming.claim(connection, [claim_item(time.time())])
                    assert len(claims.rows) == 10
                with connection.begin():
                    assert all(finishing.end(connection, [wrote(row) for row in claims.rows]))
    scans = scanned(engine)
    assert {name: scans[name] for name in COLD} == dict.fromkeys(COLD, 0), scans
    assert scans["jobs_claimable"] > 0
    assert scans["jobs_lane"] > 0


def test_hot_statements_use_the_partial_indexes(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        with recorded(connection) as said:
            (claims,) = claiming.claim(connection, [claim_item(time.time())])
            lanes.occupied(connection, {f"rocketchat:new{number}" for number in range(32)})
            lanes.promote(connection, {row["lane"] for row in claims.rows})
            held = [finishing.Held(row["seq"], "me", row["fence"]) for row in claims.rows]
            finishing._still_held(connection, held)
            twin = accepting.AcceptItem([{"join_key": "k"}], "key:bench", 0.0, join_since=0.0)
            accepting._join_twins(connection, [twin], [0], [accepting.AcceptResult()])
            end = finishing.EndItem(held[0], "id", claims.rows[0]["lane"], {}, leaves_lane=True)
            finishing._look_now(connection, [end])
        assert len(claims.rows) == 10
        asked = [one for one in said if "jobs" in one]
        assert len(asked) >= 8
        for statement in asked:
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
            bad = [step for step in plan if any(name in step for name in (*COLD, "SCAN jobs"))]
            assert not bad, (statement, plan)


def list_by_state(connection: Connection) -> None:
    reading.page(connection, reading.Wish(Filter(states=(JobState.PARKED, JobState.UNKNOWN))))
    connection.execute(select(jobs.c.id).where(recovery.may_be_retried(force=False)).limit(1))
    counting.by_state(connection)


def test_postgres_lists_by_state_along_the_index_for_it(postgres_url: str) -> None:
    engine = open_engine(parse_url(fresh_database(postgres_url)))
    migrate(engine)
    with engine.begin() as connection:
        fill(connection, "done", 20_000)
        connection.execute(text("ANALYZE jobs"))
    before = scanned(engine)["jobs_listed"]
    with engine.connect() as connection:
        list_by_state(connection)
    assert scanned(engine)["jobs_listed"] >= before + 4  # the page looks along each state


def test_sqlite_lists_by_state_along_the_index_for_it(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        with recorded(connection) as said:
            list_by_state(connection)
        for statement in (one for one in said if "FROM jobs" in one):
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
            assert any("jobs_listed" in step for step in plan), (statement, plan)
            assert not any("SCAN jobs" in step for step in plan), (statement, plan)
