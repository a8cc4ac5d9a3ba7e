"""Statements as text, for what every job passes through: accept, claim and end.

SQLAlchemy takes ten times as long to build, look up, bind and fetch such a statement as the driver takes
to run it, so these are written once and handed to the driver with their values. One spelling serves both
engines: `?` marks a value. The connection, its transactions and its errors stay SQLAlchemy's; what is
asked rarely is written with its Core.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

from bridge.jobs.tables import jobs

Row = tuple[Any, ...]

JOB_COLUMNS = tuple(column.name for column in jobs.columns)
JOB_LIST = ", ".join(JOB_COLUMNS)


def run(connection: Connection, text: str, values: Sequence[Any] = ()) -> list[Row]:
    """The rows of a statement with its values; with a list of tuples it runs once for each of them.

    Raises SQLAlchemy's errors; a connection that broke is invalid then, as after its own statements.
    """
    dialect, driver = connection.dialect, connection.connection
    try:
        with closing(driver.cursor()) as cursor:
            spelled = _spelled(text, dialect.name)
            if isinstance(values, list):
                cursor.executemany(spelled, values)
                return []
            cursor.execute(spelled, values)
            return list(cursor.fetchall()) if cursor.description else []
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


def marks(count: int, each: str = "?") -> str:
    """So many marks for values, as in `IN (…)`."""
    return ", ".join([each] * count)


def insert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that all have the columns of the first."""
    columns = tuple(rows[0])
    run(connection, _insertion(table.name, columns), [*map(itemgetter(*columns), rows)])


def job_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows of a statement that returns `JOB_LIST`."""
    return [dict(zip(JOB_COLUMNS, row, strict=True)) for row in rows]


@lru_cache(maxsize=64)
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks(len(columns))})"  # noqa: S608 - names of ours


@lru_cache(maxsize=1024)
def _spelled(text: str, dialect: str) -> str:
    return text.replace("?", "%s") if dialect == "postgresql" else text
