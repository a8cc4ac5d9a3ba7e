"""The emulated Web API through slack_sdk's own clients: every refusal by name, files, install, sign-in, manifests, sockets."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bridge.sandbox.slack import Slack, Switches, seed
from tests.clock import Clock

Json = dict[str, Any]
# slack_sdk 3.47 builds aiohttp.BasicAuth, which aiohttp 3.14 warns about.
SDK_USES_BASIC_AUTH = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated")
Serve = Callable[[web.Application], Awaitable[TestServer]]


@pytest.fixture
def clock() -> Clock:
    return Clock(1_700_000_000.0)


@pytest.fixture
async def slack(aiohttp_server: Serve, clock: Clock) -> Slack:
    slack = Slack("http://127.0.0.1:1", clock=clock)
    slack.public_url = str((await aiohttp_server(slack.app())).make_url("")).rstrip("/")
    return slack


@pytest.fixture
def client(slack: Slack) -> AsyncWebClient:
    return api(slack)


def api(slack: Slack, token: str | None = seed.BOT_TOKEN) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=f"{slack.public_url}/api/")


async def refused(answer: Awaitable[Any]) -> Any:
    with pytest.raises(SlackApiError) as error:
        await answer
    return error.value.response


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def test_tokens_are_told_apart(slack: Slack) -> None:
    assert (await refused(api(slack, None).auth_test()))["error"] == "not_authed"
    assert (await refused(api(slack, "xoxb-nobody").auth_test()))["error"] == "invalid_auth"
    answer = await refused(api(slack, seed.APP_TOKEN).chat_postMessage(channel="x", text="x"))
    assert answer["error"] == "not_allowed_token_type"
    slack.tokens[seed.BOT_TOKEN].scopes = ["commands"]
    answer = await refused(api(slack).chat_postMessage(channel=seed.SUPPORT, text="x"))
    assert (answer["error"], answer["needed"], answer["provided"]) == (
        "missing_scope",
        "chat:write",
        "commands",
    )
    slack.teams[seed.TEAM].active = False
    assert (await refused(api(slack).auth_test()))["error"] == "account_inactive"
    assert (await api(slack, seed.OTHER_BOT_TOKEN).auth_test())["team_id"] == seed.OTHER_TEAM
    assert (await refused(api(slack).api_call("no.such")))["error"] == "unknown_method"


async def test_long_things(slack: Slack, client: AsyncWebClient) -> None:
    long = client.chat_postMessage(channel=seed.SUPPORT, text="x" * 40_001)
    assert (await refused(long))["error"] == "msg_too_long"
    slack.settings.truncate_long_text = True
    await client.chat_postMessage(channel=seed.SUPPORT, text="x" * 40_001)
    assert len(slack.messages("#support")[0].text) == 40_000
    blocks = [section("x" * 2900) for _ in range(5)]
    heavy = client.chat_postMessage(channel=seed.SUPPORT, text="x", blocks=blocks)
    assert (await refused(heavy))["error"] == "msg_blocks_too_long"
    nothing = client.api_call("chat.postMessage", json={"channel": seed.SUPPORT, "text": ""})
    assert (await refused(nothing))["error"] == "no_text"


BUTTON = {"type": "button", "action_id": "a", "text": plain("b")}
OPTION = {"text": plain("o"), "value": "v"}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (
            section("x" * 3001),
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
        ({"type": "section"}, "missing required field: text [json-pointer:/blocks/0]"),
        (section("x") | {"fields": [plain("f")] * 11}, "no more than 10 items allowed"),
        ({"type": "header", "text": plain("h" * 151)}, "must be less than 151 characters"),
        ({"type": "header", "text": section("h")["text"]}, "unsupported type: mrkdwn"),
        (actions(*[BUTTON] * 26), "no more than 25 items allowed"),
        (actions(BUTTON, BUTTON), "`action_id` 'a' already exists"),
        (actions(BUTTON | {"text": plain("x" * 76)}), "must be less than 76 characters"),
        (actions(BUTTON | {"value": "x" * 2001}), "must be less than 2001 characters"),
        (actions(BUTTON | {"style": "loud"}), "must be primary or danger"),
        (actions(BUTTON | {"confirm": {"title": plain("x" * 101)}}), "less than 101 characters"),
        (actions({"type": "static_select", "options": [OPTION] * 101}), "no more than 100 items"),
        (actions({"type": "static_select", "options": []}), "must have at least 1 item"),
        (actions({"type": "overflow", "options": [OPTION] * 6}), "no more than 5 items"),
        (actions({"type": "checkboxes", "options": [OPTION] * 11}), "no more than 10 items"),
        (
            actions(
                {"type": "static_select", "options": [{"text": plain("o"), "value": "v" * 151}]}
            ),
            "must be less than 151 characters",
        ),
        ({"type": "context", "elements": [plain("c")] * 11}, "no more than 10 items allowed"),
        (
            {"type": "image", "image_url": "https://x.example/i.png"},
            "missing required field: alt_text",
        ),
        ({"type": "nonsense"}, "unsupported type: nonsense"),
    ],
)
async def test_blocks_slack_refuses(client: AsyncWebClient, block: Json, reason: str) -> None:
    answer = await refused(client.chat_postMessage(channel=seed.SUPPORT, text="x", blocks=[block]))
    assert answer["error"] == "invalid_blocks"
    assert any(reason in found for found in answer["errors"])
    assert answer["response_metadata"]["messages"][0].startswith("[ERROR] ")


async def test_fifty_blocks_and_no_more(client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel=seed.SUPPORT, text="x", blocks=[section("x")] * 50)
    many = client.chat_postMessage(channel=seed.SUPPORT, text="x", blocks=[section("x")] * 51)
    assert (await refused(many))["error"] == "invalid_blocks"


async def test_one_message_a_second(slack: Slack, client: AsyncWebClient, clock: Clock) -> None:
    slack.settings.post_rate = True
    for _ in range(slack.settings.post_burst):
        await client.chat_postMessage(channel=seed.SUPPORT, text="x")
    answer = await refused(client.chat_postMessage(channel=seed.SUPPORT, text="x"))
    assert (answer.status_code, answer["error"]) == (429, "ratelimited")
    assert answer.headers["Retry-After"] == "1"
    await client.chat_postMessage(channel=seed.RANDOM, text="another channel, another pace")
    clock.now += 1
    await client.chat_postMessage(channel=seed.SUPPORT, text="x")


async def test_where_membership_counts(slack: Slack, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel=seed.RANDOM, text="public needs no membership")
    slack.tokens[seed.BOT_TOKEN].scopes.remove("chat:write.public")
    answer = await refused(client.chat_postMessage(channel=seed.RANDOM, text="x"))
    assert answer["error"] == "not_in_channel"
    slack.channel("support").read_only = True
    answer = await refused(client.chat_postMessage(channel=seed.SUPPORT, text="x"))
    assert answer["error"] == "restricted_action"
    await client.chat_postMessage(channel=seed.ANNA, text="hello")
    assert [m.text for m in slack.messages(seed.DM, "anna")] == ["hello"]
    answer = await refused(
        client.chat_postEphemeral(channel=seed.DM, user=seed.MIA, text="not there")
    )
    assert answer["error"] == "user_not_in_channel"


async def test_editing_and_taking_back(slack: Slack, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel=seed.SUPPORT, text="t", blocks=[section("one")])
    place = {"channel": seed.SUPPORT, "ts": posted["ts"]}
    await client.api_call("chat.update", json=place | {"blocks": [section("two")]})
    message = slack.messages("#support")[0]
    assert (slack.visible_text(message), message.edited) == ("two", False)
    await client.chat_update(**place, text="three")
    assert (slack.visible_text(message), message.edited) == ("three", True)
    link = (await client.chat_getPermalink(channel=seed.SUPPORT, message_ts=posted["ts"])).data
    assert isinstance(link, dict)
    assert link["permalink"].endswith("/p" + posted["ts"].replace(".", ""))
    await client.chat_delete(**place)
    assert (await refused(client.chat_delete(**place)))["error"] == "message_not_found"
    typed = slack.say(slack.channel("support"), seed.ANNA, "mine")
    own = client.chat_update(channel=seed.SUPPORT, ts=typed.ts, text="yours")
    assert (await refused(own))["error"] == "cant_update_message"


async def test_pings_and_forged_links_are_found(slack: Slack, client: AsyncWebClient) -> None:
    evil = (
        "<!channel> <@U0ANNA0001> <!subteam^S0LEADS001> <https://evil.example|https://good.example>"
    )
    await client.chat_postMessage(channel=seed.SUPPORT, text=evil)
    message = slack.messages("#support")[-1]
    assert slack.visible_text(message) == "@channel @anna @leads https://good.example"
    assert slack.pings(message) == ["<!channel>", "<@U0ANNA0001>", "<!subteam^S0LEADS001>"]
    assert [(li.url, li.label) for li in slack.links(message)] == [
        ("https://evil.example", "https://good.example")
    ]
    safe = evil.replace("<", "&lt;").replace(">", "&gt;")
    plain_block = {"type": "section", "text": plain(evil)}
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": evil}]}
    blocks = [section(safe.replace("https:", "")), plain_block]
    blocks.append({"type": "rich_text", "elements": [rich]})
    await client.chat_postMessage(channel=seed.SUPPORT, text="x", blocks=blocks)
    message = slack.messages("#support")[-1]
    assert slack.pings(message) == []
    assert slack.links(message) == []
    assert "<!channel>" in slack.visible_text(message)


async def test_people_and_places(slack: Slack, client: AsyncWebClient) -> None:
    user = (await client.users_info(user=seed.ANNA, include_locale=True))["user"]
    assert (user["profile"]["email"], user["locale"]) == ("anna@example.com", "de-DE")
    found = await client.users_lookupByEmail(email="mia@example.com")
    assert found["user"]["id"] == seed.MIA
    assert (await refused(client.users_info(user=seed.OLGA)))["error"] == "user_not_found"
    unknown = client.users_lookupByEmail(email="olga@other.example")
    assert (await refused(unknown))["error"] == "users_not_found"
    assert (await client.conversations_open(users=[seed.ANNA]))["channel"]["id"] == seed.DM
    members = await client.conversations_members(channel=seed.SUPPORT)
    assert seed.BOT in members["members"]
    assert (await refused(client.conversations_info(channel=seed.VIP)))["error"] == (
        "channel_not_found"
    )
    names = [
        c["name"]
        async for page in await client.conversations_list(limit=1)
        for c in page["channels"]
    ]
    assert names == ["support", "random", "old"]
    assert (await client.usergroups_users_list(usergroup=seed.LEADS))["users"] == [seed.MIA]
    assert (await client.usergroups_list())["usergroups"][0]["handle"] == "leads"
    slack.tokens[seed.BOT_TOKEN].scopes.remove("users:read.email")
    assert "email" not in (await client.users_info(user=seed.ANNA))["user"]["profile"]
    as_json = await refused(client.api_call("users.info", json={"user": seed.ANNA}))
    assert as_json["error"] == "user_not_found"  # reading methods take no JSON body


async def test_uploading_a_file(slack: Slack, client: AsyncWebClient) -> None:
    pdf = b"%PDF-1.7\xff\xfe\x00"
    done = await client.files_upload_v2(
        content=pdf,
        filename="t.pdf",
        channel=seed.SUPPORT,
        initial_comment="Here",
        thread_ts="1.000001",
    )
    file_id = done["file"]["id"]
    message = slack.messages("#support")[-1]
    assert (slack.visible_text(message), message.thread_ts) == ("Here\n[file t.pdf]", "1.000001")
    assert slack.effects_of("upload_file", file_id)
    async with aiohttp.ClientSession() as session, session.get(done["file"]["url_private"]) as got:
        assert await got.read() == pdf
    other = client.files_upload_v2(content=b"x", filename="t.pdf", channel=seed.VIP)
    assert (await refused(other))["error"] == "channel_not_found"
    other = client.files_upload_v2(content=b"x", filename="t.pdf", channel=seed.RANDOM)
    assert (await refused(other))["error"] == "not_in_channel"
    assert any(e.route == "/upload/v1/{file}" for e in slack.exchanges)


async def test_faults_reach_the_web_api(slack: Slack, client: AsyncWebClient) -> None:
    body = json.dumps({"ok": False, "error": "ratelimited"})
    headers = {"Retry-After": "7", "Content-Type": "application/json"}
    route = "* /api/*"
    with slack.fault("status", route, status=429, body=body, headers=headers):
        answer = await refused(client.chat_postMessage(channel=seed.SUPPORT, text="x"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    with slack.fault("status", "POST /api/chat.postMessage", status=429, body=body):
        await client.auth_test()
        with pytest.raises(SlackApiError):
            await client.chat_postMessage(channel=seed.SUPPORT, text="x")
    client.retry_handlers = []
    lost = slack.fault("reset_after", "POST /api/chat.postMessage", times=1)
    with lost, pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=seed.SUPPORT, text="posted all the same")
    assert [m.text for m in slack.messages("#support")] == ["posted all the same"]


@SDK_USES_BASIC_AUTH
async def test_installing_and_revoking(slack: Slack, clock: Clock) -> None:
    client = api(slack, None)
    slack.settings.token_rotation = True
    back = slack.grant("olga", "https://bridge.example/slack/oauth_redirect", "commands", "s1")
    assert "state=s1" in back
    code = back.split("code=")[1].split("&")[0]
    secrets = {"client_id": seed.CLIENT_ID, "client_secret": seed.CLIENT_SECRET}
    wrong = client.oauth_v2_access(client_id=seed.CLIENT_ID, client_secret="no", code=code)
    assert (await refused(wrong))["error"] == "bad_client_secret"
    got = await client.oauth_v2_access(**secrets, code=code)
    assert (got["team"]["id"], got["scope"], got["expires_in"]) == (
        seed.OTHER_TEAM,
        "commands",
        43200,
    )
    assert (await refused(client.oauth_v2_access(**secrets, code=code)))["error"] == (
        "code_already_used"
    )
    installed = api(slack, got["access_token"])
    assert (await installed.auth_test())["team_id"] == seed.OTHER_TEAM
    clock.now += 43200
    assert (await refused(installed.auth_test()))["error"] == "token_expired"
    again = await client.oauth_v2_access(
        **secrets, grant_type="refresh_token", refresh_token=got["refresh_token"]
    )
    renewed = api(slack, again["access_token"])
    await renewed.auth_revoke()
    assert (await refused(renewed.auth_test()))["error"] == "token_revoked"


async def test_consent_in_a_browser(slack: Slack) -> None:
    page = f"{slack.public_url}/oauth/v2/authorize"
    asked = {
        "client_id": seed.CLIENT_ID,
        "scope": "commands",
        "state": "s",
        "redirect_uri": "http://b/r",
    }
    async with aiohttp.ClientSession() as session:
        async with session.get(page, params=asked) as shown:
            assert "Anna Agent of Deskbridge Demo" in await shown.text()
        agreed = asked | {"as": "anna"}
        async with session.get(page, params=agreed, allow_redirects=False) as sent:
            assert sent.headers["Location"].startswith("http://b/r?code=")
        async with session.get(page, params=asked | {"deny": "1"}, allow_redirects=False) as sent:
            assert "error=access_denied" in sent.headers["Location"]


@pytest.mark.parametrize(
    ("redirect_uri", "status"),
    [
        ("https://b.example/back", 200),
        ("https://b.example/back/below?x=1", 200),
        ("https://b.example/backdoor", 400),
        ("https://b.example/", 400),
        ("https://evil.example/back", 400),
    ],
)
async def test_only_an_address_of_the_pushed_manifest_is_led_back_to(
    slack: Slack, redirect_uri: str, status: int
) -> None:
    slack.manifests[slack.app_id] = {"oauth_config": {"redirect_urls": ["https://b.example/back"]}}
    asked = {"client_id": seed.CLIENT_ID, "redirect_uri": redirect_uri}
    page = f"{slack.public_url}/openid/connect/authorize"
    async with aiohttp.ClientSession() as session, session.get(page, params=asked) as shown:
        assert shown.status == status
        assert ("bad_redirect_uri" in await shown.text()) is (status == 400)


@SDK_USES_BASIC_AUTH
async def test_signing_in(slack: Slack) -> None:
    code = slack.grant("anna", "https://b.example/r", "openid email profile", nonce="n").split(
        "code="
    )[1]
    client = api(slack, None)
    got = await client.openid_connect_token(
        client_id=seed.CLIENT_ID, client_secret=seed.CLIENT_SECRET, code=code.split("&")[0]
    )
    body = got["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert (claims["nonce"], claims["email"], claims["aud"]) == (
        "n",
        "anna@example.com",
        seed.CLIENT_ID,
    )
    who = await api(slack, got["access_token"]).openid_connect_userInfo()
    assert who["https://slack.com/team_id"] == seed.TEAM
    keys = f"{slack.public_url}/openid/connect/keys"
    async with aiohttp.ClientSession() as session, session.get(keys) as published:
        assert (await published.json())["keys"][0]["alg"] == "RS256"


def manifest(**commands: Any) -> Json:
    command = {"command": "/close", "url": "https://b.example/slack/events", "description": "Close"}
    return {
        "display_information": {"name": "Deskbridge"},
        "features": {
            "bot_user": {"display_name": "bridge"},
            "slash_commands": [command | {"should_escape": True} | commands],
        },
        "oauth_config": {"scopes": {"bot": ["commands"]}},
        "settings": {},
    }


async def test_manifests(slack: Slack) -> None:
    client = api(slack, seed.CONFIG_TOKEN)
    await client.apps_manifest_validate(manifest=manifest())
    for name in ("/invite", "/Close", "/" + "x" * 32, "close"):
        answer = await refused(client.apps_manifest_validate(manifest=manifest(command=name)))
        assert answer["errors"][0]["message"] == "the slash command has an invalid name"
    empty = manifest()
    empty["features"]["slash_commands"] = []
    answer = await refused(client.apps_manifest_validate(manifest=empty))
    assert answer["errors"][0]["pointer"] == "/features/slash_commands"
    await client.apps_manifest_update(app_id=seed.APP_ID, manifest=manifest(should_escape=False))
    assert slack.should_escape_of == {"/close": False}
    assert (await client.apps_manifest_create(manifest=manifest()))["credentials"]["client_id"]


async def test_socket_mode(slack: Slack) -> None:
    slack.settings.socket_mode = True
    assert (await slack.command("anna", "#support", "/close")).error == "dispatch_failed"
    client = SocketModeClient(
        app_token=seed.APP_TOKEN,
        web_client=api(slack),
        auto_reconnect_enabled=False,
        ping_interval=60,
    )
    kinds: list[str] = []

    async def answer(socket: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        kinds.append(request.type)
        payload = {"text": f"got {request.payload.get('text')}"}
        await socket.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload))

    client.socket_mode_request_listeners.append(answer)
    await client.connect()  # type: ignore[no-untyped-call]
    try:
        await slack.socket_opened.wait()
        assert (await slack.command("anna", "#support", "/close", "abc")).shown == "got abc"
        assert (await slack.mention("anna", "#support", "close")).status == 200
        assert kinds == ["slash_commands", "events_api"]
    finally:
        await client.close()  # type: ignore[no-untyped-call]
        await client.aiohttp_client_session.close()


async def test_switches_and_state_from_another_process(
    slack: Slack, client: AsyncWebClient
) -> None:
    await client.chat_postMessage(channel=seed.SUPPORT, text="a &amp; b")
    sandbox = f"{slack.public_url}/_sandbox"
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{sandbox}/settings", json={"post_rate": True}) as changed:
            assert (await changed.json())["post_rate"] is True
        async with session.post(f"{sandbox}/settings", json={"nonsense": 1}) as wrong:
            assert wrong.status == 400
        async with session.get(f"{sandbox}/state") as state:
            shown = await state.json()
        assert shown["messages"][0]["visible"] == "a & b"
        typed = {"user": "anna", "channel": "#support", "command": "/close"}
        async with session.post(f"{sandbox}/act/command", json=typed) as done:
            assert (await done.json())["error"] == "dispatch_failed"
        place = {"channel": "#support", "ts": slack.messages("#support")[0].ts}
        pressed = {"user": "anna", "place": place, "wanted": "no such button"}
        async with session.post(f"{sandbox}/act/click", json=pressed) as done:
            assert done.status == 409
        await session.post(f"{sandbox}/reset")
    assert slack.messages("#support") == []
    assert slack.settings == Switches(post_rate=True)
