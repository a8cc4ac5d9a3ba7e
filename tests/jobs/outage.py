"""Taking the database of a running store away, and giving it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import create_engine, event, text

from bridge.jobs.database import parse_url
from bridge.jobs.store import Store


@contextmanager
def outage(store: Store, database_url: str) -> Iterator[None]:
    """SQLite turns read-only under the writer; Postgres closes and refuses every connection."""
    if store.embedded:
        with _read_only(store):
            yield
    else:
        with refusing(database_url):
            yield


@contextmanager
def full(store: Store) -> Iterator[None]:
    """A SQLite file that may not grow: what a full disk looks like."""
    with _pragma(store, "max_page_count=1"):
        yield


@contextmanager
def _read_only(store: Store) -> Iterator[None]:
    with _pragma(store, "query_only=1"):
        yield


@contextmanager
def _pragma(store: Store, words: str) -> Iterator[None]:
    def set_up(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA {words}")

    event.listen(store._engine, "connect", set_up)
    writer = store._writer
    assert writer is not None
    held = writer._connection
    if held is not None:  # between two transactions, so that its next one meets the trouble
        held.exec_driver_sql(f"PRAGMA {words}")
        held.rollback()
    try:
        yield
    finally:
        event.remove(store._engine, "connect", set_up)


@contextmanager
def refusing(database_url: str) -> Iterator[None]:
    """This one database is gone while the server lives on."""
    url = parse_url(database_url)
    admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false"))
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": url.database},
        )
        try:
            yield
        finally:
            connection.execute(text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true"))
    admin.dispose()
