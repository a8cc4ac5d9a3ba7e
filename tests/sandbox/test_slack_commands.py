"""The emulated Slack's slash commands and response_urls, with Bolt and slack_sdk on the other end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bridge.sandbox.slack import Slack, seed

Serve = Callable[[web.Application], Awaitable[TestServer]]
Reply = Callable[[dict[str, Any]], web.Response]


class FakeBridge:
    """Answers every signed request with `reply` and keeps what arrived."""

    def __init__(self) -> None:
        self.seen: list[tuple[dict[str, str], bytes]] = []
        self.reply: Reply = lambda _: web.Response()

    async def receive(self, request: web.Request) -> web.Response:
        raw = await request.read()
        self.seen.append((dict(request.headers), raw))
        return self.reply({key: str(value) for key, value in (await request.post()).items()})


@pytest.fixture
async def bridge() -> FakeBridge:
    return FakeBridge()


@pytest.fixture
async def slack(aiohttp_server: Serve, bridge: FakeBridge) -> Slack:
    app = web.Application()
    app.router.add_post("/slack/events", bridge.receive)
    there = await aiohttp_server(app)
    slack = Slack(str(there.make_url("")))
    slack.public_url = str((await aiohttp_server(slack.app())).make_url("")).rstrip("/")
    return slack


@pytest.fixture
async def client(slack: Slack) -> AsyncWebClient:
    return AsyncWebClient(token=seed.BOT_TOKEN, base_url=f"{slack.public_url}/api/")


async def test_a_command_is_signed_and_complete(slack: Slack, bridge: FakeBridge) -> None:
    receipt = await slack.command("anna", "#support", "/close", "abc solved & paid")
    headers, raw = bridge.seen[0]
    assert SignatureVerifier(slack.signing_secret).is_valid_request(raw, headers)
    assert receipt.status == 200
    assert receipt.shown == ""
    form = receipt.payload
    assert form["text"] == "abc solved &amp; paid"
    assert form["channel_name"] == "support"
    assert form["response_url"].startswith(slack.public_url)
    assert (await slack.command("anna", "vip", "/close")).payload["channel_name"] == "privategroup"
    assert (await slack.command("anna", seed.DM, "/close")).payload[
        "channel_name"
    ] == "directmessage"


async def test_plain_text_replies_are_ephemeral(slack: Slack, bridge: FakeBridge) -> None:
    bridge.reply = lambda _: web.Response(text="Working on it, a &lt; b")
    receipt = await slack.command("anna", "#support", "/close", "abc")
    assert receipt.shown == "Working on it, a < b"
    assert len(slack.messages("#support", "anna")) == 1
    assert slack.messages("#support", "mia") == []


async def test_in_channel_replies_publish_what_was_typed(slack: Slack, bridge: FakeBridge) -> None:
    bridge.reply = lambda _: web.json_response({"response_type": "in_channel", "text": "Closed"})
    await slack.command("anna", "#support", "/close", "abc anna@example.com")
    shown = [slack.visible_text(m) for m in slack.messages("#support", "mia")]
    assert shown == ["/close abc anna@example.com", "Closed"]
    bridge.reply = lambda _: web.json_response({"response_type": "in_channel"})
    assert (await slack.command("anna", "#support", "/close", "x")).message is None
    assert len(slack.messages("#support", "mia")) == 3


@pytest.mark.parametrize("status", [201, 302, 404, 500])
async def test_anything_but_200_is_dispatch_failed(
    slack: Slack, bridge: FakeBridge, status: int
) -> None:
    bridge.reply = lambda _: web.Response(status=status, text="no")
    receipt = await slack.command("anna", "#support", "/close", "abc")
    assert receipt.shown == '/close failed with the error "dispatch_failed"'
    assert receipt.status == status


async def test_silence_and_absence(slack: Slack, aiohttp_server: Serve) -> None:
    async def slow(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    app = web.Application()
    app.router.add_post("/slack/events", slow)
    server = await aiohttp_server(app)
    slack.bridge_url = str(server.make_url("")).rstrip("/")
    slack.settings.ack_limit_s = 0.02
    receipt = await slack.command("anna", "#support", "/close", "abc")
    assert receipt.shown == '/close failed with the error "operation_timeout"'
    slack.bridge_url = "http://127.0.0.1:1"
    slack.settings.ack_limit_s = 3
    receipt = await slack.command("anna", "#support", "/close", "abc")
    assert receipt.error == "dispatch_failed"


async def test_threads_refuse_commands_without_asking_the_bridge(
    slack: Slack, bridge: FakeBridge
) -> None:
    receipt = await slack.command("anna", "#support", "/close", "abc", thread_ts="1.000001")
    assert receipt.shown == "/close is not supported in threads. Sorry!"
    assert bridge.seen == []


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("7 @anna", f"7 <@{seed.ANNA}>"),
        ("7 @nobody", "7 @nobody"),
        ("@leads @here", f"<!subteam^{seed.LEADS}> <!here>"),
        ("#support #vip", f"<#{seed.SUPPORT}|support> <#{seed.VIP}|>"),
        (
            "see https://chat.example/live/a?b=1&c=2.",
            "see <https://chat.example/live/a?b=1&amp;c=2>.",
        ),
        ("email=a.b@example.com", "email=<mailto:a.b@example.com|a.b@example.com>"),
        ("example.com", "<http://example.com|example.com>"),
        ("a < b & c", "a &lt; b &amp; c"),
    ],
)
async def test_should_escape_makes_tokens(slack: Slack, typed: str, sent: str) -> None:
    assert (await slack.command("anna", "#support", "/x", typed)).payload["text"] == sent


async def test_escaping_can_be_off_and_keyboards_curl(slack: Slack) -> None:
    receipt = await slack.command(
        "anna", "#support", "/x", 'tags="a b" --now @anna', should_escape=False, mac_keyboard=True
    )
    assert receipt.payload["text"] == "tags=\u201ca b\u201d \u2014now @anna"


async def test_bolt_reads_the_command_and_answers(slack: Slack, aiohttp_server: Serve) -> None:
    bolt = AsyncApp(
        token=seed.BOT_TOKEN,
        signing_secret=slack.signing_secret,
        process_before_response=True,
        client=AsyncWebClient(token=seed.BOT_TOKEN, base_url=f"{slack.public_url}/api/"),
    )

    async def close(ack: AsyncAck, command: dict[str, Any]) -> None:
        await ack({"response_type": "ephemeral", "text": f"got {command['text']}"})

    bolt.command("/close")(close)

    async def receive(request: web.Request) -> web.Response:
        headers: dict[str, Any] = dict(request.headers)
        asked = AsyncBoltRequest(body=await request.text(), headers=headers)
        answer: BoltResponse = await bolt.async_dispatch(asked)
        return web.Response(
            status=answer.status,
            body=answer.body.encode(),
            headers={key: values[0] for key, values in answer.headers.items()},
        )

    app = web.Application()
    app.router.add_post("/slack/events", receive)
    slack.bridge_url = str((await aiohttp_server(app)).make_url("")).rstrip("/")
    assert (await slack.command("anna", "#support", "/close", "abc")).shown == "got abc"
    forged = await slack.post_signed(b"command=%2Fclose", secret="wrong")
    assert forged.status == 401
    assert (await slack.post_signed(b"a=b", timestamp=1)).status == 401
    assert (await slack.post_signed(b"a=b", {"X-Slack-Signature": None})).status == 401


async def test_a_response_url_takes_five_posts(slack: Slack) -> None:
    receipt = await slack.command("anna", "#support", "/close", "abc")
    hook = AsyncWebhookClient(receipt.response_url)
    for number in range(5):
        assert (await hook.send(text=f"{number}")).status_code == 200
    refused = await hook.send(text="6")
    assert refused.status_code == 404
    assert json.loads(refused.body) == {"ok": False, "error": "used_url"}
    posts = slack.effects_of("response_url_post")
    assert [effect.detail["text"] for effect in posts] == ["0", "1", "2", "3", "4"]
    assert all(m.ephemeral_to == seed.ANNA for m in slack.messages("#support"))


async def test_a_response_url_lives_thirty_minutes(aiohttp_server: Serve) -> None:
    now = 1_700_000_000.0
    slack = Slack("http://127.0.0.1:1", clock=lambda: now)
    slack.public_url = str((await aiohttp_server(slack.app())).make_url("")).rstrip("/")
    receipt = await slack.command("anna", seed.VIP, "/close", "abc")
    hook = AsyncWebhookClient(receipt.response_url)
    now += 1799
    assert (await hook.send(text="in time")).status_code == 200
    now += 2
    assert json.loads((await hook.send(text="late")).body)["error"] == "expired_url"


async def test_replacing_keeps_the_audience(slack: Slack, bridge: FakeBridge) -> None:
    bridge.reply = lambda _: web.Response(text="queued")
    receipt = await slack.command("anna", "#support", "/close", "abc")
    hook = AsyncWebhookClient(receipt.response_url)
    await hook.send(text="done", replace_original=True, response_type="in_channel")
    assert [slack.visible_text(m) for m in slack.messages("#support")] == ["done"]
    assert slack.messages("#support", "mia") == []
    await hook.send(delete_original=True)
    assert len(slack.messages("#support", "anna")) == 1


async def test_thread_ts_needs_in_channel_and_no_replacing(slack: Slack) -> None:
    receipt = await slack.command("anna", "#support", "/close", "abc")
    hook = AsyncWebhookClient(receipt.response_url)
    body = {"text": "in thread", "response_type": "in_channel", "thread_ts": "1.000001"}
    await hook.send_dict(body | {"replace_original": False})
    await hook.send_dict(body)
    threads = [message.thread_ts for message in slack.messages("#support")]
    assert threads == ["1.000001", None]


async def test_response_url_refuses_what_slack_refuses(slack: Slack) -> None:
    receipt = await slack.command("anna", "#support", "/close", "abc")
    hook = AsyncWebhookClient(receipt.response_url)
    bad = await hook.send(text="x", blocks=[{"type": "nonsense"}])
    assert (bad.status_code, json.loads(bad.body)["error"]) == (400, "invalid_blocks")
    assert (await hook.send(text="")).status_code == 400
    assert "unsupported type: nonsense [json-pointer:/blocks/0/type]" in slack.rejected


async def test_posting_and_reading_back(slack: Slack, client: AsyncWebClient) -> None:
    who = await client.auth_test()
    assert (who["team_id"], who["user_id"]) == (seed.TEAM, seed.BOT)
    posted = await client.chat_postMessage(
        channel=seed.SUPPORT, text="fallback", blocks=[_section("Room *r1* &amp; <@U0ANNA0001>")]
    )
    message = slack.messages("#support")[0]
    assert message.ts == posted["ts"]
    assert slack.visible_text(message) == "Room *r1* & @anna"
    assert slack.pings(message) == ["<@U0ANNA0001>"]


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        (seed.VIP, "channel_not_found"),
        (seed.PEOPLE_DM, "channel_not_found"),
        (seed.OTHER_CHANNEL, "channel_not_found"),
        (seed.OLD, "is_archived"),
        ("C0NOWHERE", "channel_not_found"),
    ],
)
async def test_where_a_bot_may_not_post(client: AsyncWebClient, channel: str, error: str) -> None:
    with pytest.raises(SlackApiError) as refused:
        await client.chat_postMessage(channel=channel, text="hi")
    assert refused.value.response["error"] == error


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
