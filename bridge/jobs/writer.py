"""Group commit: one thread owns one connection and makes everything durable in shared transactions.

Each change is handed in as (batch function, item). While one transaction is being made durable the
next items collect, so a hundred concurrent accepts cost one fsync, no timer is needed and the event
loop never waits for the database. Items of one batch function run together, in the order of the
functions' ranks, so the transaction that finishes jobs also claims the next ones.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError

from bridge import metrics
from bridge.jobs import statements

log = structlog.get_logger()

Batch = Callable[[Connection, Sequence[Any]], Sequence[Any]]
Prepare = Callable[[Connection, Sequence[tuple[Batch, Any]]], None]
_OURS = (DataError, IntegrityError, ProgrammingError)  # an item's own mistake, not the database's
_LOCKED = "55P03"  # https://www.postgresql.org/docs/current/errcodes-appendix.html
_DEADLOCKS = frozenset(("40P01", "40001"))
CLOSES_WITHIN_S = 10.0
MOST_TURNS = 8  # each is the microseconds of a turn, and a transaction costs more than many of them


class StoreDown(Exception):
    """The database cannot be written now; the transaction counts as not done.

    `unsure`: the connection broke during the commit itself, so it may yet have happened. Whoever asks
    again does so under the same key or fence, and what nobody knows to hold loses its lease.
    """

    def __init__(self, reason: str, *, unsure: bool = False) -> None:
        super().__init__(reason)
        self.unsure = unsure


class Undecided(TimeoutError):
    """Not decided in time, though its transaction had begun: it may yet be done."""


@dataclass(slots=True)
class _Item:
    rank: int
    batch: Batch
    value: Any
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    droppable: bool
    alone: bool
    begun: bool = False

    def begin(self) -> bool:
        """Mark it as begun; False when its caller has gone and it need not be.

        In this order: a caller whose time is up looks at `begun` after giving up, so one of the two
        threads always sees the other.
        """
        self.begun = True
        return not (self.droppable and self.future.done())


class Writer:
    """The one writing thread of a process. `prepare` sees all of a transaction before it begins."""

    def __init__(self, engine: Engine, prepare: Prepare) -> None:
        self._engine = engine
        self._prepare = prepare
        self._queue: queue.SimpleQueue[list[_Item] | None] = queue.SimpleQueue()
        self._collected: list[_Item] = []  # in these turns of the loop
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._connection: Connection | None = None
        self._committing = False
        self.healthy = True
        self._is_up(up=True)
        self._thread.start()

    async def do(
        self,
        batch: Batch,
        value: Any,
        *,
        rank: int = 5,
        droppable: bool = False,
        alone: bool = False,
        within_s: float | None = None,
    ) -> Any:
        """Run `batch` over `value` and its companions; returns when it is durable.

        `droppable`: not begun any more when the caller has gone. `alone`: in a transaction of its
        own, since it takes locks that are not known beforehand. Raises `StoreDown` when the database
        cannot be written, `TimeoutError` when that is not decided in time (what is done by then is
        told, however late), `Undecided` when it may yet be done, and whatever `batch` put in the place
        of this value's result.
        """
        loop = asyncio.get_running_loop()
        item = _Item(rank, batch, value, loop.create_future(), loop, droppable, alone)
        if not self._collected:
            loop.call_soon(self._gather, 0, 0)
        self._collected.append(item)
        if within_s is None:
            return await item.future
        timer = loop.call_later(within_s, _expire, item.future)
        try:
            return await item.future
        except TimeoutError:
            if item.begun:
                raise Undecided from None
            raise
        finally:
            timer.cancel()

    async def close(self, within_s: float = CLOSES_WITHIN_S) -> None:
        """Make durable what was handed in. A database that never answers is not waited for longer than that."""
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join, within_s)

    def _gather(self, seen: int, turns: int) -> None:
        """Wait a few turns of the loop for companions, as long as each turn brings some."""
        collected = len(self._collected)
        if seen < collected and turns < MOST_TURNS:
            asyncio.get_running_loop().call_soon(self._gather, collected, turns + 1)
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._collected:
            collected, self._collected = self._collected, []
            self._queue.put(collected)

    def _work(self) -> None:
        closing = False
        while not closing:
            items: list[_Item] = []
            first = self._queue.get()
            while True:
                if first is None:
                    closing = True
                else:
                    items += first
                try:
                    first = self._queue.get_nowait()
                except queue.Empty:
                    break
            wanted = [i for i in items if not (i.droppable and i.future.done())]
            together = sorted((i for i in wanted if not i.alone), key=lambda item: item.rank)
            for group in (together, *([i] for i in wanted if i.alone)):
                if group:
                    _hand_back(self._commit(group))
        self._disconnect()

    def _commit(self, items: list[_Item], *, patient: bool = True) -> list[tuple[_Item, Any]]:
        try:
            results = self._transact(items, patient=patient)
        except SQLAlchemyError as error:
            code, mistaken = _sqlstate(error), isinstance(error, _OURS)
            if len(items) > 1 and (mistaken or code in _DEADLOCKS | {_LOCKED}):
                return self._one_by_one(items, patient=code != _LOCKED)
            if mistaken and not _is_refusal(error):
                return [(items[0], error)]
            if code == _LOCKED:  # somebody else holds this item's rows; the others go through
                return [(items[0], StoreDown(_reason(error)))]
            self._disconnect()
            if self.healthy:
                log.error("jobs.store_down", reason=_reason(error))  # noqa: TRY400 - the reason says it
            self._is_up(up=False)
            unsure = self._committing and not _is_answer(error)
            return [(item, StoreDown(_reason(error), unsure=unsure)) for item in items]
        except Exception as error:  # noqa: BLE001 - one bad item must not fail its companions
            return self._one_by_one(items) if len(items) > 1 else [(items[0], error)]
        if not self.healthy:
            log.info("jobs.store_up")
            self._is_up(up=True)
        return results

    def _is_up(self, *, up: bool) -> None:
        self.healthy = up
        metrics.store(up=up)

    def _one_by_one(self, items: list[_Item], *, patient: bool = True) -> list[tuple[_Item, Any]]:
        for item in items:
            item.begun = False  # rolled back
        wanted = (item for item in items if not (item.droppable and item.future.done()))
        return [pair for item in wanted for pair in self._commit([item], patient=patient)]

    def _transact(self, items: list[_Item], *, patient: bool) -> list[tuple[_Item, Any]]:
        self._committing = False
        if self._connection is None:
            self._connection = self._engine.connect()
        items = [item for item in items if item.begin()]  # connecting may have taken long
        results: list[tuple[_Item, Any]] = []
        with self._connection.begin():
            if not patient:
                # the batch has waited; who still waits may not hold up the others again
                self._connection.exec_driver_sql("SET LOCAL lock_timeout = '300ms'")
            if not self.healthy:
                touch(self._connection)
            self._prepare(self._connection, [(item.batch, item.value) for item in items])
            for batch, group in groupby(items, key=lambda item: item.batch):
                members = list(group)
                values = batch(self._connection, [item.value for item in members])
                results.extend(zip(members, values, strict=True))
            statements.settle(self._connection)  # what is wrong with it is known before the commit
            self._committing = True
        return results

    def _disconnect(self) -> None:
        if self._connection is not None:
            try:
                self._connection.invalidate()
                self._connection.close()
            except SQLAlchemyError:
                pass
            self._connection = None


def touch(connection: Connection) -> None:
    """Write something: a transaction that changes nothing succeeds on a full disk, too."""
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")


def _hand_back(results: list[tuple[_Item, Any]]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Item, Any]]] = {}
    for pair in results:
        by_loop.setdefault(pair[0].loop, []).append(pair)
    for loop, pairs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, pairs)
        except RuntimeError:  # the loop is closed: nobody waits any more
            continue


def _resolve(pairs: list[tuple[_Item, Any]]) -> None:
    for item, result in pairs:
        if item.future.done():
            continue
        if isinstance(result, BaseException):
            item.future.set_exception(result)
        else:
            item.future.set_result(result)


def _expire(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_exception(TimeoutError())


def _sqlstate(error: SQLAlchemyError) -> str:
    """What Postgres calls it; empty for SQLite, and for what never reached the server."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    return getattr(cause, "sqlstate", None) or ""


def _is_answer(error: SQLAlchemyError) -> bool:
    """Whether the database itself said no to a commit; a connection that broke says nothing.

    A server that is shut down while it commits (57) may have committed:
    https://www.postgresql.org/docs/current/errcodes-appendix.html
    """
    state = _sqlstate(error)
    cause = error.orig if isinstance(error, DBAPIError) else None
    full = getattr(cause, "sqlite_errorname", "") == "SQLITE_FULL"
    return full or (bool(state) and state[:2] not in ("08", "57"))


def _is_refusal(error: SQLAlchemyError) -> bool:
    """The server's word about itself: no right to write any more, a statement that a pooler lost.

    The driver files that under programming errors, beside the mistakes in a statement.
    """
    return isinstance(error, ProgrammingError) and bool(_sqlstate(error))


def _reason(error: SQLAlchemyError) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else None
    return str(cause).splitlines()[0][:200] if cause and str(cause) else type(error).__name__
