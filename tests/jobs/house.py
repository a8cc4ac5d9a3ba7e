"""The engine alone: a store, and a worker on a scripted upstream, without doors and without HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from bridge.contract import Action, Job, JobState, ReplyTo
from bridge.delivery.results import File, Told
from bridge.delivery.results import Telling as Result
from bridge.jobs.attempt import Manners, Runner
from bridge.jobs.claiming import ClaimItem, Claims
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.finishing import EndItem, Held
from bridge.jobs.limits import Limits
from bridge.jobs.migrate import migrate
from bridge.jobs.operating import Filter, Operator
from bridge.jobs.pace import Window
from bridge.jobs.store import ACCEPT_WITHIN_S, Store
from bridge.jobs.tables import deliveries, jobs
from bridge.jobs.telling import Teller
from bridge.jobs.worker import Worker
from bridge.settings import Jobs
from bridge.vault import Vault
from tests.jobs.toys import TOYS, Upstream

T = TypeVar("T")
FREE = Window(0, 1.0, source="configured")


@contextlib.asynccontextmanager
async def store_on(
    database_url: str,
    *,
    clock: Callable[[], float] = time.time,
    windows: Mapping[str, Window] | None = None,
    actions: Mapping[str, type[Action]] = TOYS,
    accept_within_s: float = ACCEPT_WITHIN_S,
) -> AsyncIterator[Store]:
    """An open store of the toys, on a migrated database."""
    engine = open_engine(parse_url(database_url))
    await asyncio.to_thread(migrate, engine)
    engine.dispose()
    store = Store(
        database_url,
        actions=actions,
        vault=Vault(["test"]),
        clock=clock,
        windows_assumed=windows or {},
        accept_within_s=accept_within_s,
    )
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@dataclass
class Engine:
    """A worker and what it told."""

    store: Store
    worker: Worker
    limits: Limits
    upstream: Upstream
    told: list[tuple[str, JobState, bool]] = field(default_factory=list)
    tell: Callable[[Job], Awaitable[Result]] | None = None

    @property
    def operator(self) -> Operator:
        return Operator(self.store)

    async def say(self, job: Job, *, repeated: bool, file: File | None) -> Result:
        del file
        result = await self.tell(job) if self.tell else Told("channel")
        if isinstance(result, Told):
            self.told.append((job.id, job.state, repeated))
        return result

    async def finished(self, count: int, *, within_s: float = 20.0) -> list[Job]:
        """Wait until so many jobs are finished and their deliveries settled."""

        async def ready() -> list[Job] | None:
            found = await all_jobs(self.store)
            if sum(job.finished_at is not None for job in found) < count:
                return None
            return found if not await open_deliveries(self.store) else None

        return await eventually(ready, within_s=within_s)


@contextlib.asynccontextmanager
async def working(
    store: Store,
    upstream: Upstream,
    *,
    start: bool = True,
    breaker_failures: int = 5,
    breaker_probe_s: float = 15.0,
    served: Container[str] | None = None,
    **settings: Any,
) -> AsyncIterator[Engine]:
    """A worker on this store."""
    values = {"lease_s": 1.0, "poll_s": 0.1, "drain_s": 2.0, "concurrency": 20} | settings
    chosen = Jobs(**values, breaker_failures=breaker_failures, breaker_probe_s=breaker_probe_s)
    limits = Limits(store, breaker_failures=breaker_failures, breaker_probe_s=breaker_probe_s)
    upstreams = {upstream.connection: upstream}
    made: list[Engine] = []

    async def say(job: Job, *, repeated: bool, file: File | None) -> Result:
        return await made[0].say(job, repeated=repeated, file=file)

    async def progress(job: Job) -> ReplyTo:
        return job.reply_to

    teller = Teller(
        store=store,
        ways={"slack": say, "callback": say},
        progress=progress,
        upstreams=upstreams,
        lease_s=chosen.lease_s,
        poll_s=chosen.poll_s,
    )
    worker = Worker(
        store=store,
        runner=lambda mine: Runner(
            store=store,
            upstreams=upstreams,
            actions=TOYS,
            limits=limits,
            manners=lambda _: Manners(),
            still_mine=mine,
        ),
        limits=limits,
        teller=teller,
        actions=TOYS,
        connections=frozenset(upstreams) if served is None else served,
        phrase=lambda outcome: outcome,
        settings=chosen,
        jitter=lambda: 0.5,
    )
    engine = Engine(store, worker, limits, upstream)
    made.append(engine)
    if start:
        await worker.start()
    try:
        yield engine
    finally:
        if start:
            await worker.stop()


async def eventually(look: Callable[[], Awaitable[T | None]], *, within_s: float = 20.0) -> T:
    """Poll until `look` finds something."""
    deadline = time.monotonic() + within_s
    while True:
        found = await look()
        if found is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not happen within {within_s} s")
        await asyncio.sleep(0.01)


async def holds(value: bool) -> bool:  # noqa: FBT001
    """For `eventually`, what can be seen without asking the store."""
    return value


async def all_jobs(store: Store) -> list[Job]:
    """Every job, oldest first."""
    page = await Operator(store).find(Filter(), limit=100_000)
    return page.jobs[::-1]


async def rows(store: Store) -> list[dict[str, Any]]:
    """Every row, oldest first."""

    def look(connection: Connection) -> list[dict[str, Any]]:
        found = connection.execute(select(jobs).order_by(jobs.c.seq)).mappings()
        return [dict(row) for row in found]

    return await store.read(look)


async def open_deliveries(store: Store) -> int:
    def look(connection: Connection) -> int:
        query = select(deliveries.c.id).where(deliveries.c.state.in_(("due", "telling")))
        return len(connection.execute(query).all())

    return await store.read(look)


async def claim(
    store: Store, owner: str = "me", capacity: int = 100, lease_s: float = 5.0, **more: Any
) -> Claims:
    """Claim as a worker would."""
    values: dict[str, Any] = {
        "people_in_a_row": {},
        "intends": lambda _: False,
        "connections": frozenset(("toy", "other")),
    } | more
    return await store.claim(
        ClaimItem(
            owner=owner,
            now=store.clock(),
            capacity=capacity,
            lease_s=lease_s,
            default_window=lambda name, _: store.windows_assumed.get(name, FREE),
            **values,
        )
    )


def ending(row: Mapping[str, Any], owner: str, state: str = "done", **values: Any) -> EndItem:
    """The end of a claimed row's attempt."""
    final = state in ("done", "refused", "unknown", "parked")
    columns = {
        "state": state,
        "phase": row["phase"],
        "run_at": None,
        "attempts": row["attempts"] + 1,
        "looks": 0,
        "sent_at": row["sent_at"],
        "pending_at": None,
        "finished_at": row["created_at"] if final else None,
        "memo": "{}",
        "outcome": '{"kind":"done","code":"ok","message":"ok"}' if final else None,
    }
    held = Held(row["seq"], owner, row["fence"])
    return EndItem(held, row["id"], row["lane"], columns | values, leaves_lane=final)
