"""Jobs finished per second, durable, against the same flows in plain asyncio.

Run: `python -m tests.bench.engine [--quick]`. Each job makes two HTTP calls to a stub in another process
that answers after about 5 ms. The ceiling runs the same flows through the same upstream client with no
store at all, in turns with ours: on asyncio's own loop, by which the goal is set, and on uvloop, on which the
bridge runs; the latter ratio is what durability costs. Rounds in which other processes used
the cores are not judged by: they slow the ceiling more than ours and flatter the ratio. On SQLite with synchronous=FULL and
on Postgres; here neither is pinned to a core, for the writer's thread has work of its own.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop
from sqlalchemy import Connection, func, select, text

from bridge.actions import catalogue
from bridge.cli.serving import freeze_startup_objects
from bridge.contract import Action, Asker, Context, ReplyTo, Upstream
from bridge.jobs.attempt import Manners, Runner
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.intake import Launch
from bridge.jobs.limits import Limits
from bridge.jobs.migrate import migrate
from bridge.jobs.pace import Window
from bridge.jobs.store import Store
from bridge.jobs.tables import ACTIVE, jobs
from bridge.jobs.telling import Teller
from bridge.jobs.worker import Worker
from bridge.outbound import Outbound
from bridge.settings import Jobs, RocketChat
from bridge.settings import Outbound as OutboundSettings
from bridge.upstreams import connect
from bridge.vault import Vault
from tests.bench import report
from tests.bench.postgres import fresh, server
from tests.bench.quiet import MOST_FOREIGN, watched
from tests.bench.report import Effort, Line, median
from tests.bench.servers import serving

CONCURRENCY = 50
ACTION = "rocketchat.close_room"


def launches(actions: Mapping[str, type[Action]], count: int) -> list[Launch]:
    asker = Asker("api", "key:bench")
    return [
        Launch(
            actions[ACTION].model_validate({"rid": f"room{number}", "comment": "bench"}),
            "rocketchat",
            asker,
            ReplyTo(),
        )
        for number in range(count)
    ]


async def ceiling(upstream: Upstream, wishes: list[Launch]) -> float:
    """Jobs per second with no store."""
    gate = asyncio.Semaphore(CONCURRENCY)

    async def one(launch: Launch) -> None:
        async with gate:
            flow = launch.action.flow(Context(launch.asker, time.time()))
            try:
                request = next(flow)
                while True:
                    request = flow.send(await upstream.send(request))
            except StopIteration:
                return

    started = time.perf_counter()
    await asyncio.gather(*(one(launch) for launch in wishes))
    return len(wishes) / (time.perf_counter() - started)


@asynccontextmanager
async def engine(database_url: str, upstream: Upstream) -> AsyncIterator[tuple[Store, Worker]]:
    actions = catalogue()
    migrate(open_engine(parse_url(database_url)))
    store = Store(
        database_url,
        actions=actions,
        vault=Vault(["bench"]),
        windows_assumed={"rocketchat": Window(0, 60.0, source="configured")},
    )
    await store.open()
    limits = Limits(store, breaker_failures=5, breaker_probe_s=15)
    upstreams = {"rocketchat": upstream}

    async def no_progress(job: object) -> ReplyTo:
        del job
        return ReplyTo()

    teller = Teller(
        store=store, ways={}, progress=no_progress, upstreams=upstreams, lease_s=8, poll_s=2
    )
    worker = Worker(
        store=store,
        runner=lambda mine: Runner(
            store=store,
            upstreams=upstreams,
            actions=actions,
            limits=limits,
            manners=lambda _: Manners(),
            still_mine=mine,
        ),
        limits=limits,
        teller=teller,
        actions=actions,
        connections=frozenset(upstreams),
        phrase=lambda outcome: outcome,
        settings=Jobs(concurrency=CONCURRENCY),
    )
    await worker.start()
    try:
        yield store, worker
    finally:
        await worker.stop()
        await store.close()


async def durable(store: Store, worker: Worker, wishes: list[Launch]) -> tuple[float, float]:
    """(accepts per second, jobs finished per second).

    The end is read from the table: on Postgres a process also hears its own notifications, so counting
    announced changes stops the clock while most jobs are still queued. It is not asked while the worker is
    busy, because each look takes the interpreter's lock from what is measured.
    """
    before = await store.read(_done)
    started = time.perf_counter()
    await asyncio.gather(*(store.accept([launch]) for launch in wishes))
    accepted = time.perf_counter()
    while worker.busy or await store.read(_is_busy):  # noqa: ASYNC110 - the table is asked, nothing announces it
        await asyncio.sleep(0.01)
    ended = time.perf_counter()
    done = await store.read(_done) - before
    if done != len(wishes):
        raise RuntimeError(f"{done} of {len(wishes)} jobs are done")
    return len(wishes) / (accepted - started), len(wishes) / (ended - started)


def _is_busy(connection: Connection) -> bool:
    return connection.scalar(select(jobs.c.seq).where(text(ACTIVE)).limit(1)) is not None


def _done(connection: Connection) -> int:
    query = select(func.count()).select_from(jobs).where(jobs.c.state == "done")
    return connection.scalar(query) or 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One round: per second, and the CPU of this process per job in microseconds."""

    plain: float  # no store, asyncio's own loop
    top: float  # no store, uvloop
    accepts: float
    finished: float
    top_cpu_us: float
    cpu_us: float
    foreign: float


