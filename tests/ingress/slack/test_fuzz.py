"""Any text a person can type is done or answered: never a 4xx or 5xx to Slack."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.outbound import Outbound
from bridge.sandbox.slack import Slack
from bridge.settings import Outbound as OutboundSettings
from tests.clock import Clock
from tests.ingress.slack.conftest import Open
from tests.ingress.slack.reception import ROOM, Reception, make

NASTY = [
    "payload",
    f"{ROOM} payload=%7B%7D payload",
    f"{ROOM} 100% &amp; <b> 😀 \U0001d518 \u202e\u0000\ud7ff",
    f'{ROOM} comment="unclosed',
    f"{ROOM} “curly” \u2014 \u2013 \u2011 … „low“",
    f"{ROOM} tags=",
    "=" * 3000,
    f"{ROOM} " + "ÿ" * 2980,
    "<@U0MIA00001> <#C1|x> <!channel> <https://x|y> <mailto:a@b.de|a@b.de>",
    "\n\t\r ",
    "help " * 500,
]


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("command", ["/close", "/bridge", "/transcript", "/export", "/transfer"])
async def test_nasty_texts(at: Reception, command: str, text: str) -> None:
    receipt = await at.slack.command("anna", "#support", command, text, should_escape=False)
    assert receipt.status == 200, receipt
    assert receipt.error == ""


async def test_the_word_payload_anywhere(open_door: Open) -> None:
    at = await open_door()
    at.slack.teams[at.slack.user("anna").team_id].domain = "payload-inc"
    receipt = await at.slack.command("anna", "#support", "/close", f"{ROOM} the payload is fixed")
    assert receipt.error == ""
    assert at.jobs[0].args["comment"] == "the payload is fixed"


@pytest.fixture(scope="module")
def desk() -> Iterator[tuple[asyncio.AbstractEventLoop, Reception]]:
    """One door for all examples, on a loop of its own: Hypothesis calls a plain function."""
    loop = asyncio.new_event_loop()

    async def start() -> tuple[Reception, list[TestServer], Outbound]:
        clock = Clock(1_700_000_010.0)
        outbound = Outbound(OutboundSettings(allow=["127.0.0.1"]))
        slack = Slack(clock=clock)
        emulated = TestServer(slack.app())
        await emulated.start_server()
        slack.public_url = str(emulated.make_url("")).rstrip("/")
        reception = make(slack, outbound, clock)
        app = web.Application()
        app.add_routes(reception.door.routes())
        bridge = TestServer(app)
        await bridge.start_server()
        slack.bridge_url = str(bridge.make_url("")).rstrip("/")
        return reception, [bridge, emulated], outbound

    reception, servers, outbound = loop.run_until_complete(start())
    yield loop, reception
    loop.run_until_complete(reception.door.close(0.1))
    for server in servers:
        loop.run_until_complete(server.close())
    loop.run_until_complete(outbound.close())
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


WORDS = st.sampled_from(
    [ROOM, "payload", "help", "email", "tags=a,b", "on=x", "648", "--", "“", '"', "=", "<@U1>", "%"]
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=3000),
    st.lists(st.one_of(WORDS, st.text(max_size=12)), max_size=30).map(" ".join),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    command=st.sampled_from(["/close", "/bridge", "/transcript", "/export", "/transfer", "/other"]),
    text=TEXTS.map(lambda text: text.encode("utf-8", "replace").decode()[:3000]),
)
def test_any_text_is_done_or_answered(
    desk: tuple[asyncio.AbstractEventLoop, Reception], command: str, text: str
) -> None:
    loop, at = desk
    receipt = loop.run_until_complete(at.slack.command("anna", "#support", command, text))
    assert receipt.status == 200, (command, text, receipt)
    assert receipt.error == "", (command, text, receipt)
