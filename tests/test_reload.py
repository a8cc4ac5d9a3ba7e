"""Reloading: new settings as a whole, or the last good ones, and no request is dropped for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, CookieJar
from structlog.testing import capture_logs

from bridge.contract import Asker, ReplyTo
from bridge.jobs.intake import Launch
from bridge.metrics import REGISTRY
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from bridge.settings import Reloader, RocketChat, Settings, SettingsError
from tests.conftest import fresh_database
from tests.jobs.house import eventually
from tests.jobs.outage import refusing
from tests.world import API_TOKEN, World, world

RELOADS = ("app.reloaded", "app.reload_refused")
NEW_TOKEN = "another-api-token-0123456789"


async def status(client: ClientSession, here: World, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    async with client.get(f"{here.url}/api/v1/jobs", headers=headers) as answer:
        return answer.status


def changed(settings: Settings, **api: Any) -> Settings:
    values = settings.model_dump()
    values["api"] = {**values["api"], **api}
    return Settings.model_validate(values)


async def test_new_settings_count_from_the_reload_on(tmp_path: Path) -> None:
    async with world(tmp_path) as here, ClientSession() as client:
        before = here.bridge.settings
        here.bridge.reloader = Reloader(before, read=lambda: changed(before, token=NEW_TOKEN))
        assert await status(client, here, API_TOKEN) == 200

        await here.bridge.reload()

        assert await status(client, here, API_TOKEN) == 401
        assert await status(client, here, NEW_TOKEN) == 200


async def test_new_settings_count_for_what_the_running_worker_tells(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        values = here.bridge.settings.model_dump()
        values["slack"]["in_channel"] = {"rocketchat.close_room": False}
        private = Settings.model_validate(values)
        here.bridge.reloader = Reloader(here.bridge.settings, read=lambda: private)
        seen_by_mia: list[bool] = []
        for room in (rooms.OPEN_SERVED, rooms.OPEN_QUEUED):
            await here.slack.command(slack.ANNA, slack.SUPPORT, "/close", f"{room} bye")
            await here.finished(len(seen_by_mia) + 1)
            seen = here.slack.messages(slack.SUPPORT, slack.MIA)
            seen_by_mia.append(any(room in here.slack.visible_text(message) for message in seen))
            await here.bridge.reload()
        assert seen_by_mia == [True, False]


async def test_who_signed_out_of_the_console_stays_out_after_a_reload(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        jar = CookieJar(unsafe=True)
        async with ClientSession(here.url, cookie_jar=jar) as client:

            async def send(path: str, **more: str) -> None:
                page = await (await client.get("/console")).text()
                csrf = page.split('name="csrf" value="')[1].split('"')[0]
                await client.post(path, data={"csrf": csrf, **more})

            await send("/console/sign-in", token=API_TOKEN)
            copy = {cookie.key: cookie.value for cookie in jar}
            async with client.get("/console") as inside:
                assert inside.url.path == "/console"
            await send("/console/sign-out")

        here.bridge.reloader = Reloader(here.bridge.settings, read=lambda: here.bridge.settings)
        await here.bridge.reload()

        jar = CookieJar(unsafe=True)
        async with (
            ClientSession(here.url, cookie_jar=jar, cookies=copy) as thief,
            thief.get("/console") as asked,
        ):
            assert asked.url.path == "/console/sign-in"


async def test_a_pace_that_is_set_counts_from_the_reload_on(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        before = here.bridge.settings
        guess = here.bridge.store.windows_assumed["rocketchat"]
        values = before.connections["rocketchat"].model_dump(exclude_unset=True)
        values["pace_limit"] = guess.calls  # the default, but now somebody's word
        ruled = RocketChat.model_validate(values)
        after = before.model_copy(
            update={"connections": {**before.connections, "rocketchat": ruled}}
        )
        here.bridge.reloader = Reloader(before, read=lambda: after)
        await here.bridge.reload()
        window = here.bridge.store.windows_assumed["rocketchat"]
        assert (guess.source, window) == ("assumed", replace(guess, source="configured"))


async def test_broken_settings_change_nothing_and_are_told_by_readyz(tmp_path: Path) -> None:
    async with world(tmp_path) as here, ClientSession() as client:

        def broken() -> Settings:
            raise SettingsError("jobs.lease: there is no such setting.")

        here.bridge.reloader = Reloader(here.bridge.settings, read=broken)
        await here.bridge.reload()

        assert await status(client, here, API_TOKEN) == 200
        async with client.get(f"{here.url}/readyz") as answer:
            assert answer.status == 200
            assert "no such setting" in (await answer.json())["failing"]["settings"]


async def test_what_check_calls_an_error_changes_nothing_and_is_told_by_readyz(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here, ClientSession() as client:
        values = here.bridge.settings.model_dump()
        values["access"]["allow"] = "usergruop:S1"
        values["server"]["trusted_proxies"] = ["0.0.0.0/0"]
        wrong = Settings.model_validate(values)
        here.bridge.reloader._read = lambda: wrong  # what refuses is the bridge's own
        await here.bridge.reload()

        assert here.bridge.settings.access.allow == "everyone"
        async with client.get(f"{here.url}/readyz") as answer:
            assert answer.status == 200
            said = (await answer.json())["failing"]["settings"]
        assert "'usergruop:S1' is not everyone" in said
        assert "server.trusted_proxies holds 0.0.0.0/0" in said


async def test_a_reload_whose_doors_do_not_open_changes_nothing_and_the_next_one_does_it(
    tmp_path: Path, postgres_url: str
) -> None:
    database_url = fresh_database(postgres_url)
    async with world(tmp_path, database_url=database_url) as here, ClientSession() as client:
        before = here.bridge.settings
        values = before.model_dump()
        values["slack"] |= {"client_id": "1.2", "client_secret": "s"}  # it wants tables of its own
        values["api"]["token"] = NEW_TOKEN
        wanted = Settings.model_validate(values)
        here.bridge.reloader = Reloader(before, read=lambda: wanted)
        with refusing(database_url), capture_logs() as lines:
            await here.bridge.reload()
        [line] = [line for line in lines if line["event"] in RELOADS]
        assert line["event"] == "app.reload_refused"
        assert "reload again" in line["problem"]
        assert here.bridge.settings == before
        assert REGISTRY.get_sample_value("bridge_reload_failed") == 1

        async def works() -> bool:
            return await status(client, here, API_TOKEN) == 200

        assert await eventually(works)
        async with client.get(f"{here.url}/readyz") as answer:
            assert "reload again" in (await answer.json())["failing"]["settings"]

        with capture_logs() as lines:
            await here.bridge.reload()
        [line] = [line for line in lines if line["event"] in RELOADS]
        assert (line["event"], "api.token" in line["changed"]) == ("app.reloaded", True)
        assert REGISTRY.get_sample_value("bridge_reload_failed") == 0
        assert await status(client, here, NEW_TOKEN) == 200


async def test_a_reload_that_finds_nothing_new_says_why_that_may_be(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.bridge.reloader = Reloader(here.bridge.settings, read=lambda: here.bridge.settings)
        with capture_logs() as lines:
            await here.bridge.reload()
        [line] = [line for line in lines if line["event"] == "app.reloaded"]
        assert (line["log_level"], line["changed"]) == ("warning", [])
        assert "variables are read when a process starts" in line["hint"]


async def test_a_sources_secret_that_stands_in_a_file_is_named_when_it_is_renewed(
    tmp_path: Path,
) -> None:
    word = tmp_path / "word"
    word.write_text("the-old-word-0123456789")
    source = {
        "checks": [{"kind": "bearer", "secret_file": str(word)}],
        "rules": [{"action": "rocketchat.close_room", "args": {"rid": "room"}}],
    }
    async with world(tmp_path, webhooks__sources={"crm": source}) as here:
        here.bridge.reloader = Reloader(here.bridge.settings, read=lambda: here.bridge.settings)
        word.write_text("the-new-word-0123456789")
        with capture_logs() as lines:
            await here.bridge.reload()
        [line] = [line for line in lines if line["event"] == "app.reloaded"]
        assert line["changed"] == ["webhooks.sources.crm"]


async def test_what_check_doubts_is_said_once_when_the_doors_are_open(tmp_path: Path) -> None:
    async with world(tmp_path, access__allow="", connections={}) as here:
        with capture_logs() as lines:
            here.bridge.listening(8080)
        assert lines[0]["event"] == "app.listening"
        doubts = {line["subject"]: line for line in lines if line["event"] == "app.doubt"}
        assert {"Access", "Address", "Connections"} <= set(doubts)
        assert len(doubts) == len(lines) - 1
        assert "Nobody may run a command" in doubts["Access"]["problem"]
        assert "BRIDGE_ALLOW=user:U…" in doubts["Access"]["hint"]


async def test_jobs_of_a_removed_connection_are_told_by_readyz(tmp_path: Path) -> None:
    async with world(tmp_path) as here, ClientSession() as client:
        close = here.bridge.actions["rocketchat.close_room"].model_validate({"rid": "r1"})
        wish = Launch(close, "old", Asker("api", "key:shop"), ReplyTo())
        await here.bridge.store.accept([wish])
        here.bridge.reloader = Reloader(here.bridge.settings, read=lambda: here.bridge.settings)
        await here.bridge.reload()

        async with client.get(f"{here.url}/readyz") as answer:
            assert answer.status == 200
            said = (await answer.json())["failing"]["connections"]
        assert "1 of old" in said
        assert "Put it back" in said


async def test_reloads_under_load_drop_no_request(tmp_path: Path) -> None:
    async with world(tmp_path) as here, ClientSession() as client:
        good = here.bridge.settings
        turn = 0

        def every_other_is_broken() -> Settings:
            nonlocal turn
            turn += 1
            if turn % 2:
                raise SettingsError("broken")
            return changed(good, max_wait_s=float(turn % 20))

        here.bridge.reloader = Reloader(good, read=every_other_is_broken)
        stop = asyncio.Event()
        seen: list[int] = []

        async def load() -> None:
            while not stop.is_set():
                seen.append(await status(client, here, API_TOKEN))

        clients = [asyncio.create_task(load()) for _ in range(4)]
        for _ in range(10):
            await here.bridge.reload()
        stop.set()
        await asyncio.gather(*clients)
        assert set(seen) == {200}
