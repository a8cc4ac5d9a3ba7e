"""A whole world in one process for a test: the three emulators and a bridge, on real HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from bridge.app import Bridge
from bridge.contract import FINAL_STATES, Action, Job
from bridge.jobs.operating import Filter
from bridge.sandbox.emulator import Emulator
from bridge.sandbox.rocketchat import RocketChat
from bridge.sandbox.rocketchat import seed as rocketchat_seed
from bridge.sandbox.rocketchat.gate import Route
from bridge.sandbox.rocketchat.routes import ROUTES
from bridge.sandbox.slack import Slack
from bridge.sandbox.slack import seed as slack_seed
from bridge.sandbox.superoffice import SuperOffice
from bridge.settings import Settings

API_TOKEN = "test-api-token-0123456789"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


async def serve(app: web.Application, stack: AsyncExitStack) -> str:
    """Serve on a free loopback port; its address."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


class World:
    """The emulators, the bridge, and how to wait for what happens between them."""

    slack: Slack
    rocketchat: RocketChat
    superoffice: SuperOffice
    bridge: Bridge
    url: str
    rocketchat_url: str

    async def stop(self) -> None:
        """Stop the bridge that stands there now; a test may have put another one in its place."""
        await self.bridge.stop()

    async def jobs(self, **which: Any) -> list[Job]:
        return (await self.bridge.operator.find(Filter(**which), limit=1000)).jobs

    async def finished(self, count: int = 1, *, within_s: float = 10.0) -> list[Job]:
        """Wait until so many jobs have ended and were told; all of them, newest first."""
        deadline = time.monotonic() + within_s
        while True:
            jobs = await self.jobs()
            ended = [job for job in jobs if job.finished_at or job.state in FINAL_STATES]
            told = [await self._told(job) for job in ended]
            if len(ended) >= count and all(told):
                return jobs
            if time.monotonic() > deadline:
                states = [(job.action, job.state, job.outcome) for job in jobs]
                raise AssertionError(f"not finished within {within_s} s: {states}")
            await asyncio.sleep(0.01)

    async def _told(self, job: Job) -> bool:
        _, deliveries = await self.bridge.operator.history(job.id)
        return all(delivery["state"] in ("told", "kept") for delivery in deliveries)


def settings_for(
    slack_url: str, rocketchat_url: str, superoffice_url: str, database_url: str, **more: Any
) -> Settings:
    """Settings that point a bridge at the emulators."""
    values: dict[str, Any] = {
        "database_url": database_url,
        "server": {"host": "127.0.0.1", "port": 0},
        "slack": {
            "signing_secret": slack_seed.SIGNING_SECRET,
            "bot_token": slack_seed.BOT_TOKEN,
            "api_url": f"{slack_url}/api/",
            "response_hosts": [slack_url.removeprefix("http://")],
        },
        "connections": {
            "rocketchat": {
                "kind": "rocketchat",
                "url": rocketchat_url,
                "user_id": rocketchat_seed.INTEGRATION_ID,
                "auth_token": rocketchat_seed.INTEGRATION_TOKEN,
            },
            "superoffice": {
                "kind": "superoffice",
                "url": f"{superoffice_url}/SuperOffice/api",
                "username": "AA",
                "password": "aa-password",
            },
        },
        "access": {"allow": "everyone"},
        "api": {"token": API_TOKEN},
        "webhooks": {"secret": WEBHOOK_SECRET},
        "outbound": {"allow": ["127.0.0.1"]},
        "jobs": {"poll_s": 0.2, "lease_s": 2.0, "drain_s": 3.0},
    }
    for path, value in more.items():
        _put(values, path.split("__"), value)
    return Settings.model_validate(values)


def _put(values: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        values = values.setdefault(part, {})
    values[path[-1]] = value


@asynccontextmanager
async def world(
    folder: Path,
    *,
    database_url: str = "",
    clock: Callable[[], float] = time.time,
    profile: str = "C",
    actions: Mapping[str, type[Action]] | None = None,
    calls: Sequence[Route] = ROUTES,
    before: Callable[[World], object] | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """Everything up. `settings` are given by path, e.g. `slack__commands={"close": "/end"}`.

    `before` sets the emulators up before the bridge starts to work.
    """
    from bridge.jobs.database import open_engine, parse_url
    from bridge.jobs.migrate import migrate

    here = World()
    async with AsyncExitStack() as stack:
        here.rocketchat = RocketChat(profile, clock, pdf_delay_s=0.2, calls=calls)  # type: ignore[arg-type]
        here.superoffice = SuperOffice(clock)
        here.slack = Slack(clock=clock)
        emulators: list[Emulator] = [here.slack, here.rocketchat, here.superoffice]
        slack_url, here.rocketchat_url, superoffice_url = [
            await serve(emulator.app(), stack) for emulator in emulators
        ]
        here.slack.public_url = slack_url
        if before is not None:
            before(here)
        url = database_url or f"sqlite:///{folder / 'bridge.db'}"
        if not url.startswith("sqlite"):
            await asyncio.to_thread(migrate, open_engine(parse_url(url)))
        here.bridge = Bridge(
            settings_for(slack_url, here.rocketchat_url, superoffice_url, url, **settings),
            clock=clock,
            actions=actions,
        )
        await here.bridge.start()
        stack.push_async_callback(here.stop)
        here.url = await serve(here.bridge.web_app(), stack)
        here.slack.bridge_url = here.url
        yield here
