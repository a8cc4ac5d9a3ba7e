"""A new operator's path: the Procfile with two variables, then only what check and doctor advise, to a command.

Real processes run by honcho on a real Postgres, against the emulators; deploy/SETUP.md is the same in prose.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from bridge.sandbox.rocketchat import RocketChat
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import Slack
from bridge.sandbox.slack import seed as people
from tests.checks.conftest import tell_scopes
from tests.conftest import fresh_database
from tests.deploy.host import Host
from tests.world import serve

pytestmark = pytest.mark.alone  # real processes and real time: no neighbours


async def until(done: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


def advised(table: str) -> set[str]:
    """The variables that a table says to set."""
    todo = re.sub(r"\s+", " ", table)
    return set(re.findall(r"\b(?:SLACK|ROCKETCHAT|BRIDGE)_[A-Z_]+\b|\bPUBLIC_URL\b", todo))


@pytest.mark.timeout(300)
async def test_from_nothing_to_a_working_command(postgres_url: str) -> None:
    host = Host(fresh_database(postgres_url))
    slack, rocketchat = Slack(), RocketChat("C")
    async with AsyncExitStack() as stack:
        slack_url = await serve(tell_scopes(slack), stack)
        chat_url = await serve(rocketchat.app(), stack)
        known = {  # what the operator can look up somewhere
            "PUBLIC_URL": host.url,
            "SLACK_SIGNING_SECRET": people.SIGNING_SECRET,
            "SLACK_BOT_TOKEN": people.BOT_TOKEN,
            "ROCKETCHAT_URL": chat_url,
            "ROCKETCHAT_USER_ID": rooms.INTEGRATION_ID,
            "ROCKETCHAT_AUTH_TOKEN": rooms.INTEGRATION_TOKEN,
            "BRIDGE_ALLOW": f"user:{people.ANNA}",
        }
        async with host.up():  # with PORT and DATABASE_URL alone
            code, table = await host.run("bridge", "check")
            assert code == 0, table
            assert advised(table) >= set(known) - {"ROCKETCHAT_URL"}
            code, table = await host.run("bridge", "doctor")
            assert code == 0, table

        # half of it is refused with what is missing
        host.config["SLACK_SIGNING_SECRET"] = people.SIGNING_SECRET
        code, said = await host.run("bridge", "check")
        assert code != 0
        assert "SLACK_BOT_TOKEN" in said

        host.config |= known
        host.config |= {
            "SLACK_API_URL": f"{slack_url}/api/",  # the emulator stands where slack.com would
            "SLACK_RESPONSE_HOSTS": slack_url.removeprefix("http://"),
            "BRIDGE_OUTBOUND_ALLOW": "127.0.0.1",
        }
        slack.public_url, slack.bridge_url = slack_url, host.url
        code, manifest = await host.run("bridge", "manifest")
        assert code == 0
        assert f"{host.url}/slack/events" in manifest

        async with host.up():
            code, table = await host.run("bridge", "doctor")
            assert code == 0, table
            for said in (
                "as this release expects",
                "Signed in as bridge",
                "needed scopes are there",
                "Signed in as deskbridge",
                "The bridge answers at",
                "refuses what Slack did not sign",
            ):
                assert said in re.sub(r"\s+", " ", table), table
            receipt = await slack.command(
                people.ANNA, people.SUPPORT, "/close", f"{rooms.OPEN_SERVED} just a test"
            )
            assert receipt.status == 200
            await until(lambda: bool(rocketchat.effects_of("close_room", rooms.OPEN_SERVED)))
            await until(
                lambda: any(
                    "closed" in slack.visible_text(message).lower()
                    for message in slack.messages(people.SUPPORT, people.ANNA)
                )
            )
            denied = await slack.command(
                people.MIA, people.SUPPORT, "/close", f"{rooms.NEEDS_TAGS} x"
            )
            assert denied.status == 200
    assert len(rocketchat.effects_of("close_room")) == 1
