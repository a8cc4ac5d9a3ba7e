"""Every kind of interaction goes out as Bolt expects it, and its answer does on screen what Slack does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest, AsyncRespond
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bridge.sandbox.slack import Message, Slack, seed
from tests.clock import Clock

Json = dict[str, Any]
Serve = Callable[[web.Application], Awaitable[TestServer]]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def options(*names: str) -> list[Json]:
    return [{"text": plain(name.title()), "value": name} for name in names]


def words(block_id: str, **more: Any) -> Json:
    element = {"type": "plain_text_input", "action_id": "value", **more}
    return {"type": "input", "block_id": block_id, "label": plain(block_id), "element": element}


def modal(*blocks: Json, **more: Any) -> Json:
    view = {"type": "modal", "callback_id": "close", "title": plain("Close"), "submit": plain("Go")}
    return view | {"blocks": list(blocks)} | more


def buttons(*elements: Json) -> list[Json]:
    return [{"type": "actions", "block_id": "follow_up", "elements": list(elements)}]


def button(action_id: str, **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(action_id), **more}


class Stage:
    """A Bolt app behind a real server, and the emulated Slack in front of it."""

    def __init__(self, slack: Slack, client: AsyncWebClient, clock: Clock) -> None:
        self.slack, self.client, self.clock = slack, client, clock
        self.got: list[Json] = []
        self.retries: list[str | None] = []
        self.bolt = AsyncApp(
            signing_secret=slack.signing_secret,
            process_before_response=True,
            client=client,
            request_verification_enabled=False,  # the emulator's clock is not today's
            token=seed.BOT_TOKEN,
        )

    async def receive(self, request: web.Request) -> web.Response:
        self.retries.append(request.headers.get("X-Slack-Retry-Num"))
        headers: dict[str, Any] = dict(request.headers)
        asked = AsyncBoltRequest(body=await request.text(), headers=headers)
        answer: BoltResponse = await self.bolt.async_dispatch(asked)
        kept = {key: values[0] for key, values in answer.headers.items()}
        return web.Response(status=answer.status, body=answer.body.encode(), headers=kept)

    async def open(self, view: Json) -> Json:
        trigger = self.slack.new_trigger(seed.TEAM, seed.ANNA, seed.SUPPORT)
        opened: Json = (await self.client.views_open(trigger_id=trigger.id, view=view))["view"]
        return opened

    async def post(self, blocks: list[Json], **more: Any) -> Message:
        await self.client.chat_postMessage(channel=seed.SUPPORT, text="t", blocks=blocks, **more)
        return self.slack.messages("#support")[-1]


@pytest.fixture
async def stage(aiohttp_server: Serve) -> Stage:
    clock = Clock(1_700_000_000.0)
    slack = Slack(clock=clock)
    slack.public_url = str((await aiohttp_server(slack.app())).make_url("")).rstrip("/")
    client = AsyncWebClient(token=seed.BOT_TOKEN, base_url=f"{slack.public_url}/api/")
    stage = Stage(slack, client, clock)
    app = web.Application()
    app.router.add_post("/slack/events", stage.receive)
    slack.bridge_url = str((await aiohttp_server(app)).make_url("")).rstrip("/")
    return stage


async def test_a_button_click_and_its_response_url(stage: Stage) -> None:
    async def transcript(ack: AsyncAck, body: Json, action: Json, respond: AsyncRespond) -> None:
        stage.got += [body, action]
        await ack()
        await respond(text="queued", replace_original=True)

    stage.bolt.action("transcript")(transcript)
    message = await stage.post(buttons(button("transcript", value="job-1")))
    receipt = await stage.slack.click("mia", message, "transcript")
    body, action = stage.got
    assert (receipt.status, action["value"]) == (200, "job-1")
    assert body["container"]["message_ts"] == message.ts == body["message"]["ts"]
    assert (body["user"]["id"], body["channel"]["id"]) == (seed.MIA, seed.SUPPORT)
    assert [stage.slack.visible_text(m) for m in stage.slack.messages("#support")] == ["queued"]


async def test_an_ephemeral_message_is_not_in_the_payload(stage: Stage) -> None:
    await stage.client.chat_postEphemeral(
        channel=seed.SUPPORT, user=seed.ANNA, text="t", blocks=buttons(button("go"))
    )
    message = stage.slack.messages("#support", "anna")[0]
    receipt = await stage.slack.click("anna", message, "go")
    assert receipt.payload["container"]["is_ephemeral"]
    assert "message" not in receipt.payload
    assert receipt.error == "dispatch_failed"  # nobody listens for it
    with pytest.raises(LookupError):
        await stage.slack.click("mia", message, "go")


async def test_a_confirmation_can_be_declined(stage: Stage) -> None:
    confirm = {"title": plain("Sure?"), "text": plain("It closes."), "confirm": plain("Yes")}
    confirm |= {"deny": plain("No")}
    message = await stage.post(buttons(button("close", confirm=confirm)))
    receipt = await stage.slack.click("anna", message, "close", agree=False)
    assert (receipt.sent, receipt.confirm) == (False, "Sure?\nIt closes.")
    assert stage.retries == []


async def test_menus_in_messages(stage: Stage) -> None:
    async def chosen(ack: AsyncAck, action: Json, body: Json) -> None:
        stage.got += [action, body["state"]["values"]]
        await ack()

    stage.bolt.action("who")(chosen)
    stage.bolt.action("more")(chosen)
    menu = {"type": "static_select", "action_id": "who", "options": options("a", "b")}
    more = {"type": "overflow", "action_id": "more", "options": options("x")}
    message = await stage.post(buttons(menu, more))
    await stage.slack.click("anna", message, "who", "b")
    await stage.slack.click("anna", message, "more", "x")
    assert stage.got[0]["selected_option"]["value"] == "b"
    assert stage.got[1]["follow_up"]["who"] == {"type": "static_select", "selected_option": None}
    assert stage.got[2]["selected_option"]["value"] == "x"
    with pytest.raises(LookupError):
        await stage.slack.click("anna", message, "who", "c")


async def test_a_shortcut_opens_a_modal_once_and_in_time(stage: Stage) -> None:
    async def shortcut(ack: AsyncAck, body: Json, client: AsyncWebClient) -> None:
        stage.got.append(body)
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=modal(words("room")))

    stage.bolt.shortcut("close_chat")(shortcut)
    receipt = await stage.slack.shortcut("anna", "close_chat")
    assert [view.title for view in stage.slack.open_views("anna")] == ["Close"]
    assert await refused(stage.client.views_open(trigger_id=receipt.trigger_id, view=modal())) == (
        "exchanged_trigger_id"
    )
    message = await stage.post([])
    receipt = await stage.slack.shortcut("anna", "close_chat", message)
    assert stage.got[1]["message"]["ts"] == message.ts
    assert receipt.response_url
    assert len(stage.slack.open_views("anna")) == 1
    late = stage.slack.new_trigger(seed.TEAM, seed.ANNA)
    stage.clock.now += 3.1
    answer = stage.client.views_open(trigger_id=late.id, view=modal())
    assert await refused(answer) == "expired_trigger_id"
    stage.slack.settings.dialog_trigger_errors = True
    answer = stage.client.views_open(trigger_id=late.id, view=modal())
    assert await refused(answer) == "trigger_expired"
    answer = stage.client.views_open(trigger_id="1.2.x", view=modal())
    assert await refused(answer) == "invalid_trigger_id"


async def refused(answer: Awaitable[Any]) -> str:
    with pytest.raises(SlackApiError) as error:
        await answer
    return str(error.value.response["error"])


async def test_a_modal_from_typing_to_closing(stage: Stage) -> None:
    answers: list[Json] = []

    async def submitted(ack: AsyncAck, view: Json, body: Json) -> None:
        stage.got += [view, body]
        await ack(**answers.pop(0))

    stage.bolt.view("close")(submitted)
    boxes = {"type": "checkboxes", "action_id": "value", "options": options("pdf")}
    box = {"type": "input", "block_id": "pdf", "label": plain("PDF"), "element": boxes}
    view = await stage.open(modal(words("room"), box | {"optional": True}))
    receipt = await stage.slack.submit_view("anna")
    assert not receipt.sent
    assert receipt.errors == {"room": "Please complete this required field."}

    answers.append({"response_action": "errors", "errors": {"room": "No such room"}})
    receipt = await stage.slack.submit_view("anna", values={"room": "r1"})
    assert receipt.errors == {"room": "No such room"}
    assert stage.got[0]["state"]["values"] == {
        "room": {"value": {"type": "plain_text_input", "value": "r1"}},
        "pdf": {"value": {"type": "checkboxes", "selected_options": []}},
    }

    answers.append({"response_action": "errors", "errors": {"nowhere": "?"}})
    receipt = await stage.slack.submit_view("anna")
    assert receipt.shown == "We had some trouble connecting. Try again?"

    answers.append({"response_action": "update", "view": modal(words("room"), words("tags"))})
    receipt = await stage.slack.submit_view("anna", values={"pdf": ["pdf"]})
    assert receipt.view is not None
    assert receipt.view.id == view["id"]
    assert receipt.view.state["room"]["value"]["value"] == "r1"

    answers.append({"response_action": "push", "view": modal(words("sure"))})
    receipt = await stage.slack.submit_view("anna", values={"tags": "x"})
    assert receipt.view is not None
    assert receipt.view.previous_id == view["id"]

    answers.append({"response_action": "clear"})
    assert (await stage.slack.submit_view("anna", values={"sure": "y"})).view is None

    await stage.open(modal(words("room")))
    answers.append({})
    assert (await stage.slack.submit_view("anna", values={"room": "r"})).view is None


async def test_closing_is_told_only_on_demand(stage: Stage) -> None:
    async def closed(ack: AsyncAck, body: Json) -> None:
        stage.got.append(body)
        await ack()

    stage.bolt.view_closed("close")(closed)
    await stage.open(modal(words("room")))
    await stage.slack.close_view("anna")
    assert stage.got == []
    await stage.open(modal(words("room"), notify_on_close=True))
    await stage.slack.close_view("anna", whole_stack=True)
    assert stage.got[0]["is_cleared"]
    assert stage.slack.open_views("anna") == []


async def test_updating_a_view(stage: Stage) -> None:
    opened = await stage.open(modal(words("room"), external_id="one"))
    stage.slack.enter("anna", {"room": "typed"})
    client, view_id = stage.client, opened["id"]
    fresh = (await client.views_update(view_id=view_id, view=modal(words("room"))))["view"]
    assert fresh["state"]["values"]["room"]["value"]["value"] == "typed"
    stale = client.views_update(view_id=view_id, hash=opened["hash"], view=modal())
    assert await refused(stale) == "hash_conflict"
    await stage.slack.close_view("anna")
    assert await refused(client.views_update(view_id=view_id, view=modal())) == "not_found"
    bad = client.views_update(view_id=view_id, view=modal(title=plain("x" * 25)))
    assert await refused(bad) == "invalid_arguments"


async def test_external_menus(stage: Stage) -> None:
    async def rooms(ack: AsyncAck, payload: Json) -> None:
        stage.got.append(payload)
        await ack(options=options("r1", "r2") if payload["value"] else [])

    async def picked(ack: AsyncAck, action: Json) -> None:
        stage.got.append(action)
        await ack()

    stage.bolt.options("room")(rooms)
    stage.bolt.action("room")(picked)
    menu = {"type": "external_select", "action_id": "room", "min_query_length": 0}
    block = {"type": "input", "block_id": "room", "label": plain("Room"), "element": menu}
    await stage.open(modal(block | {"dispatch_action": True}))
    assert (await stage.slack.suggest("anna", None, "room")).labels == []
    with pytest.raises(LookupError):
        stage.slack.enter("anna", {"room": "r1"})
    assert (await stage.slack.suggest("anna", None, "room", "r")).labels == ["R1", "R2"]
    await stage.slack.click("anna", None, "room", "r2")
    assert stage.got[-1]["selected_option"]["value"] == "r2"
    held = stage.slack.open_views("anna")[0].state["room"]["room"]
    assert held["selected_option"]["value"] == "r2"


async def test_too_many_options_are_no_options(stage: Stage) -> None:
    async def rooms(ack: AsyncAck) -> None:
        await ack(options=[{"text": plain("x"), "value": "v" * 151}])

    stage.bolt.options("room")(rooms)
    menu = {"type": "external_select", "action_id": "room"}
    message = await stage.post(buttons(menu))
    assert (await stage.slack.suggest("anna", message, "room", "ab")).error == "query_too_short"
    receipt = await stage.slack.suggest("anna", message, "room", "abc")
    assert (receipt.options, receipt.shown) == ([], "No results")


async def test_a_mention_is_told_with_the_thread(stage: Stage) -> None:
    async def mentioned(event: Json) -> None:
        stage.got.append(event)

    stage.bolt.event("app_mention")(mentioned)
    receipt = await stage.slack.mention("anna", "#support", "close r1 a@b.example", "1.000001")
    assert receipt.status == 200
    assert stage.got[0]["text"] == f"<@{seed.BOT}> close r1 <mailto:a@b.example|a@b.example>"
    assert stage.got[0]["thread_ts"] == "1.000001"
    assert (await stage.slack.mention("anna", "random", "close r1")).error == "app_not_told"


async def test_failed_events_come_again(stage: Stage) -> None:
    receipt = await stage.slack.mention("anna", "#support", "close r1")  # nobody listens: 404
    assert receipt.error == "dispatch_failed"
    assert stage.retries == [None, "1"]
    stage.clock.now += 60
    await stage.slack.redeliver()
    stage.clock.now += 299
    assert await stage.slack.redeliver() == []
    stage.clock.now += 1
    await stage.slack.redeliver()
    assert stage.retries == [None, "1", "2", "3"]
    stage.clock.now += 9999
    assert await stage.slack.redeliver() == []


async def test_the_address_is_verified(stage: Stage) -> None:
    assert (await stage.slack.url_verification()).error == ""
    assert (await stage.slack.ssl_check()).status == 200


async def test_home_and_uninstall(stage: Stage) -> None:
    async def told(event: Json) -> None:
        stage.got.append(event)

    for name in ("app_home_opened", "app_uninstalled", "tokens_revoked"):
        stage.bolt.event(name)(told)
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    await stage.client.views_publish(user_id=seed.ANNA, view=home)
    await stage.slack.open_home("anna")
    assert stage.got[0]["view"]["blocks"][0]["type"] == "divider"
    await stage.slack.uninstall()
    assert [event["type"] for event in stage.got[1:]] == ["tokens_revoked", "app_uninstalled"]
    assert await refused(stage.client.auth_test()) == "token_revoked"
