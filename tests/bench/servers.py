"""What is measured and what it is measured against, each a process on the server's core.

`serving(kind, …)` starts one of `KINDS` and gives its port. The baselines keep nothing: `bare` is an
aiohttp handler that parses the same JSON, `bolt` is slack-bolt's `AsyncApp` as its documentation wires it.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import logging
import multiprocessing
import os
import signal
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import uvloop
from aiohttp import web

from bridge.sandbox.slack import seed as slack_seed
from tests.bench.load import LOAD_CORE, SERVER_CORE, pin
from tests.world import API_TOKEN

STARTS_WITHIN_S = 60
SETTLES_WITHIN_S = 120


@asynccontextmanager
async def bare(_: Mapping[str, Any]) -> AsyncIterator[web.Application]:
    """aiohttp alone: read the body, parse it, answer."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.json()
        return web.json_response({"id": "0", "fields": len(body)}, status=202)

    app = web.Application()
    app.router.add_post("/api/v1/actions/{action}", handle)
    yield app


@asynccontextmanager
async def bolt(options: Mapping[str, Any]) -> AsyncIterator[web.Application]:
    """slack-bolt's default: a static token, four commands, an ack with a text."""
    from slack_bolt.async_app import AsyncAck, AsyncApp
    from slack_sdk.web.async_client import AsyncWebClient

    client = AsyncWebClient(slack_seed.BOT_TOKEN, base_url=options["slack_api"])
    app = AsyncApp(client=client, signing_secret=slack_seed.SIGNING_SECRET)

    async def typed(ack: AsyncAck) -> None:
        await ack("Working on it ...")

    for name in ("/transcript", "/export", "/transfer", "/close"):
        app.command(name)(typed)
    yield app.server(path="/slack/events").web_app


@asynccontextmanager
async def bridge(options: Mapping[str, Any]) -> AsyncIterator[web.Application]:
    """The bridge as `serve` puts it together; its log goes to a file, as in production."""
    from bridge import log
    from bridge.app import Bridge
    from bridge.cli.serving import freeze_startup_objects
    from tests.world import settings_for

    with Path(options["log"]).open("a", encoding="utf-8") as lines:  # noqa: ASYNC230 - before it serves
        log.configure("info", "json", stream=lines)
        settings = settings_for(
            options["slack_api"].removesuffix("/api/"),
            options["upstream"],
            options["upstream"],
            options["database_url"],
            jobs={"drain_s": 0.5},  # an upstream that hangs is not waited for at the end
            connections__rocketchat__pace_limit=options.get("pace_limit", 0),
        )
        made = Bridge(settings, works=options.get("works", True))
        await made.start()
        app = made.web_app()
        freeze_startup_objects()
        yield app
        await made.stop()


@asynccontextmanager
async def upstream(_: Mapping[str, Any]) -> AsyncIterator[web.Application]:
    """A Rocket.Chat that says yes to everything after 5 ms."""

    async def close(_: web.Request) -> web.Response:
        await asyncio.sleep(0.005)
        return web.json_response({"success": True})

    async def info(_: web.Request) -> web.Response:
        await asyncio.sleep(0.005)
        room = {"_id": "r", "t": "l", "closedAt": "2026-01-01T00:00:00.000Z", "closer": "user"}
        return web.json_response({"room": room, "success": True})

    app = web.Application()
    app.router.add_post("/api/v1/livechat/room.closeByUser", close)
    app.router.add_get("/api/v1/rooms.info", info)
    yield app


@asynccontextmanager
async def nobody(_: Mapping[str, Any]) -> AsyncIterator[web.Application]:
    """Takes every request and never answers: an upstream, or a Slack, that hangs."""

    async def hang(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hang)
    yield app


@asynccontextmanager
async def slack(_: Mapping[str, Any]) -> AsyncIterator[web.Application]:
    """The sandbox's Slack."""
    from bridge.sandbox.slack import Slack

    yield Slack().app()


Factory = Callable[[Mapping[str, Any]], AbstractAsyncContextManager[web.Application]]
KINDS: dict[str, Factory] = {
    "bare": bare,
    "bolt": bolt,
    "bridge": bridge,
    "upstream": upstream,
    "nobody": nobody,
    "slack": slack,
}
BESIDES = frozenset(("upstream", "nobody", "slack"))  # these run beside the load


@contextmanager
def serving(kind: str, **options: Any) -> Iterator[int]:
    """The port of a server in a process of its own."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(kind, options, there), daemon=True)
    process.start()
    there.close()
    try:
        if not here.poll(STARTS_WITHIN_S):
            raise TimeoutError(f"{kind} did not start")
        yield here.recv()
    finally:
        if process.pid is not None and process.is_alive():
            os.kill(process.pid, signal.SIGTERM)
        process.join(10)
        if process.is_alive():
            process.kill()


def settled(port: int) -> None:
    """Wait until this bridge's worker has nothing left to do, so that the next wave meets it idle."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/jobs?state=queued,running,waiting&limit=1",
        headers={"Authorization": f"Bearer {API_TOKEN}"},
    )
    deadline = time.monotonic() + SETTLES_WITHIN_S
    while time.monotonic() < deadline:
        with urllib.request.urlopen(request) as answer:
            if not json.load(answer)["jobs"]:
                return
        time.sleep(0.1)
    raise TimeoutError("the worker does not come to an end")


def _serve(kind: str, options: Mapping[str, Any], tell: Connection) -> None:
    pin(LOAD_CORE if kind in BESIDES else SERVER_CORE)
    logging.getLogger("aiohttp.server").setLevel(
        logging.CRITICAL
    )  # clients here break off on purpose
    with _profiled(options.get("profile", "")):
        run = uvloop.run if kind == "bridge" else asyncio.run  # as each is started by itself
        run(_until_stopped(KINDS[kind], options, tell))


@contextmanager
def _profiled(file: str) -> Iterator[None]:
    if not file:
        yield
        return
    with cProfile.Profile() as profile:
        yield
    profile.dump_stats(file)


async def _until_stopped(factory: Factory, options: Mapping[str, Any], tell: Connection) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with factory(options) as app:
        runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=0.1,
            keepalive_timeout=75,  # as `web.run_app` has it
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        tell.send(runner.addresses[0][1])
        await stop.wait()
        await runner.cleanup()
