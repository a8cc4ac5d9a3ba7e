"""Jobs finished per second, durable, against the same flows in plain asyncio.

Run: `python -m tests.bench.engine [--jobs 2000] [--store sqlite|postgres]`. Each job makes two HTTP
calls to a stub in another process that answers after about 5 ms. The ceiling runs the same flows
through the same upstream client with no store at all; the ratio is what durability costs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from aiohttp import web

from bridge.actions import catalogue
from bridge.contract import Action, Asker, Context, ReplyTo, Upstream
from bridge.jobs.attempt import Manners, Runner
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.intake import Launch
from bridge.jobs.limits import Limits
from bridge.jobs.migrate import migrate
from bridge.jobs.pace import Window
from bridge.jobs.store import Store
from bridge.jobs.telling import Teller
from bridge.jobs.worker import Worker
from bridge.outbound import Outbound
from bridge.settings import Jobs, RocketChat
from bridge.settings import Outbound as OutboundSettings
from bridge.upstreams import connect
from bridge.vault import Vault

CONCURRENCY = 50
ACTION = "rocketchat.close_room"


def stub(port: multiprocessing.Queue[int]) -> None:
    """A Rocket.Chat that says yes to everything after 5 ms."""

    async def close(_: web.Request) -> web.Response:
        await asyncio.sleep(0.005)
        return web.json_response({"success": True})

    async def info(_: web.Request) -> web.Response:
        await asyncio.sleep(0.005)
        room = {"_id": "r", "t": "l", "closedAt": "2026-01-01T00:00:00.000Z", "closer": "user"}
        return web.json_response({"room": room, "success": True})

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/api/v1/livechat/room.closeByUser", close)
        app.router.add_get("/api/v1/rooms.info", info)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port.put(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


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
async def engine(database_url: str, upstream: Upstream) -> AsyncIterator[Store]:
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
        yield store
    finally:
        await worker.stop()
        await store.close()


async def durable(store: Store, wishes: list[Launch]) -> tuple[float, float]:
    """(accepts per second, jobs finished per second)."""
    changes = 0
    finished = asyncio.Event()

    def watch(_: str) -> None:
        nonlocal changes
        changes += 1
        if changes == 2 * len(wishes):  # each job: accepted, ended
            finished.set()

    forget = store.on_change(watch)
    started = time.perf_counter()
    await asyncio.gather(*(store.accept([launch]) for launch in wishes))
    accepted = time.perf_counter()
    await finished.wait()
    ended = time.perf_counter()
    forget()
    return len(wishes) / (accepted - started), len(wishes) / (ended - started)


async def measure(database_url: str, jobs: int, rounds: int) -> dict[str, float]:
    ports: multiprocessing.Queue[int] = multiprocessing.Queue()
    process = multiprocessing.Process(target=stub, args=(ports,), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{ports.get()}"
    outbound = Outbound(OutboundSettings())
    upstream = connect(
        "rocketchat",
        RocketChat.model_validate({"url": url, "user_id": "u", "auth_token": "t"}),
        outbound,
    )
    wishes = launches(catalogue(), jobs)
    rows = []
    async with engine(database_url, upstream) as store:
        await ceiling(upstream, wishes[:200])
        for _ in range(rounds):
            top = await ceiling(upstream, wishes)
            accepts, finished = await durable(store, wishes)
            rows.append((top, accepts, finished, finished / top))
    await outbound.close()
    process.terminate()
    names = ("ceiling_jobs_s", "accepts_s", "durable_jobs_s", "ratio")
    return {
        name: round(statistics.median(row[place] for row in rows), 2)
        for place, name in enumerate(names)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database-url", default="")
    options = parser.parse_args()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        cache_logger_on_first_use=True,
    )
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {0, 1})
    with tempfile.TemporaryDirectory() as folder:
        url = options.database_url or f"sqlite:///{Path(folder) / 'bench.db'}"
        print(json.dumps(asyncio.run(measure(url, options.jobs, options.rounds))))  # noqa: T201


if __name__ == "__main__":
    main()
