"""Notifications between processes on Postgres: "there is work", and which jobs changed.

`LISTEN/NOTIFY` makes waking prompt; it is never relied on, since a notification can be missed during
a reconnect and behind a transaction-mode pooler: the slow poll carries everything
(https://www.postgresql.org/docs/current/sql-notify.html).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import Connection

from bridge.jobs import statements
from bridge.jobs.tables import is_postgres

NAME = "bridge"
WORK = "work"
_NOTIFY = "SELECT pg_notify(?, ?)"
_MOST = 200  # ids in one payload; Postgres allows 8000 bytes


def notify(connection: Connection, job_ids: Collection[str] = ()) -> None:
    """Tell the other processes, when this transaction commits."""
    if is_postgres(connection):
        payload = ",".join((WORK, *list(job_ids)[:_MOST]))
        statements.send(connection, _NOTIFY, (NAME, payload))


class Notifications:
    """Watches a listening connection's socket from the event loop.

    `drain` must run in the thread that owns the connection; `heard` is called in the event loop.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        run: Callable[[Callable[[], None]], Any],
        heard: Callable[[list[str]], None],
    ) -> None:
        self._loop = loop
        self._run = run
        self._heard = heard
        self._driver: Any = None
        self._fd = -1

    def attach(self, connection: Connection) -> None:
        """Begin to listen on this connection; in its thread."""
        connection.exec_driver_sql(f"LISTEN {NAME}")
        connection.commit()
        self._driver = connection.connection.driver_connection
        self._driver.add_notify_handler(self._on_notify)
        # a descriptor of its own: the driver closes its socket in another thread, and the loop
        # must never watch one that is closed (uvloop's library ends the process for it)
        self._fd = os.dup(self._driver.fileno())
        self._loop.call_soon_threadsafe(self._watch, self._fd)

    @property
    def listening(self) -> bool:
        """Whether notifications can be heard; not after the connection broke."""
        return self._fd >= 0

    def detach(self) -> None:
        """Stop listening; in the connection's thread, before it is closed."""
        fd, self._fd, self._driver = self._fd, -1, None
        if fd < 0:
            return
        try:
            self._loop.call_soon_threadsafe(self._unwatch, fd)
        except RuntimeError:  # the loop is closed, and watches nothing
            os.close(fd)

    def _watch(self, fd: int) -> None:
        if fd == self._fd and fd >= 0:
            self._loop.add_reader(fd, self._on_readable, fd)

    def _unwatch(self, fd: int) -> None:
        self._loop.remove_reader(fd)
        os.close(fd)

    def _on_readable(self, fd: int) -> None:
        self._loop.remove_reader(fd)
        self._run(self._drain)

    def _drain(self) -> None:
        if self._driver is None:
            return
        pgconn, fd = self._driver.pgconn, self._fd
        try:
            pgconn.consume_input()
        except Exception:  # noqa: BLE001 - a dead connection: the store's next read makes another
            self.detach()
            return
        while (notice := pgconn.notifies()) is not None:
            self._tell(notice.extra.decode())
        self._loop.call_soon_threadsafe(self._watch, fd)

    def _on_notify(self, notice: Any) -> None:
        self._tell(notice.payload)

    def _tell(self, payload: str) -> None:
        self._loop.call_soon_threadsafe(self._heard, payload.split(","))
