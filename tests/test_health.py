"""The doors that are open to strangers: what they tell, whom they ask for a token, what they cost the store."""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import ClientSession

from bridge.app.health import Shared
from bridge.settings import Reloader, Settings, SettingsError
from tests.world import World, world

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
