"""The verbs that run a process: serve, worker, demo; and migrate, which prepares one."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bridge.cli.calling import payload_explainer
from bridge.cli.entry import report_errors, run, settings

if TYPE_CHECKING:
    from aiohttp import web

    from bridge.app import Bridge
    from bridge.settings import Settings

LINGER_S = 3.0  # how long the rest of a refused body is read, so that the answer is seen


@click.command()
@click.option("--no-worker", is_flag=True, help="Only take requests; workers run elsewhere.")
def serve(*, no_worker: bool) -> None:
    """Take requests, and work on them unless told otherwise."""
    loaded = settings()
    run(lambda: _serve(loaded, works=not no_worker))


@click.command()
def worker() -> None:
    """Only work on stored jobs (Postgres); on server.worker_port it says how it is."""
    loaded = settings()
    run(lambda: _work(loaded))


@click.command("migrate")
def migrate() -> None:
    """Bring the database to the schema of this release."""
    from bridge.jobs import migrate as migrations
    from bridge.jobs.database import open_engine, parse_url

    loaded = settings()
    revision = report_errors(
        lambda: migrations.migrate(open_engine(parse_url(loaded.database_url)))
    )
    click.echo(f"The database is at revision {revision}.")


async def _serve(loaded: Settings, *, works: bool) -> None:
    from bridge.app import Bridge

    if not works and loaded.database_url.startswith("sqlite"):
        raise click.ClickException(
            "A SQLite file serves one process, so nobody would work on its jobs."
            " Leave out --no-worker, or set DATABASE_URL to Postgres."
        )
    bridge = Bridge(loaded, works=works)
    await bridge.start()
    try:
        await _until_stopped(bridge, loaded.server.host, loaded.server.port)
    finally:
        await bridge.stop()


async def _work(loaded: Settings) -> None:
    from bridge.app import Bridge

    # not PORT: that is the web's, and a host may set it for every process
    port = loaded.server.worker_port or None
    bridge = Bridge(loaded, serves=False)
    await bridge.start()
    try:
        await _until_stopped(bridge, loaded.server.host, port)
    finally:
        await bridge.stop()


def freeze_startup_objects() -> None:
    """What start-up made stays as long as the process does: no garbage collection looks through it again.

    And a collection is worth its while after thousands of new objects: one job makes hundreds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)


def runner_of(bridge: Bridge) -> web.AppRunner:
    """The server. Its own default would hold an idle connection, or half a header, for an hour."""
    from aiohttp import web

    return web.AppRunner(
        bridge.web_app(),
        access_log=None,
        handle_signals=False,
        shutdown_timeout=2.0,
        keepalive_timeout=bridge.settings.server.idle_s,
        lingering_time=LINGER_S,
    )


async def _until_stopped(bridge: Bridge, host: str, port: int | None) -> None:
    from aiohttp import web

    runner = runner_of(bridge)
    await runner.setup()
    try:
        stop = _stop_signals()  # before the doors open: whoever sees them open may send one
        _reload_on_hangup(bridge)
        if port is not None:
            await web.TCPSite(runner, host, port).start()
            bridge.listening(runner.addresses[0][1])
        freeze_startup_objects()
        await stop.wait()
        await bridge.drain()  # the doors still answer: 503, and when to come again
    finally:
        await runner.cleanup()


def _reload_on_hangup(bridge: Bridge) -> None:
    """SIGHUP: read the settings again. One reload at a time; the loop keeps the task alive."""
    reloads: set[asyncio.Task[None]] = set()

    def hangup() -> None:
        if not reloads:
            task = asyncio.create_task(bridge.reload())
            reloads.add(task)
            task.add_done_callback(reloads.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hangup)


def _stop_signals() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


@click.command()
@click.option(
    "--port", default=None, type=int, help="The bridge's port; the playground's is one up."
)
@click.option("--open/--no-open", "opens", default=None, help="Open the playground in a browser.")
def demo(*, port: int | None, opens: bool | None) -> None:
    """Start the bridge with emulated Slack, Rocket.Chat and SuperOffice, and a playground."""
    Path("var").mkdir(exist_ok=True)
    run(lambda: _demo(port, opens=sys.stdout.isatty() if opens is None else opens))


async def _demo(port: int | None, *, opens: bool) -> None:
    from bridge.sandbox.child import Child, ChildEnded
    from bridge.sandbox.stack import Sandbox

    wanted = port if port is not None else int(os.environ.get("PORT") or 8080)
    bridge_port, page_port = _free_port(wanted), _free_port(wanted + 1)
    stop = _stop_signals()  # before the bridge runs: whoever ends this may not leave it behind
    async with contextlib.AsyncExitStack() as stack:
        # its own, new each time: the emulated systems begin anew too, and another demo may be running
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="demo-", dir="var"))
        sandbox = Sandbox()
        await sandbox.start(port=page_port, bridge_url=f"http://127.0.0.1:{bridge_port}")
        stack.push_async_callback(sandbox.stop)
        # what is exported may be a real bridge's: its jobs would be done by the emulators, and lost
        own = {
            "HOST": "127.0.0.1",
            "PORT": str(bridge_port),
            "PUBLIC_URL": f"http://127.0.0.1:{bridge_port}",
            "DATABASE_URL": f"sqlite:///{Path(folder, 'demo.db')}",
            **sandbox.environment(),
        }
        for name in own:
            os.environ.pop(f"{name}_FILE", None)
        os.environ |= {"BRIDGE_LOG_LEVEL": "warning", **os.environ, **own}
        loaded = settings()
        sandbox.command_names = loaded.slack.commands
        explain = payload_explainer(loaded)
        sandbox.explain = lambda name, headers, body: explain(name, headers, body).as_json()
        sandbox.child = Child(os.environ, bridge_port, sandbox.slack.notify)
        stack.push_async_callback(sandbox.child.stop)
        try:
            await sandbox.child.start()
        except ChildEnded as error:
            raise click.ClickException(str(error)) from None
        click.echo(_welcome(sandbox.url, f"http://127.0.0.1:{bridge_port}"))
        if opens:
            webbrowser.open(sandbox.url)
        freeze_startup_objects()
        await stop.wait()


def _welcome(playground_url: str, bridge_url: str) -> str:
    from bridge.sandbox.rocketchat import seed
    from bridge.sandbox.stack import API_TOKEN

    return f"""
  Playground   {playground_url}
  API          {bridge_url}/docs
  Console      {bridge_url}/console   (sign in with {API_TOKEN})

  Type in the playground, for example:

    /close {seed.OPEN_SERVED} all solved
    /transcript {seed.CLOSED_WITH_PDF}
    /export file {seed.CLOSED_PLAIN}
    /transfer 648 anna@example.com
    /bridge help

  Ctrl-C ends it.
"""


def _free_port(wanted: int) -> int:
    """The wanted port, or any free one when somebody has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
