"""The `bridge` command: one verb a task, each with its own help.

Heavy rooms are imported by the verb that needs them, so that help and checks answer at once. What an
operator must read goes to standard output; errors are sentences on standard error with exit code 2.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bridge.app import Bridge
    from bridge.settings import Settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="deskbridge", prog_name="bridge")
def main() -> None:
    """Deskbridge: from Slack commands and webhooks to Rocket.Chat and SuperOffice, and back."""


@main.command()
@click.option("--no-worker", is_flag=True, help="Only take requests; workers run elsewhere.")
def serve(*, no_worker: bool) -> None:
    """Take requests, and work on them unless told otherwise."""
    settings = _settings()
    _run(lambda: _serve(settings, works=not no_worker))


@main.command()
def worker() -> None:
    """Only work on stored jobs (Postgres)."""
    settings = _settings()
    _run(lambda: _work(settings))


@main.command("migrate")
def migrate_command() -> None:
    """Bring the database to the schema of this release."""
    from bridge.jobs.database import open_engine, parse_url
    from bridge.jobs.migrate import migrate

    settings = _settings()
    revision = _sentence(lambda: migrate(open_engine(parse_url(settings.database_url))))
    click.echo(f"The database is at revision {revision}.")


async def _serve(settings: Settings, *, works: bool) -> None:
    from bridge.app import Bridge

    if not works and settings.database_url.startswith("sqlite"):
        raise click.ClickException(
            "A SQLite file serves one process, so nobody would work on its jobs."
            " Leave out --no-worker, or set DATABASE_URL to Postgres."
        )
    bridge = Bridge(settings, works=works)
    await bridge.start()
    try:
        server = settings.server
        await _until_stopped(bridge, server.host, server.port)
    finally:
        await bridge.stop()


async def _work(settings: Settings) -> None:
    from bridge.app import Bridge

    bridge = Bridge(settings, serves=False)
    await bridge.start()
    try:
        await _signal()
    finally:
        await bridge.stop()


async def _until_stopped(bridge: Bridge, host: str, port: int) -> None:
    from aiohttp import web

    runner = web.AppRunner(bridge.web_app(), access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bridge.listening(runner.addresses[0][1])
        await _signal()
        bridge.refuse_work()
    finally:
        await runner.cleanup()


async def _signal() -> None:
    """Wait for SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


def _settings() -> Settings:
    from bridge import log
    from bridge.settings import SettingsError, load

    try:
        settings = load()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    log.configure(settings.log.level, settings.log.format)
    return settings


def _sentence(work: Callable[[], Any]) -> Any:
    """Run `work`; what an operator can mend becomes a sentence."""
    from sqlalchemy.exc import SQLAlchemyError

    from bridge.jobs.database import DatabaseError

    try:
        return work()
    except DatabaseError as error:
        raise click.ClickException(str(error)) from None
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        raise click.ClickException(f"The database cannot be used: {reason}") from None
    except OSError as error:
        raise click.ClickException(f"{error.strerror or error}") from None


def _run(work: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        await work()

    _sentence(lambda: asyncio.run(run()))
    sys.exit(0)
