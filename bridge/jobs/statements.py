"""Statements as text, for what every job passes through: accept, claim and end.

SQLAlchemy takes ten times as long to build, look up, bind and fetch such a statement as the driver takes
to run it, so these are written once and handed to the driver with their values. One spelling serves both
engines: `?` marks a value. The connection, its transactions and its errors stay SQLAlchemy's; what is
asked rarely is written with its Core.

On Postgres what returns nothing is kept until the next question or `settle`, and goes to the server with it,
through psycopg's pipeline (https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html). A transaction that ends
and claims jobs would otherwise wait some fifteen times for the server, and after each for its turn among
this process's threads. Whatever goes there is waited for: the server counts the silence after which it ends the
transaction of a frozen process from its last answer to a Sync, which must be the last thing it was sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.exc import DBAPIError

from bridge.jobs.tables import is_postgres, jobs

Row = tuple[Any, ...]

JOB_COLUMNS = tuple(column.name for column in jobs.columns)
JOB_LIST = ", ".join(JOB_COLUMNS)
_SENT, _PIPELINE = "sent", "pipeline"  # what a connection keeps


def run(connection: Connection, text: str, values: Sequence[Any] = ()) -> list[Row]:
    """The rows of a statement that returns some.

    Raises SQLAlchemy's errors, on Postgres also those of what was sent before; a connection that broke
    is invalid then, as after its own statements.
    """
    spelled = _spelled(text, connection.dialect.name)
    with _translated(connection, text), closing(connection.connection.cursor()) as cursor:
        with _after_what_was_sent(connection):
            cursor.execute(spelled, values)
        return list(cursor.fetchall())


def send(connection: Connection, text: str, values: Sequence[Any] = ()) -> None:
    """Run a statement whose rows, if any, nobody wants; on Postgres with the next question."""
    if is_postgres(connection):
        statement = (_spelled(text, connection.dialect.name), values)
        connection.info.setdefault(_SENT, []).append(statement)
        return
    with _translated(connection, text):
        connection.connection.cursor().execute(text, values)


def settle(connection: Connection) -> None:
    """Have what was sent done. Raises SQLAlchemy's errors."""
    with _translated(connection, ""), _after_what_was_sent(connection):
        pass


def settle_by_itself(engine: Engine) -> None:
    """Have what was sent done before SQLAlchemy's own statements and its commits; a rollback forgets it."""

    @event.listens_for(engine, "before_cursor_execute")
    def _settle(connection: Connection, *_: Any) -> None:
        settle(connection)
        if entered := connection.info.pop(_PIPELINE, None):  # it wants its rows at once
            with _translated(connection, ""):
                entered[0].__exit__(None, None, None)

    @event.listens_for(engine, "commit")
    def _settle_or_roll_back(connection: Connection) -> None:
        try:
            settle(connection)
        except DBAPIError:
            if not connection.invalidated:
                connection.connection.rollback()  # which SQLAlchemy leaves to a failed commit
            raise

    @event.listens_for(engine, "rollback")
    def _forget(connection: Connection) -> None:
        if not connection.invalidated:
            connection.info.pop(_SENT, None)


def insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all have the columns of the first."""
    columns = tuple(rows[0])
    names = ", ".join(columns)
    if is_postgres(connection):
        text = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {_given(table)}"  # noqa: S608 - names of ours
        send(connection, text, (_as_json(rows),))
    else:
        text = f"INSERT INTO {table.name} ({names}) VALUES ({marks(len(columns))})"  # noqa: S608 - the same
        _send_many(connection, text, [*map(itemgetter(*columns), rows)])


def update(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], also: str) -> None:
    """Set the columns that each row has, by its `seq`, and what `also` says."""
    columns = [name for name in rows[0] if name != "seq"]
    if is_postgres(connection):
        values = ", ".join(f"{name} = given.{name}" for name in columns)
        text = (
            f"UPDATE {table.name} SET {values}, {also} FROM {_given(table)}"  # noqa: S608 - the same
            # named twice: joined alone, a table that nobody has analysed yet is read as a whole
            f" WHERE {table.name}.seq = given.seq AND {table.name}.seq = ANY(?)"
        )
        send(connection, text, (_as_json(rows), [row["seq"] for row in rows]))
    else:
        values = ", ".join(f"{name} = ?" for name in columns)
        text = f"UPDATE {table.name} SET {values}, {also} WHERE seq = ?"  # noqa: S608 - the same
        _send_many(connection, text, [*map(itemgetter(*columns, "seq"), rows)])


def marks(count: int, each: str = "?") -> str:
    """So many marks for values, as in `IN (…)`."""
    return ", ".join([each] * count)


def job_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows of a statement that returns `JOB_LIST`."""
    return [dict(zip(JOB_COLUMNS, row, strict=True)) for row in rows]


def _given(table: Table) -> str:
    """Rows as one value: the driver's own way for many rows waits for the server twice."""
    return f"json_populate_recordset(NULL::{table.name}, ?) AS given"


def _as_json(rows: Sequence[dict[str, Any]]) -> str:
    """Not escaped: two halves of characters side by side would pass as a whole one."""
    return json.dumps(rows, ensure_ascii=False)


def _send_many(connection: Connection, text: str, rows: Sequence[Row]) -> None:
    with _translated(connection, text), closing(connection.connection.cursor()) as cursor:
        cursor.executemany(text, rows)


@contextmanager
def _after_what_was_sent(connection: Connection) -> Iterator[None]:
    """What is executed within goes to the server together with that; at the end all of it is done."""
    sent, info = connection.info.pop(_SENT, ()), connection.info
    if not sent and _PIPELINE not in info:
        yield
        return
    driver: Any = connection.connection.driver_connection
    if _PIPELINE not in info:  # stays: to leave it takes another answer
        entering = driver.pipeline()
        info[_PIPELINE] = entering, entering.__enter__()
    pipeline, wrong = info[_PIPELINE][1], connection.dialect.loaded_dbapi.Error
    try:
        for statement in sent:
            driver.execute(*statement)
        yield
    except wrong:
        with suppress(wrong):  # what came behind it was aborted, and would be told in its place
            pipeline.sync()
        raise
    pipeline.sync()


@contextmanager
def _translated(connection: Connection, text: str) -> Iterator[None]:
    dialect, driver = connection.dialect, connection.connection
    try:
        yield
    except dialect.loaded_dbapi.Error as error:
        broken = dialect.is_disconnect(error, driver, None)
        if broken:
            connection.invalidate(error)
        raise DBAPIError.instance(
            text,
            None,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=broken,
            dialect=dialect,
        ) from error


@lru_cache(maxsize=1024)
def _spelled(text: str, dialect: str) -> str:
    return text.replace("?", "%s") if dialect == "postgresql" else text
