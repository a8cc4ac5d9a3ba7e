"""Statements as text: what is sent without waiting is in order, and its errors are told in time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from bridge.jobs import lanes, statements
from bridge.jobs.database import SILENT_S, open_engine, parse_url
from bridge.jobs.migrate import migrate
from bridge.jobs.tables import keys, served
from bridge.jobs.writer import Writer
from tests.conftest import fresh_database

_INSERT = "INSERT INTO served (connection, seen_at) VALUES (?, ?)"
_COUNT = "SELECT count(*) FROM served"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = open_engine(parse_url(database_url))
    migrate(made)
    yield made
    made.dispose()


def test_a_question_sees_what_was_sent_before_it(engine: Engine) -> None:
    with engine.begin() as connection:
        statements.send(connection, _INSERT, ("one", 1.0))
        assert statements.run(connection, _COUNT) == [(1,)]
        statements.send(connection, _INSERT, ("two", 2.0))
        assert connection.scalar(select(func.count()).select_from(served)) == 2
        statements.send(connection, _INSERT, ("three", 3.0))
    with engine.connect() as connection:
        assert statements.run(connection, _COUNT) == [(3,)]


def test_what_was_sent_is_rolled_back_and_the_connection_goes_on(engine: Engine) -> None:
    with engine.connect() as connection:
        with connection.begin() as transaction:
            statements.send(connection, _INSERT, ("one", 1.0))
            transaction.rollback()
        with connection.begin():
            assert statements.run(connection, _COUNT) == [(0,)]
            statements.send(connection, _INSERT, ("one", 1.0))
        with connection.begin():
            assert statements.run(connection, _COUNT) == [(1,)]


def send_twice(connection: Connection, then: str) -> None:
    with connection.begin():
        statements.send(connection, _INSERT, ("one", 1.0))
        statements.send(connection, _INSERT, ("one", 2.0))
        if then == "run":
            statements.run(connection, _COUNT)
        elif then == "core":
            connection.execute(text(_COUNT))


@pytest.mark.parametrize("then", ["run", "core", "commit"])
def test_an_error_is_told_by_the_next_that_waits(engine: Engine, then: str) -> None:
    with engine.connect() as connection:
        with pytest.raises(IntegrityError):
            send_twice(connection, then)
        with connection.begin():
            assert statements.run(connection, _COUNT) == [(0,)]


async def test_the_writer_knows_a_mistake_before_it_commits(engine: Engine) -> None:
    """It is the item's own, its companions are stored, and nobody is told that it may have happened."""

    def note(connection: Connection, values: Sequence[str]) -> Sequence[str]:
        for value in values:
            statements.send(connection, _INSERT, (value, 1.0))
        return values

    writer = Writer(engine, lambda *_: None)
    await writer.do(note, "known")
    others = [
        f"b{number}" for number in range(200)
    ]  # its error is there before all of them are sent
    said = await asyncio.gather(
        *(writer.do(note, value) for value in ("a", "known", *others)), return_exceptions=True
    )
    healthy = writer.healthy
    await writer.close()
    assert [type(one) for one in said] == [str, IntegrityError, *[str] * 200]
    assert healthy
    with engine.connect() as connection:
        assert statements.run(connection, _COUNT) == [(202,)]


async def test_the_locks_of_a_process_that_falls_silent_are_given_free(postgres_url: str) -> None:
    """The server counts the seconds only once it has answered everything."""
    engine = open_engine(parse_url(fresh_database(postgres_url)))
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    with engine.connect() as frozen, engine.connect() as other, pytest.raises(OperationalError):  # noqa: PT012
        frozen.begin()
        lanes.lock(frozen, ["toy:r1"], pace=True)
        statements.run(frozen, "SELECT 1")
        statements.send(frozen, "SELECT 1")
        assert other.scalar(text(held)) == 2
        other.rollback()
        await asyncio.sleep(SILENT_S + 1)
        assert other.scalar(text(held)) == 0
        other.rollback()
        statements.run(frozen, "SELECT 1")
    engine.dispose()


HARD: list[dict[str, Any]] = [
    {"value": "plain", "fingerprint": "f", "job_ids": "[]", "created_at": 0.1 + 0.2},
    {"value": "quo'te\"s \\ and %s ?", "fingerprint": "", "job_ids": "null", "created_at": 1e-300},
    {
        "value": "größer 日本 😀 \x7f\u2028",
        "fingerprint": "\n",
        "job_ids": "{}",
        "created_at": 1e17,
    },
]


def test_rows_arrive_as_they_are(engine: Engine) -> None:
    wanted = [{"scope": f"s{number}", **row} for number, row in enumerate(HARD)]
    with engine.begin() as connection:
        statements.insert(connection, keys, wanted)
        found = connection.execute(select(keys).order_by(keys.c.scope)).mappings().all()
    assert [dict(row) for row in found] == wanted


def test_what_no_text_may_hold_is_an_error_of_the_item(engine: Engine) -> None:
    row = {"scope": "s", "value": "v", "fingerprint": "\ud83d", "job_ids": "", "created_at": 0.0}
    with engine.connect() as connection:
        with pytest.raises((DBAPIError, UnicodeEncodeError)), connection.begin():
            statements.insert(connection, keys, [row])
        with connection.begin():
            assert connection.scalar(select(func.count()).select_from(keys)) == 0