def measure(
    database_url: str, desk: str, count: int, rounds: int, servers: Sequence[str]
) -> list[Turn]:
    """Both ceilings and ours, in turns."""
    wishes = launches(catalogue(), count)
    turns = []
    with (
        asyncio.Runner() as plain,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as fast,
    ):
        beside, own = AsyncExitStack(), AsyncExitStack()
        other = plain.run(beside.enter_async_context(client(desk)))
        upstream = fast.run(own.enter_async_context(client(desk)))
        store, worker = fast.run(own.enter_async_context(engine(database_url, upstream)))
        plain.run(ceiling(other, wishes[:200]))
        fast.run(ceiling(upstream, wishes[:200]))
        fast.run(durable(store, worker, wishes[:200]))
        freeze_startup_objects()
        for _ in range(rounds):
            with watched(servers) as seen:
                slow = plain.run(ceiling(other, wishes))
                begun = time.process_time()
                top = fast.run(ceiling(upstream, wishes))
                between = time.process_time()
                accepts, finished = fast.run(durable(store, worker, wishes))
                ended = time.process_time()
            cpu = (1e6 * (between - begun) / count, 1e6 * (ended - between) / count)
            turns.append(Turn(slow, top, accepts, finished, *cpu, seen.foreign))
        fast.run(own.aclose())
        plain.run(beside.aclose())
    return turns


@asynccontextmanager
async def client(desk: str) -> AsyncIterator[Upstream]:
    """The upstream's client that everybody here calls with."""
    settings = RocketChat.model_validate({"url": desk, "user_id": "u", "auth_token": "t"})
    async with Outbound(OutboundSettings()) as outbound:
        yield connect("rocketchat", settings, outbound)


def bench(effort: Effort) -> list[Line]:
    count, rounds = effort.choose((50, 1), (500, 4), (2000, 9))
    lines: list[Line] = []
    with tempfile.TemporaryDirectory() as name, serving("upstream") as port:
        folder, desk = Path(name), f"http://127.0.0.1:{port}"
        with server(folder) as database:
            for store, goal, url in (
                ("SQLite", 0.5, f"sqlite:///{folder / 'bench.db'}"),
                ("Postgres", 0.4, fresh(database)),
            ):
                turns = measure(url, desk, count, rounds, [str(folder)])
                lines += _lines(store, goal, turns)
    return lines


def _lines(store: str, goal: float, turns: Sequence[Turn]) -> list[Line]:
    """Judged by quiet rounds only, and not at all when there are fewer than three of them."""
    quiet = [turn for turn in turns if turn.foreign <= MOST_FOREIGN]
    used = quiet or turns
    finished, plain = median(turn.finished for turn in used), median(turn.plain for turn in used)
    ratio = median(turn.finished / turn.plain for turn in used)
    said = f"{len(quiet)} of {len(turns)} rounds quiet"
    judged = len(quiet) >= 3
    cpu, top_cpu = median(turn.cpu_us for turn in used), median(turn.top_cpu_us for turn in used)
    return [
        Line(
            "engine",
            f"{store}: jobs finished",
            finished,
            "/s",
            plain,
            ratio,
            f"≥ {goal}" if judged else f"≥ {goal}: too noisy to judge",
            ratio >= goal if judged else None,
            against="no store, asyncio",
            note=said,
        ),
        Line(
            "engine",
            f"{store}: jobs finished, both on uvloop",
            finished,
            "/s",
            median(turn.top for turn in used),
            median(turn.finished / turn.top for turn in used),
            against="no store, uvloop",
        ),
        Line(
            "engine",
            f"{store}: CPU per job",
            cpu,
            "us",
            top_cpu,
            cpu / top_cpu,
            against="no store, uvloop",
        ),
        Line(
            "engine",
            f"{store}: accepts in one burst",
            median(turn.accepts for turn in used),
            "/s",
        ),
    ]


if __name__ == "__main__":
    report.run("engine", bench, __doc__ or "")
