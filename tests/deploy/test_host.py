"""Real processes as a host runs them: boot, a job that hangs at SIGTERM, and settings read again on SIGHUP."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bridge.sandbox.rocketchat import RocketChat
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import Slack
from bridge.sandbox.slack import seed as people
from tests.conftest import fresh_database
from tests.deploy.host import BOOT_S, Host
from tests.soak.house import House
from tests.world import API_TOKEN, serve

pytestmark = pytest.mark.alone  # real processes and real time: no neighbours

CLOSE = "/api/v1/actions/rocketchat.close_room"
MASTER = {"Authorization": f"Bearer {API_TOKEN}"}
SOURCE = """
[webhooks.sources.crm]
checks = [{{ kind = "bearer", secrets = [{{ id = "one", secret = "a-word-for-the-crm-0123456789" }}] }}]
rules = [{{ action = "{action}", args = {{ rid = "room.id" }} }}]
"""


async def ask(method: str, url: str, **more: Any) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, url, headers=MASTER, **more) as answer,
    ):
        return answer.status, await answer.json(content_type=None)


async def state_of(host: Host, job_id: str, *wanted: str, within_s: float = 30.0) -> Any:
    """Wait until a job stands so."""
    deadline = time.monotonic() + within_s
    while True:
        _, job = await ask("GET", f"{host.url}/api/v1/jobs/{job_id}")
        if job["state"] in wanted:
            return job
        assert time.monotonic() < deadline, job
        await asyncio.sleep(0.1)


async def happened(chat: RocketChat, room: str) -> None:
    async with asyncio.timeout(10):
        while not chat.effects_of("close_room", room):  # noqa: ASYNC110 - the emulator tells nobody
            await asyncio.sleep(0.05)


@pytest.mark.timeout(240)
async def test_a_host_with_a_port_and_a_database_boots_it_and_gets_it_to_leave_in_time(
    postgres_url: str,
) -> None:
    host = Host(fresh_database(postgres_url))
    assert host.config["DATABASE_URL"].startswith("postgres://")
    assert set(host.config) == {"PATH", "PORT", "DATABASE_URL"}
    async with host.up():
        status, told = await ask("GET", f"{host.url}/readyz")
        assert (status, told["storage"]) == (200, "durable")
    assert host.boot_s < BOOT_S  # that it left in time, and in order, the host has seen to itself

    async with AsyncExitStack() as stack:
        chat = RocketChat("C")
        host.config |= {
            "ROCKETCHAT_URL": await serve(chat.app(), stack),
            "ROCKETCHAT_USER_ID": rooms.INTEGRATION_ID,
            "ROCKETCHAT_AUTH_TOKEN": rooms.INTEGRATION_TOKEN,
            "BRIDGE_API_TOKEN": API_TOKEN,
        }
        # it is sent, happens, and is never answered: the worst moment to leave
        with chat.fault("hang_after", "POST *closeByUser", times=1):
            async with host.up():
                status, job = await ask("POST", host.url + CLOSE, json={"rid": rooms.OPEN_SERVED})
                assert status == 202
                await state_of(host, job["id"], "running")
                await happened(chat, rooms.OPEN_SERVED)
        assert host.said("jobs.draining") == 1

        async with host.up():
            ended = await state_of(host, job["id"], "done", within_s=40)
            assert ended["outcome"]["kind"] == "done"
        assert len(chat.effects_of("close_room", rooms.OPEN_SERVED)) == 1


@asynccontextmanager
async def reloadable(
    folder: Path, more: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[House, Path]]:
    config = folder / "bridge.toml"
    config.write_text(SOURCE.format(action="rocketchat.close_room"), "utf-8")
    environment = {
        "BRIDGE_CONFIG": str(config),
        "DATABASE_URL": f"sqlite:///{folder / 'bridge.db'}",
        "BRIDGE_API_TOKEN": API_TOKEN,
        "ROCKETCHAT_URL": "http://127.0.0.1:1",
        "ROCKETCHAT_USER_ID": "u",
        "ROCKETCHAT_AUTH_TOKEN": "t",
        "HOST": "127.0.0.1",
        **(more or {}),
    }
    house = House(("serve",), environment, folder / "serve.log")
    house.start()
    await house.up()
    try:
        yield house, config
    finally:
        await house.terminate()


async def settings_error(house: House, *, gone: bool = False) -> str:
    """What /readyz says of the settings, once it does, or no longer does."""
    deadline = time.monotonic() + 10
    while True:
        status, told = await ask("GET", f"{house.url}/readyz")
        assert status == 200, told  # the last good settings serve
        said = str(told["failing"].get("settings", ""))
        if bool(said) is not gone:
            return said
        assert time.monotonic() < deadline, house.log.read_text("utf-8")[-2000:]
        await asyncio.sleep(0.05)


async def posted(house: House, room: str) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.post(
            f"{house.url}/hooks/crm",
            data=json.dumps({"room": {"id": room}}),
            headers={
                "Authorization": "Bearer a-word-for-the-crm-0123456789",
                "Content-Type": "application/json",
            },
        ) as answer,
    ):
        assert answer.status == 202, await answer.text()
        return answer.status


async def test_a_broken_source_at_sighup_keeps_the_last_good_one_and_says_why(
    tmp_path: Path,
) -> None:
    async with reloadable(tmp_path) as (house, config):
        assert await posted(house, "room1") == 202
        for text, said in (
            (SOURCE.format(action="rocketchat.clsoe_room"), "rocketchat.close_room"),
            (SOURCE.format(action="rocketchat.close_room") + "secert = 1\n", "secert"),
            ("[webhooks.sources.crm\n", "no valid TOML"),
            ('[server]\ntrusted_proxies = ["0.0.0.0/0"]\n', "anybody could claim any address"),
        ):
            config.write_text(text, "utf-8")
            house.signal(signal.SIGHUP)
            assert said in await settings_error(house)
            assert await posted(house, f"room{len(said)}") == 202
        config.write_text(SOURCE.format(action="rocketchat.close_room") + "\n", "utf-8")
        house.signal(signal.SIGHUP)
        assert await settings_error(house, gone=True) == ""
        assert await posted(house, "room2") == 202
        async with asyncio.timeout(10):
            # said once the store has been looked at, which is after /readyz no longer complains
            while "app.reloaded" not in (lines := house.log.read_text("utf-8")):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert lines.count("app.reload_refused") == 4
        assert lines.count("app.reloaded") == 1
        assert "a-word-for-the-crm" not in lines


async def reloaded(house: House, changed: list[str]) -> Mapping[str, Any]:
    """Have the settings read again, and wait until it says that these are other ones."""
    before = house.log.read_text("utf-8").count("app.reloaded")
    house.signal(signal.SIGHUP)
    async with asyncio.timeout(10):
        while house.log.read_text("utf-8").count('"app.reloaded"') == before:  # noqa: ASYNC110 - a file
            await asyncio.sleep(0.05)
    lines = house.log.read_text("utf-8").splitlines()
    said: dict[str, Any] = json.loads([line for line in lines if '"app.reloaded"' in line][-1])
    assert said["changed"] == changed
    return said


async def test_slacks_signing_secret_is_rotated_by_its_files_and_sighup(tmp_path: Path) -> None:
    """As SECURITY.md walks through it: no variable of the running process can change, its files can."""
    old, new = people.SIGNING_SECRET, "6e65772d7369676e696e672d73656372"
    current, previous = tmp_path / "signing_secret", tmp_path / "signing_secret_previous"
    current.write_text(f"{old}\n", "utf-8")
    previous.write_text("", "utf-8")
    slack = Slack()
    async with AsyncExitStack() as stack:
        slack.public_url = await serve(slack.app(), stack)
        environment = {
            "SLACK_SIGNING_SECRET_FILE": str(current),
            "SLACK_SIGNING_SECRET_PREVIOUS_FILE": str(previous),
            "SLACK_BOT_TOKEN": people.BOT_TOKEN,
            "SLACK_API_URL": f"{slack.public_url}/api/",
            "SLACK_RESPONSE_HOSTS": slack.public_url.removeprefix("http://"),
        }
        house, _ = await stack.enter_async_context(reloadable(tmp_path, environment))
        slack.bridge_url = house.url

        async def signed(*secrets: str) -> list[int]:
            found = []
            for slack.signing_secret in secrets:
                receipt = await slack.command(people.ANNA, people.SUPPORT, "/bridge", "help")
                found.append(receipt.status)
            return found

        assert await signed(old, new) == [200, 401]
        said = await reloaded(house, [])
        assert "variables are read when a process starts" in said["hint"]
        previous.write_text(f"{old}\n", "utf-8")
        current.write_text(f"{new}\n", "utf-8")
        await reloaded(house, ["slack.signing_secret", "slack.signing_secret_previous"])
        assert await signed(old, new) == [200, 200]
        previous.write_text("", "utf-8")
        await reloaded(house, ["slack.signing_secret_previous"])
        assert await signed(old, new) == [401, 200]
        lines = house.log.read_text("utf-8")
        assert old not in lines
        assert new not in lines


async def test_with_nothing_set_it_starts_and_says_what_is_missing(tmp_path: Path) -> None:
    house = House(
        ("serve",),
        {"HOST": "127.0.0.1", "DATABASE_URL": f"sqlite:///{tmp_path / 'b.db'}"},
        tmp_path / "serve.log",
    )
    house.start()
    await house.up()
    assert await house.terminate() == 0
    lines = house.log.read_text("utf-8")
    assert lines.count('"app.doubt"') == 4, lines
    assert "BRIDGE_ALLOW=user:U" in lines
