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
from bridge.settings import SettingsError, load
from tests.checks.conftest import tell_scopes
from tests.conftest import fresh_database
from tests.deploy.host import ROOT, Host
from tests.world import serve

pytestmark = pytest.mark.alone  # real processes and real time: no neighbours

MACHINE_S = 150.0  # measured: 30 to 60 s; the rest of the twenty minutes are other people's pages


async def until(done: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.05)


NAME = re.compile(r"\b(?:SLACK|ROCKETCHAT|BRIDGE)_[A-Z_]+\b|\bPUBLIC_URL\b")


async def follow_the_advice(host: Host, known: dict[str, str]) -> list[str]:
    """Do only what the doctor says, one variable at a time, until it advises nothing more; in order."""
    steps: list[str] = []
    while True:
        _, said = await host.run("bridge", "doctor")
        wanted = [name for name in NAME.findall(re.sub(r"\s+", " ", said)) if name in known]
        step = next((name for name in wanted if name not in host.config), "")
        if not step:
            return steps
        assert len(steps) < len(known), said
        host.config[step] = known[step]
        steps.append(step)


@pytest.mark.timeout(300)
async def test_from_nothing_to_a_working_command(postgres_url: str) -> None:
    began = time.monotonic()
    host = Host(fresh_database(postgres_url))
    slack, rocketchat = Slack(), RocketChat("C")
    async with AsyncExitStack() as stack:
        slack_url = await serve(tell_scopes(slack), stack)
        chat_url = await serve(rocketchat.app(), stack)
        known = {  # what the operator can look up somewhere; what it is for, the doctor must say
            "PUBLIC_URL": host.url,
            "SLACK_SIGNING_SECRET": people.SIGNING_SECRET,
            "SLACK_BOT_TOKEN": people.BOT_TOKEN,
            "ROCKETCHAT_URL": chat_url,
            "ROCKETCHAT_USER_ID": rooms.INTEGRATION_ID,
            "ROCKETCHAT_AUTH_TOKEN": rooms.INTEGRATION_TOKEN,
            "BRIDGE_ALLOW": f"user:{people.ANNA}",
        }
        async with host.up():  # 1. a running bridge, with PORT and DATABASE_URL alone
            code, table = await host.run("bridge", "check")
            assert code == 0, table

        host.config |= {  # the emulators stand where slack.com and the office would
            "SLACK_API_URL": f"{slack_url}/api/",
            "SLACK_RESPONSE_HOSTS": slack_url.removeprefix("http://"),
            "BRIDGE_OUTBOUND_ALLOW": "127.0.0.1",
        }
        steps = await follow_the_advice(host, known)  # 2. to 4.
        assert set(steps) == set(known), f"the doctor never asked for {set(known) - set(steps)}"

        slack.public_url, slack.bridge_url = slack_url, host.url
        code, manifest = await host.run("bridge", "manifest")
        assert code == 0
        assert f"{host.url}/slack/events" in manifest

        async with host.up():  # 5. the doctor's table
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
    assert time.monotonic() - began < MACHINE_S, "the machine's part became a matter of minutes"


def test_half_a_set_up_says_what_is_missing_and_does_not_start() -> None:
    halves = {"SLACK_SIGNING_SECRET": people.SIGNING_SECRET}
    with pytest.raises(SettingsError, match="SLACK_BOT_TOKEN"):
        load(halves)


def test_the_readme_leads_there_and_the_page_says_what_was_measured() -> None:
    setup = (ROOT / "deploy" / "SETUP.md").read_text("utf-8")
    assert "deploy/SETUP.md" in (ROOT / "README.md").read_text("utf-8")
    measured = re.search(r"that takes (\d+) s", setup)
    assert measured
    assert MACHINE_S / 5 < int(measured[1]) < MACHINE_S
    titles = re.findall(r"^## (\d)\. .+$", setup, re.MULTILINE)
    assert titles == ["1", "2", "3", "4", "5"]
