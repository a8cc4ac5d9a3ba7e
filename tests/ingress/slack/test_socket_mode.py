"""Socket Mode: the same handlers, without a public address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slack_bolt.response import BoltResponse
from structlog.testing import capture_logs

from bridge import metrics, tracing
from bridge.delivery.client import web_client
from bridge.ingress.slack.socket_mode import NOT_REACHED, SocketMode
from bridge.outbound import Outbound
from bridge.sandbox.slack import seed
from bridge.settings import Outbound as OutboundSettings
from tests.ingress.slack.conftest import Open
from tests.ingress.slack.reception import ROOM, Reception
from tests.otlp import SENT_WITHIN_S, Receiver


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


@asynccontextmanager
async def unstarted(at: Reception) -> AsyncIterator[SocketMode]:
    """A socket client of its own, which takes everything and looks often."""

    async def dispatch(_: dict[str, Any]) -> BoltResponse:
        return BoltResponse(status=200, body="")

    async with Outbound(OutboundSettings(allow=["127.0.0.1"])) as outbound:
        web = web_client(outbound, f"{at.slack.public_url}/api/", "")
        yield SocketMode(app_token=seed.APP_TOKEN, web=web, dispatch=dispatch, ping_s=0.05)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


def said(logs: Iterable[Any]) -> list[tuple[str, str]]:
    lines = [one for one in logs if one["event"].startswith("slack.socket_")]
    return [(one["event"], one.get("reason", "")) for one in lines]


def is_down() -> float | None:
    return metrics.REGISTRY.get_sample_value("bridge_slack_socket_down")


async def test_a_revoked_app_token_is_said_once_and_so_is_its_return(open_door: Open) -> None:
    at = await open_door({"socket_mode": True})
    async with unstarted(at) as mode:
        with capture_logs() as logs:
            running = asyncio.create_task(mode.run())
            await until(lambda: ("slack.socket_up", "") in said(logs))
            assert (mode.problem, is_down()) == ("", 0)
            token = at.slack.tokens.pop(seed.APP_TOKEN)
            await at.slack.refresh_sockets()
            await until(lambda: "invalid_auth" in mode.problem)
            assert is_down() == 1
            assert "bridge doctor" in mode.problem
            assert "SLACK_APP_TOKEN" in mode.problem
            at.slack.tokens[seed.APP_TOKEN] = token
            await until(lambda: not mode.problem)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await mode.close()
    up, down = ("slack.socket_up", ""), ("slack.socket_down", "invalid_auth")
    assert said(logs) == [up, down, up]
    assert is_down() == 0


async def test_a_slack_that_gives_addresses_but_no_sockets_is_said_and_asked_anew(
    open_door: Open,
) -> None:
    at = await open_door({"socket_mode": True})
    async with unstarted(at) as mode:
        with capture_logs() as logs:
            with at.slack.fault("status", "*/link/*", status=503):
                running = asyncio.create_task(mode.run())
                await until(lambda: mode.problem == NOT_REACHED)
                at.slack.socket_tickets.clear()  # what was handed out counts no longer
            await until(lambda: ("slack.socket_up", "") in said(logs))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await mode.close()
    assert said(logs)[0] == ("slack.socket_down", "closed")


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
        tracing.stop(SENT_WITHIN_S)
        receiver.close()
    [door] = [one for one in receiver.spans() if one.name == "ingress.request"]
    assert job.trace[3:52] == f"{door.trace}-{door.id}"
