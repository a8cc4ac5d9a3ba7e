"""A city for crash tests: emulators here, real bridge processes beside, and an oracle between them.

The oracle compares three lists: what was accepted (a 2xx or an ack came back), what took effect (the
emulators' ledgers), and what was told (callbacks received, messages on screen).
"""

from __future__ import annotations

import asyncio
import json
import signal
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.migrate import migrate
from bridge.sandbox.rocketchat import RocketChat
from bridge.sandbox.rocketchat import seed as rocketchat_seed
from bridge.sandbox.rocketchat.state import Settings as Workspace
from bridge.sandbox.slack import Slack
from bridge.sandbox.slack import seed as slack_seed
from tests.soak.house import House
from tests.soak.traps import Trap, watching
from tests.world import API_TOKEN, WEBHOOK_SECRET, serve

JOBS = {"lease_s": 1.5, "poll_s": 0.3, "drain_s": 4.0, "breaker_failures": 50}
T = TypeVar("T")


@dataclass
class City:
    """Everything of one run."""

    folder: Path
    database_url: str
    environment: dict[str, str]
    rocketchat: RocketChat
    slack: Slack
    client: aiohttp.ClientSession
    callback_url: str
    houses: list[House] = field(default_factory=list)
    accepted: dict[str, str] = field(default_factory=dict)  # job id -> room
    told: list[dict[str, Any]] = field(default_factory=list)
    traps: list[Trap] = field(default_factory=list)
    refused: int = 0  # wishes that were told to come again

    def house(self, *verb: str, **environment: str) -> House:
        name = f"{verb[0]}{len(self.houses)}.log"
        made = House(verb, self.environment | environment, self.folder / name)
        self.houses.append(made)
        return made

    async def open(self, *verbs: str) -> list[House]:
        """Start houses and wait until they are up."""
        made = [self.house(*verb.split()) for verb in verbs]
        for house in made:
            house.start()
        for house in made:
            await house.up()
        return made

    def room(self, **more: Any) -> str:
        values: dict[str, Any] = {"served_by": "ines.faro"} | more
        return self.rocketchat.add_room("Crash Visitor", **values).id

    async def wish(
        self,
        house: House | Callable[[], House],
        room: str,
        *,
        action: str = "rocketchat.close_room",
        args: Mapping[str, Any] | None = None,
        tell: bool = True,
        key: str = "",
        within_s: float = 60.0,
    ) -> dict[str, Any]:
        """Ask over HTTP, again and again under the same key, until it is accepted."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        body: dict[str, Any] = {"args": dict(args) if args is not None else {"rid": room}}
        if tell:
            body["reply_to"] = {"callback_url": self.callback_url}
        deadline = time.monotonic() + within_s
        said: object = None
        while time.monotonic() < deadline:
            chosen = house if isinstance(house, House) else house()
            try:
                async with self.client.post(
                    f"{chosen.url}/api/v1/actions/{action}", json=body, headers=headers
                ) as answer:
                    said = (answer.status, await answer.text())
                    if answer.status in (200, 202):
                        job: dict[str, Any] = json.loads(str(said[1]))
                        self.accepted[job["id"]] = room
                        return job
                    assert answer.status in (429, 503), said
                    self.refused += 1
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                said = error
            await asyncio.sleep(0.05)
        raise AssertionError(f"not accepted within {within_s} s: {said}")

    async def jobs(self) -> list[dict[str, Any]]:
        """Every stored job, oldest first, read from the database itself."""
        return await asyncio.to_thread(self._read, "SELECT * FROM jobs ORDER BY seq")

    async def deliveries(self) -> list[dict[str, Any]]:
        return await asyncio.to_thread(self._read, "SELECT * FROM deliveries ORDER BY created_at")

    def _read(self, query: str) -> list[dict[str, Any]]:
        engine = open_engine(parse_url(self.database_url), autocommit=True)
        try:
            with engine.connect() as connection:
                return [dict(row) for row in connection.exec_driver_sql(query).mappings()]
        finally:
            engine.dispose()

    async def settled(self, *, within_s: float = 60.0, watched: str = "-") -> list[dict[str, Any]]:
        """Wait until every job has ended, or is `watched` for days, and every delivery is settled."""

        async def look() -> list[dict[str, Any]] | None:
            jobs = await self.jobs()
            open_jobs = [
                job
                for job in jobs
                if job["finished_at"] is None
                and not (job["phase"] == "follow" and watched in job["action"])
            ]
            if open_jobs or len(jobs) < len(self.accepted):
                return None
            deliveries = await self.deliveries()
            return None if [d for d in deliveries if d["state"] in ("due", "telling")] else jobs

        return await until(look, within_s=within_s, why=self.story)

    async def story(self) -> str:
        jobs, deliveries = await self.jobs(), await self.deliveries()
        states = Counter((job["state"], job["ready"], job["phase"]) for job in jobs)
        told = Counter((one["state"], one["repeated"]) for one in deliveries)
        names = ("id", "action", "state", "ready", "phase", "run_at", "owner", "fence", "outcome")
        left = [{name: job[name] for name in names} for job in jobs if job["finished_at"] is None][
            :3
        ]
        return (
            f"jobs {dict(states)}, deliveries {dict(told)}, accepted {len(self.accepted)}: {left}"
        )

    def effects(self, kind: str) -> Counter[str]:
        """How often it happened, by room."""
        return Counter(effect.subject for effect in self.rocketchat.effects_of(kind))

    def ends_told(self) -> Counter[str]:
        """Different final messages by job: a repetition carries the same webhook-id."""
        return Counter(job for job, _ in {(one["job"], one["id"]) for one in self.told})


@asynccontextmanager
async def city(
    folder: Path,
    database_url: str,
    *,
    jobs: Mapping[str, Any] | None = None,
    connection: Mapping[str, Any] | None = None,
    workspace: Workspace | None = None,
) -> AsyncIterator[City]:
    """Emulators up, the database migrated, no bridge yet."""
    async with AsyncExitStack() as stack:
        rocketchat = RocketChat("C", time.time, pdf_delay_s=0.1, settings=workspace)
        rocketchat.exchanges = type(rocketchat.exchanges)(maxlen=20_000)
        slack = Slack()
        told: list[dict[str, Any]] = []

        async def hear(request: web.Request) -> web.Response:
            body = await request.json()
            told.append(
                {"job": body["id"], "state": body["state"], "id": request.headers["webhook-id"]}
            )
            return web.json_response({})

        receiver = web.Application()
        receiver.add_routes([web.post("/told", hear)])
        traps: list[Trap] = []
        apps = rocketchat.app(), slack.app(), receiver
        for app in apps:
            app.middlewares.insert(0, watching(traps))
        rocketchat_url, slack_url, receiver_url = [await serve(app, stack) for app in apps]
        slack.public_url = slack_url
        client = await stack.enter_async_context(
            aiohttp.ClientSession(
                headers={"Authorization": f"Bearer {API_TOKEN}"},
                timeout=aiohttp.ClientTimeout(total=15),
            )
        )
        engine = open_engine(parse_url(database_url))
        await asyncio.to_thread(migrate, engine)
        engine.dispose()
        toml = folder / "bridge.toml"
        toml.write_text(_toml("jobs", JOBS | dict(jobs or {})), "utf-8")
        if connection:
            with toml.open("a", encoding="utf-8") as lines:
                lines.write(_toml("connections.rocketchat", dict(connection)))
        environment = {
            "BRIDGE_CONFIG": str(toml),
            "HOST": "127.0.0.1",
            "DATABASE_URL": database_url,
            "SLACK_SIGNING_SECRET": slack_seed.SIGNING_SECRET,
            "SLACK_BOT_TOKEN": slack_seed.BOT_TOKEN,
            "SLACK_API_URL": f"{slack_url}/api/",
            "SLACK_RESPONSE_HOSTS": slack_url.removeprefix("http://"),
            "ROCKETCHAT_URL": rocketchat_url,
            "ROCKETCHAT_USER_ID": rocketchat_seed.INTEGRATION_ID,
            "ROCKETCHAT_AUTH_TOKEN": rocketchat_seed.INTEGRATION_TOKEN,
            "BRIDGE_API_TOKEN": API_TOKEN,
            "BRIDGE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "BRIDGE_ALLOW": "everyone",
            "BRIDGE_OUTBOUND_ALLOW": "127.0.0.1",
            "BRIDGE_LOG_FORMAT": "json",
        }
        callback_url = f"{receiver_url}/told"
        here = City(folder, database_url, environment, rocketchat, slack, client, callback_url)
        here.told, here.traps = told, traps
        try:
            yield here
        finally:
            for house in here.houses:
                if house.running():
                    house.signal(signal.SIGCONT)
                    await house.kill()


async def until(
    look: Callable[[], Awaitable[T | None]],
    *,
    within_s: float,
    why: Callable[[], Awaitable[str]] | None = None,
) -> T:
    deadline = time.monotonic() + within_s
    while True:
        found = await look()
        if found is not None and found is not False:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(await why() if why else f"not within {within_s} s")
        await asyncio.sleep(0.05)


def _toml(table: str, values: Mapping[str, Any]) -> str:
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join([f"[{table}]", *lines, ""])
