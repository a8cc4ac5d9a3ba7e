"""Statements as text, for what every job passes through: accept, claim and end.

SQLAlchemy takes longer to build, look up and bind such a statement than SQLite takes to run it, so these
are written once and given tuples. One spelling serves both engines: `?` marks a value. The connection,
its transactions and its errors stay SQLAlchemy's; what is asked rarely is written with its Core.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, CursorResult, Table

from bridge.jobs.tables import jobs

Rows = CursorResult[*tuple[Any, ...]]

JOB_COLUMNS = tuple(column.name for column in jobs.columns)
JOB_LIST = ", ".join(JOB_COLUMNS)


def run(connection: Connection, text: str, values: Sequence[Any] = ()) -> Rows:
    """Run a statement with its values; with a list of tuples, once for each of them."""
    given = values if isinstance(values, list) else tuple(values)
    return connection.exec_driver_sql(_spelled(text, connection.dialect.name), given)


def marks(count: int, each: str = "?") -> str:
    """So many marks for values, as in `IN (…)`."""
    return ", ".join([each] * count)


def insert(connection: Connection, table: Table, rows: Collection[dict[str, Any]]) -> None:
    """Insert rows that all have the columns of the first."""
    columns = tuple(next(iter(rows)))
    run(connection, _insertion(table.name, columns), [*map(itemgetter(*columns), rows)])


def job_rows(result: Rows) -> list[dict[str, Any]]:
    """The rows of a statement that returns `JOB_LIST`."""
    return [dict(zip(JOB_COLUMNS, row, strict=True)) for row in result]


@lru_cache(maxsize=64)
def _insertion(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks(len(columns))})"  # noqa: S608 - names of ours


@lru_cache(maxsize=1024)
def _spelled(text: str, dialect: str) -> str:
    return text.replace("?", "%s") if dialect == "postgresql" else text
