"""Socket Mode: the same handlers, without a public address."""

from __future__ import annotations

import asyncio

import pytest

from bridge import tracing
from bridge.sandbox.slack import seed
from tests.ingress.slack.conftest import Open
from tests.ingress.slack.reception import ROOM
from tests.otlp import Receiver


async def test_commands_forms_and_mentions_through_a_socket(open_door: Open) -> None:
    at = await open_door({"socket_mode": True}, slack={"app_token": seed.APP_TOKEN})
    async with asyncio.timeout(5):
        await at.slack.socket_opened.wait()
    receipt = await at.slack.command("anna", "#support", "/close", f"{ROOM} the payload")
    assert "Accepted." in receipt.shown
    assert "Did you mean" in (await at.slack.command("anna", "#support", "/clsoe", "")).shown
    await at.slack.mention("anna", "#support", f"close {ROOM}")
    assert [job.action for job in at.jobs] == ["rocketchat.close_room"] * 2
    await at.slack.command("anna", "#support", "/close", "")
    await at.settle()
    await at.slack.suggest("anna", None, "rocketchat.open_rooms", ROOM)
    await at.slack.submit_view("anna", values={"rid": ROOM})
    assert len(at.jobs) == 3


async def test_a_socket_that_cannot_be_opened_keeps_nothing_from_starting(open_door: Open) -> None:
    at = await open_door(slack={"app_token": seed.APP_TOKEN})  # Socket Mode is off over there
    receipt = await at.slack.command("anna", "#support", "/close", ROOM)
    assert "Accepted." in receipt.shown


async def test_a_socket_that_slack_ends_is_opened_anew(open_door: Open) -> None:
    at = await open_door({"socket_mode": True}, slack={"app_token": seed.APP_TOKEN})
    async with asyncio.timeout(5):
        await at.slack.socket_opened.wait()
        (first,) = at.slack.sockets
        await at.slack.refresh_sockets()
        while first in at.slack.sockets or not at.slack.sockets:
            await at.slack.socket_opened.wait()
            await asyncio.sleep(0)
    receipt = await at.slack.command("anna", "#support", "/close", ROOM)
    assert "Accepted." in receipt.shown


async def test_what_a_socket_brings_begins_a_trace(
    open_door: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = Receiver()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    tracing.start()
    try:
        at = await open_door({"socket_mode": True}, slack={"app_token": seed.APP_TOKEN})
        async with asyncio.timeout(5):
            await at.slack.socket_opened.wait()
        await at.slack.command("anna", "#support", "/close", ROOM)
        [job] = at.jobs
    finally:
        tracing.stop()
        receiver.close()
    [door] = [one for one in receiver.spans() if one.name == "ingress.request"]
    assert job.trace[3:52] == f"{door.trace}-{door.id}"
