"""The doors that are open to strangers: what they tell, whom they ask for a token, what they cost the store."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from bridge import metrics
from bridge.app import Bridge
from bridge.app.health import NOBODY_S
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.migrate import migrate
from bridge.jobs.pace import Window
from bridge.jobs.windows import BREAKER, write
from bridge.settings import Reloader, Settings, SettingsError
from bridge.upstreams.shared import Shared
from tests.clock import Clock
from tests.conftest import fresh_database
from tests.world import World, serve, world

TOKEN = "metrics-token-0123456789"


async def scraped(client: ClientSession, here: World, authorization: str = "") -> int:
    headers = {"Authorization": authorization} if authorization else {}
    async with client.get(f"{here.url}/metrics", headers=headers) as answer:
        said = await answer.text()
        assert ("bridge_info" in said) is (answer.status == 200)
        return answer.status


async def test_metrics_ask_for_their_token_once_there_is_one(tmp_path: Path) -> None:
    async with world(tmp_path) as here, ClientSession() as client:
        assert await scraped(client, here) == 200
        values = here.bridge.settings.model_dump()
        values["server"]["metrics_token"] = TOKEN
        changed = Settings.model_validate(values)
        here.bridge.reloader = Reloader(here.bridge.settings, read=lambda: changed)
        await here.bridge.reload()
        for wrong in ("", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer ü"):
            assert await scraped(client, here, wrong) == 401, wrong
        assert await scraped(client, here, f"Bearer {TOKEN}") == 200


async def test_a_breaker_that_another_worker_closed_is_not_open(tmp_path: Path) -> None:
    async with world(tmp_path) as here, ClientSession() as client:
        store, held = here.bridge.store, Window(5, 15.0, 0, time.time() + 15, "configured")
        for window, shown in ((held, 1.0), (replace(held, resets_at=0.0), 0.0)):
            places = {("rocketchat", BREAKER): window}
            await store.write(partial(write, windows=places, now=time.time()))
            assert await scraped(client, here) == 200
            labels = {"connection": "rocketchat"}
            assert metrics.REGISTRY.get_sample_value("bridge_breaker_open", labels) == shown


async def test_readiness_tells_strangers_what_fails_and_only_with_the_token_why(
    tmp_path: Path,
) -> None:
    problem = "connections.crm-of-a-customer: its url is no address."

    def read() -> Settings:
        raise SettingsError(problem)

    async with world(tmp_path, server__metrics_token=TOKEN) as here, ClientSession() as client:
        here.bridge.reloader = Reloader(here.bridge.settings, read=read)
        await here.bridge.reload()

        async def said(authorization: str) -> str:
            headers = {"Authorization": authorization}
            async with client.get(f"{here.url}/readyz", headers=headers) as answer:
                assert answer.status == 200
                return str((await answer.json())["failing"]["settings"])

        assert problem in await said(f"Bearer {TOKEN}")
        for stranger in ("", "Bearer x"):
            assert "BRIDGE_METRICS_TOKEN" in await said(stranger)
            assert "crm-of" not in await said(stranger)


async def test_a_socket_that_slack_refuses_is_told_and_the_other_doors_are_ready(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, slack__app_token="xapp-revoked") as here, ClientSession() as client:
        async with asyncio.timeout(10):
            while True:
                status, told = await readiness(client, here.url)
                assert status == 200
                if "slack" in told["failing"]:
                    break
        assert "(invalid_auth)" in told["failing"]["slack"]


async def test_who_asks_while_it_is_looked_for_shares_the_answer() -> None:
    looks, may_end = 0, asyncio.Event()

    async def look() -> None:
        nonlocal looks
        looks += 1
        await may_end.wait()

    shared = Shared(look)
    asking = [asyncio.create_task(shared()) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()  # one gives up; the others still get their answer
    may_end.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in answers].count(asyncio.CancelledError) == 1
    assert looks == 1
    await shared()
    assert looks == 2


async def test_readiness_names_what_fails_and_what_accepted_means(tmp_path: Path) -> None:
    async with world(tmp_path) as here, ClientSession() as client:
        async with client.get(f"{here.url}/readyz") as answer:
            told = await answer.json()
            assert answer.status == 200
            assert {"store", "worker", "shutdown", "settings"} <= set(told["ok"])
            assert told["storage"] in ("durable", "volatile")
        here.bridge.store.draining = True
        async with client.get(f"{here.url}/readyz") as answer:
            assert answer.status == 503
            assert "stopping" in (await answer.json())["failing"]["shutdown"]
        async with client.get(f"{here.url}/healthz") as answer:
            assert answer.status == 200  # it lives, it only takes nothing new
        here.bridge.store.draining = False


async def readiness(client: ClientSession, url: str) -> tuple[int, dict[str, Any]]:
    async with client.get(f"{url}/readyz") as answer:
        told: dict[str, Any] = await answer.json()
        return answer.status, told


async def test_a_web_without_a_worker_says_where_workers_are(
    tmp_path: Path, postgres_url: str
) -> None:
    clock, url = Clock(), fresh_database(postgres_url)
    async with (
        AsyncExitStack() as stack,
        ClientSession() as client,
        world(tmp_path, database_url=url, clock=clock) as here,
    ):
        assert (await readiness(client, here.url))[1]["workers"] == "in this process"
        web = Bridge(here.bridge.settings, works=False, clock=clock)
        await web.start()
        stack.push_async_callback(web.stop)
        apart = await serve(web.web_app(), stack)
        await here.bridge.served.look()
        clock.now += 61
        status, told = await readiness(client, apart)
        assert (status, told["workers"]) == (200, "elsewhere, seen 61 s ago")
        assert "worker" in told["ok"]
        clock.now += NOBODY_S
        status, told = await readiness(client, apart)
        assert status == 200, "what is accepted is kept"
        assert "for 241 s" in told["failing"]["worker"]
        assert "bridge worker" in told["failing"]["worker"]


async def test_a_web_that_never_saw_a_worker_says_so(tmp_path: Path, postgres_url: str) -> None:
    url = fresh_database(postgres_url)
    async with (
        AsyncExitStack() as stack,
        ClientSession() as client,
        world(tmp_path) as here,
    ):
        values = here.bridge.settings.model_dump() | {"database_url": url}
        await asyncio.to_thread(migrate, open_engine(parse_url(url)))
        web = Bridge(Settings.model_validate(values), works=False)
        await web.start()
        stack.push_async_callback(web.stop)
        status, told = await readiness(client, await serve(web.web_app(), stack))
        assert (status, told["workers"]) == (200, "none seen")
        assert told["failing"]["worker"].startswith("No worker has been seen yet.")


async def test_a_hanging_worker_is_not_seen_working(tmp_path: Path) -> None:
    clock = Clock()
    async with world(tmp_path, clock=clock) as here:
        worker = here.bridge.worker
        assert worker is not None
        await here.bridge._look()
        assert await here.bridge.operator.worker_seen() == clock.now
        await worker.stop(0)
        worker.beaten_at -= 60
        clock.now += 60
        await here.bridge._look()
        assert await here.bridge.operator.worker_seen() == clock.now - 60
