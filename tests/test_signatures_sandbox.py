"""The checks believe what the emulated Slack, Rocket.Chat and SuperOffice really send over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bridge.sandbox.rocketchat import RocketChat
from bridge.sandbox.rocketchat.seed import OPEN_SERVED
from bridge.sandbox.slack import Slack
from bridge.sandbox.superoffice import SuperOffice
from bridge.signatures import (
    Check,
    Reason,
    Rejected,
    RocketChatCheck,
    Secret,
    SlackCheck,
    SuperOfficeCheck,
    Verdict,
    Verified,
)

NOW = 1_750_000_000.0


@dataclass(slots=True)
class Door:
    """A door with one check; `verdicts` are what it thought of each request."""

    check: Check
    url: str = ""
    verdicts: list[Verdict] = field(default_factory=list)


def clock() -> float:
    return NOW


def secrets(*values: str) -> tuple[Secret, ...]:
    return tuple(Secret(id=f"s{n}", value=SecretStr(one)) for n, one in enumerate(values))


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    door = Door(SlackCheck())

    async def receive(request: web.Request) -> web.Response:
        raw = await request.read()
        verdict = door.check.verify(raw, request.headers, NOW)
        door.verdicts.append(verdict)
        return web.Response(status=200 if isinstance(verdict, Verified) else verdict.status)

    app = web.Application()
    app.router.add_post("/{tail:.*}", receive)
    server = TestServer(app)
    async with server:
        door.url = str(server.make_url("/")).rstrip("/")
        yield door


async def test_slack(door: Door) -> None:
    slack = Slack(clock=clock)
    slack.bridge_url = door.url
    door.check = SlackCheck(secrets=secrets("another", slack.signing_secret))
    raw = "command=%2Fclose&text=ä €".encode()
    assert (await slack.post_signed(raw)).status == 200
    forged = [
        await slack.post_signed(raw, secret="stolen"),
        await slack.post_signed(raw, timestamp=int(NOW) - 301),
        await slack.post_signed(raw, timestamp="soon"),
        await slack.post_signed(raw, {"X-Slack-Signature": None}),
        await slack.post_signed(raw, {"X-Slack-Signature": "v0=é"}),
        await slack.post_signed(b"\xff"),
    ]
    assert {answer.status for answer in forged} == {401}
    assert isinstance(door.verdicts[0], Verified)
    assert door.verdicts[0].secret_id == "s1"
    assert [one.reason for one in door.verdicts[1:] if isinstance(one, Rejected)] == [
        *(Reason.MISMATCH, Reason.STALE, Reason.MALFORMED, Reason.MISSING),
        *(Reason.MISMATCH, Reason.MALFORMED),
    ]


async def test_rocketchat(door: Door) -> None:
    rc = RocketChat(clock=clock)
    rc.configure(webhook_url=door.url, webhook_secret="shared", webhook_on_close=True)
    door.check = RocketChatCheck(secrets=secrets("shared"))
    rc.close_by_visitor(OPEN_SERVED)
    await rc.webhook.run_due()
    await rc.webhook.idle()
    await rc.webhook.close()
    assert door.verdicts[-1] == Verified("s0")


async def test_superoffice(door: Door) -> None:
    so = SuperOffice(clock, webhook_url=f"{door.url}/", webhook_secret="shared")
    door.check = SuperOfficeCheck(secrets=secrets("shared"))
    so.add_session(700)
    await so.webhooks.sent()
    so.change(webhook_secret=None)
    door.check = SuperOfficeCheck()
    so.add_session(701)
    await so.webhooks.close()
    assert door.verdicts[0] == Verified("s0")
