"""Opening the database: a SQLite file or Postgres, each set up the way the store relies on.

SQLite: WAL, `synchronous=FULL`, `BEGIN IMMEDIATE`, and a lock on a side file that dies with the
process, so that two processes never work one file (https://www.sqlite.org/wal.html). Postgres:
psycopg 3, TLS required unless the server is on this host, `postgres://` as Heroku gives it.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from bridge.jobs import statements

# A process that is frozen between two statements holds its locks, and with them all other processes'
# claims. Postgres ends its transaction after this; its connection breaks, and it begins anew.
SILENT_S = 2
# Somebody's open transaction on one row holds up that row's job, not everything that the writer does.
LOCKED_S = 3  # longer, so that what waits for a frozen process gets its turn


class DatabaseError(Exception):
    """The database cannot be used; the sentence says what to do."""


def parse_url(database_url: str) -> URL:
    """The SQLAlchemy URL. Raises `DatabaseError` for what is neither SQLite nor Postgres."""
    try:
        url = make_url(database_url)
    except ArgumentError:
        raise DatabaseError("DATABASE_URL is no URL. Use sqlite:///path or postgres://…") from None
    if url.drivername == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise DatabaseError("SQLite needs a file to keep jobs in: sqlite:///path")
        return url
    if url.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        url = url.set(drivername="postgresql+psycopg")
        # libpq takes PGSSLMODE by itself; what is in the address would stand above it
        chosen = "sslmode" in url.query or "PGSSLMODE" in os.environ
        if not chosen and not all(_is_local(host) for host in _hosts(url)):
            url = url.update_query_dict({"sslmode": "require"})
        return url
    raise DatabaseError(
        f"DATABASE_URL begins with {url.drivername}. Use sqlite:///path or postgres://…"
    )


def is_sqlite(url: URL) -> bool:
    """Whether the store is embedded."""
    return url.drivername == "sqlite"


def durability(url: URL) -> tuple[bool, str]:
    """Whether accepted jobs survive this host, and why (not)."""
    if not is_sqlite(url):
        return True, "durable: Postgres"
    if "DYNO" in os.environ:
        return False, "volatile: SQLite on a host that wipes its disk at every restart"
    return True, "durable: SQLite on this disk"


def open_engine(url: URL, *, autocommit: bool = False) -> Engine:
    """An engine with the settings the store relies on; it connects only when used."""
    if not is_sqlite(url):
        options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT"} if autocommit else {}
        server = create_engine(
            url,
            poolclass=NullPool,
            connect_args={
                "connect_timeout": 5,
                "application_name": "deskbridge",
                # a host that vanished is noticed within seconds, not after a quarter of an hour
                "tcp_user_timeout": 10_000,
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
            },
            **options,
        )
        event.listen(server, "connect", _bound_transactions)
        statements.settle_by_itself(server)
        return server
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, poolclass=NullPool, connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        for pragma in (
            "busy_timeout=5000",
            "journal_mode=WAL",
            "synchronous=FULL",
            "fullfsync=1",
            "foreign_keys=ON",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        statements.send(connection, "BEGIN" if autocommit else "BEGIN IMMEDIATE")

    return engine


def _bound_transactions(driver: Any, _record: Any) -> None:
    # by statement: poolers refuse what they do not know among a connection's first words
    before, driver.autocommit = driver.autocommit, True
    driver.execute(f"SET idle_in_transaction_session_timeout = '{SILENT_S}s'")
    driver.execute(f"SET lock_timeout = '{LOCKED_S}s'")
    driver.autocommit = before


class FileLock:
    """Held while this process works a SQLite file; the kernel lets go of it when the process dies."""

    def __init__(self, url: URL) -> None:
        self._fd: int | None = None
        self._path = f"{url.database}.lock"

    def acquire(self) -> None:
        """Raises `DatabaseError` when another process holds it."""
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            self._fd = None
            raise DatabaseError(
                "Another process works this SQLite file. Stop it, or use Postgres for several."
            ) from None

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _hosts(url: URL) -> Sequence[str | None]:
    """Where the server may be: in the address's place for it, or in its query, as for a socket."""
    named = url.query.get("host") or url.host
    return named.split(",") if isinstance(named, str) else named or [None]


def _is_local(host: str | None) -> bool:
    if not host or host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
