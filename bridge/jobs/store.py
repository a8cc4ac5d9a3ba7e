"""The store: what doors, workers and operators ask of the database, one method per wish.

Writes go through the group-committing `Writer`; reads have a connection and a thread of their own.
On Postgres that reading connection also listens for notifications, so a process needs two
connections in all.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from bridge.contract import Action, Job, Repeat
from bridge.jobs import accepting, claiming, counting, finishing, leases, windows
from bridge.jobs.database import FileLock, durability, is_sqlite, open_engine, parse_url
from bridge.jobs.intake import Accepted, Key, KeyConflict, Launch, NotStored
from bridge.jobs.locking import lock_first
from bridge.jobs.notifications import WORK, Notifications
from bridge.jobs.pace import Window
from bridge.jobs.rows import as_readable, new_job, to_row
from bridge.jobs.tables import jobs
from bridge.jobs.writer import Batch, StoreDown, Undecided, Writer
from bridge.vault import Vault

log = structlog.get_logger()
T = TypeVar("T")

RANK_FINISH, RANK_ACCEPT, RANK_OTHER, RANK_CLAIM = 0, 2, 5, 9
ACCEPT_WITHIN_S = 10.0  # a database that hangs must not keep a sender waiting for ever
FLOW_STEP = 1.0  # how far apart a flow's jobs are ranked: a burst is overtaken by its neighbours


class Store:
    """One process's access to the database."""

    def __init__(
        self,
        database_url: str,
        *,
        actions: Mapping[str, type[Action]],
        vault: Vault,
        clock: Callable[[], float] = time.time,
        join_window_s: float = 45.0,
        accept_within_s: float = ACCEPT_WITHIN_S,
        windows_assumed: Mapping[str, Window] = MappingProxyType({}),
    ) -> None:
        """`windows_assumed`: per connection, the pace of a route that nothing is known about yet."""
        self._url = parse_url(database_url)
        self._actions = actions
        self.vault = vault
        self.clock = clock
        self._join_window_s = join_window_s
        self._within_s = accept_within_s
        self.windows_assumed = windows_assumed
        self._lock = FileLock(self._url)
        self._engine = open_engine(self._url)
        self._read_engine: Engine = open_engine(self._url, autocommit=True)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._read_connection: Connection | None = None
        self._writer: Writer | None = None
        self._last_rank: dict[tuple[str, str], float] = defaultdict(float)
        self._wakers: set[Callable[[], None]] = set()
        self._watchers: set[Callable[[str], None]] = set()
        self._notifications: Notifications | None = None
        self.draining = False

    @property
    def never_repeated(self) -> list[str]:
        """The actions whose lost calls only a person may send again."""
        return [
            name for name, action in self._actions.items() if action.repeat is Repeat.NEVER_REPEAT
        ]

    @property
    def embedded(self) -> bool:
        return is_sqlite(self._url)

    @property
    def healthy(self) -> bool:
        return self._writer is not None and self._writer.healthy

    def durability(self) -> tuple[bool, str]:
        """(accepted jobs survive this host, in words)."""
        return durability(self._url)

    async def open(self, *, works: bool = True) -> None:
        """Take the file's lock, start the writer, and on Postgres listen. Raises `DatabaseError`.

        `works` False: only look and mend, beside the process that works an embedded file.
        """
        loop = asyncio.get_running_loop()
        if self.embedded and works:
            self._lock.acquire()
        self._writer = Writer(self._engine, lock_first)
        if self.embedded and works:
            lost = await self._do(leases.sweep, leases.Sweep(self.clock(), everything=True))
            if lost:
                log.info("jobs.orphans_found", jobs=lost)
        elif not self.embedded:
            self._notifications = Notifications(loop, self._reader.submit, self._heard)
            await self.read(lambda _: None)

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer.close()
        await asyncio.get_running_loop().run_in_executor(self._reader, self._disconnect_reader)
        self._reader.shutdown(wait=True)
        self._lock.release()
        self._engine.dispose()
        self._read_engine.dispose()

    # -- the doors ---------------------------------------------------------------------------------

    @counting.accepts
    async def accept(
        self, launches: Sequence[Launch], *, key: Key | None = None, join: bool = False
    ) -> list[Accepted]:
        """See `Intake.accept`."""
        if self.draining:
            raise NotStored("The bridge is restarting.", retry_after_s=5)
        now = self.clock()
        new = [new_job(launch, now) for launch in launches]
        rows = [
            to_row(job, self._actions[job.action], self.vault, rank=self._rank(job, now))
            for job in new
        ]
        item = accepting.AcceptItem(
            rows=rows,
            scope=new[0].asker.scope,
            now=now,
            key=key,
            join_since=now - self._join_window_s if join else None,
            default_window=self._default_window(new[0]) if new[0].asker.is_person else None,
        )
        try:
            result = await self._do(
                accepting.accept, item, rank=RANK_ACCEPT, droppable=True, within_s=self._within_s
            )
        except StoreDown as error:
            reason = f"The store cannot be written: {error}"
            raise NotStored(reason, unsure=error.unsure) from None
        except TimeoutError as error:
            unsure = isinstance(error, Undecided)
            raise NotStored("The store does not answer.", unsure=unsure) from None
        if isinstance(result, KeyConflict):
            raise result
        if result.found:
            found = [as_readable(row, self.vault) for row in result.found]
            return [Accepted(job, result.repeated, result.joined) for job in found]
        self.wake()
        for job in new:
            self.changed(job.id)
        return [Accepted(job, wait_s=result.wait_s) for job in new]

    # -- the worker --------------------------------------------------------------------------------

    async def claim(self, item: claiming.ClaimItem) -> claiming.Claims:
        claims: claiming.Claims = await self._do(
            claiming.claim, item, rank=RANK_CLAIM, droppable=True
        )
        return claims

    async def end(self, item: finishing.EndItem) -> bool:
        return bool(await self._do(finishing.end, item, rank=RANK_FINISH))

    async def note(self, item: finishing.NoteItem) -> bool:
        return bool(await self._do(finishing.note, item, rank=RANK_FINISH))

    async def told(self, item: finishing.ToldItem) -> bool:
        return bool(await self._do(finishing.told, item, rank=RANK_FINISH))

    async def beat(
        self, owner: str, lease_s: float, held: Collection[int], telling: Collection[str] = ()
    ) -> set[int]:
        """Renew the leases of what is really held; the jobs that still are."""
        item = leases.Beat(owner, self.clock(), lease_s, held, telling)
        still: set[int] = await self._do(leases.beat, item)
        if self._notifications is not None and not self._notifications.listening:
            with contextlib.suppress(StoreDown):
                await self.read(lambda _: None)  # connects again, and listens
        return still

    async def sweep(self, held: Collection[int] = (), telling: Collection[str] = ()) -> int:
        """Take back what silent workers held, but not what the caller holds itself."""
        item = leases.Sweep(self.clock(), jobs=held, deliveries=telling)
        return int(await self._do(leases.sweep, item))

    async def take_call(self, item: windows.Take) -> windows.Taken:
        taken: windows.Taken = await self._do(windows.take, item)
        return taken

    async def learn_window(self, item: windows.Learn) -> Window:
        window: Window = await self._do(windows.learn, item)
        return window

    async def give_back_call(self, item: windows.GiveBack) -> None:
        await self._do(windows.give_back, item)

    # -- everybody ---------------------------------------------------------------------------------

    async def write(self, change: Callable[[Connection], T], *, alone: bool = False) -> T:
        """Run `change` in a transaction of the writer, `alone` if it locks. Raises `StoreDown`."""

        def batch(connection: Connection, _: Sequence[Any]) -> Sequence[T]:
            return [change(connection)]

        result: T = await self._do(batch, None, alone=alone)
        return result

    async def read(self, look: Callable[[Connection], T]) -> T:
        """Run `look` on the reading connection. Raises `StoreDown`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reader, self._read, look)

    async def get(self, job_id: str, *, scope: str | None = None) -> Job | None:
        """One job; `scope` hides what belongs to somebody else."""

        def look(connection: Connection) -> Job | None:
            query = select(jobs).where(jobs.c.id == job_id)
            if scope is not None:
                query = query.where(jobs.c.scope == scope)
            row = connection.execute(query).mappings().one_or_none()
            return as_readable(dict(row), self.vault) if row else None

        return await self.read(look)

    def on_work(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` whenever there may be new work; returns how to stop that."""
        self._wakers.add(wake)
        return lambda: self._wakers.discard(wake)

    def on_change(self, watch: Callable[[str], None]) -> Callable[[], None]:
        """Call `watch` with a job's id whenever it changed; returns how to stop that."""
        self._watchers.add(watch)
        return lambda: self._watchers.discard(watch)

    def wake(self) -> None:
        for wake in list(self._wakers):
            wake()

    def changed(self, job_id: str) -> None:
        for watch in list(self._watchers):
            watch(job_id)

    # -- inside ------------------------------------------------------------------------------------

    async def _do(self, batch: Batch, value: Any, *, rank: int = RANK_OTHER, **how: Any) -> Any:
        if self._writer is None:
            raise StoreDown("the store is not open")
        return await self._writer.do(batch, value, rank=rank, **how)

    def _heard(self, words: list[str]) -> None:
        self.wake()
        for job_id in words:
            if job_id != WORK:
                self.changed(job_id)

    def _default_window(self, job: Job) -> Window:
        return self.windows_assumed.get(job.connection, Window(0, 1.0, source="configured"))

    def _rank(self, job: Job, now: float) -> float:
        flow = (f"{job.connection}:{job.action}", job.asker.scope)
        rank = max(now, self._last_rank[flow] + FLOW_STEP)
        self._last_rank[flow] = rank
        return rank

    def _read(self, look: Callable[[Connection], T]) -> T:
        if self._notifications is not None and not self._notifications.listening:
            self._disconnect_reader()
        try:
            if self._read_connection is None:
                self._read_connection = self._read_engine.connect()
                if self._notifications is not None:
                    self._notifications.attach(self._read_connection)
            with self._read_connection.begin():
                return look(self._read_connection)
        except SQLAlchemyError as error:
            self._disconnect_reader()
            raise StoreDown(type(error).__name__) from error

    def _disconnect_reader(self) -> None:
        if self._read_connection is not None:
            if self._notifications is not None:
                self._notifications.detach()
            try:
                self._read_connection.invalidate()
                self._read_connection.close()
            except SQLAlchemyError:
                pass
            self._read_connection = None
