"""The page shows everything as text, keeps every secret, and answers nobody but its own machine and page."""

from __future__ import annotations

import aiohttp
import pytest
from playwright.async_api import expect
from yarl import URL

from bridge.sandbox.playground.masks import MASK, Masks
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from bridge.sandbox.stack import Sandbox
from bridge.sandbox.superoffice import SESSION_KEY
from tests.sandbox.playground.conftest import Stage

EVIL = '<img src=x onerror="window.owned=1"><script>window.owned=1</script>'


async def test_foreign_text_is_text_everywhere(stage: Stage) -> None:
    here = stage.sandbox
    room = here.rocketchat.rooms[rooms.OPEN_SERVED]
    room.fname, room.tags = EVIL, [EVIL]
    here.rocketchat.say(room, EVIL)
    here.rocketchat.notify()
    here.superoffice.add_session(900, 2, customer_name=EVIL, first_message=EVIL, last_message=EVIL)
    here.slack.users[slack.MIA].real_name = EVIL
    here.slack.say(here.slack.channel(slack.SUPPORT), slack.MIA, EVIL)
    await stage.type(f"/close {rooms.OPEN_SERVED} tags=x {EVIL}")
    await stage.reads("Done")
    await stage.type("/transfer 900 anna@example.com")
    for tab in ("sessions", "requests", "webhooks", "rooms"):
        await stage.open(tab)
    await stage.page.locator("#panel-rooms details summary").first.click()

    assert await stage.page.evaluate("window.owned") is None
    assert await stage.page.locator("main img[src=x], main script").count() == 0
    assert EVIL in await stage.page.locator("#messages").inner_text()


@pytest.mark.parametrize(
    "text",
    ["<javascript:alert(1)|click>", "<data:text/html,x|click>", "<https://a.example|ok> & <b>"],
)
async def test_only_real_links_are_links(stage: Stage, text: str) -> None:
    here = stage.sandbox.slack
    here.say(here.channel(slack.SUPPORT), slack.MIA, text)

    await stage.page.locator("#messages .message").wait_for()
    found = stage.page.locator("#messages a[href]")
    hrefs = [await link.get_attribute("href") for link in await found.all()]
    assert all(href is not None and href.startswith("https://a.example") for href in hrefs)
    for link in await found.all():
        assert await link.get_attribute("rel") == "noopener noreferrer nofollow"


async def test_no_secret_reaches_the_page(stage: Stage) -> None:
    await stage.type(f"/close {rooms.OPEN_SERVED} bye")
    await stage.type("/transfer 648 anna@example.com")
    await stage.reads("Done")
    await stage.open("requests")
    # all at once: a new request would move the others down between two clicks
    await stage.page.locator(".hop summary").evaluate_all(
        "rows => rows.forEach(row => row.click())"
    )
    text = await stage.page.locator("#panel-requests").inner_text()

    shown = [secret for secret in stage.sandbox.secrets() if secret in text]
    assert shown == []
    assert SESSION_KEY not in text
    assert MASK in text
    await expect(stage.page.locator("#panel-requests")).to_contain_text("X-Auth-Token")


async def test_only_this_machine_under_its_own_name_is_answered(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        async with session.get(sandbox.url, headers={"Host": "playground.example"}) as answer:
            assert answer.status == 403
        async with session.get(sandbox.url) as answer:
            assert answer.status == 200
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
async def test_no_other_page_can_act(sandbox: Sandbox, origin: str) -> None:
    headers = {"Content-Type": "application/json"} | ({"Origin": origin} if origin else {})
    line = {"user": slack.ANNA, "channel": slack.SUPPORT, "text": "/close help"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sandbox.url}/act/say", json=line, headers=headers) as answer,
    ):
        assert answer.status == 403
    assert sandbox.slack.messages(slack.SUPPORT) == []


async def test_what_cannot_be_done_is_said_in_words(sandbox: Sandbox) -> None:
    headers = {"Origin": sandbox.url}
    async with aiohttp.ClientSession(headers=headers) as session:
        for gesture, given in (
            ("say", {"user": slack.SAM, "channel": slack.VIP, "text": "/close help"}),
            ("say", {"user": slack.ANNA, "channel": slack.SUPPORT, "text": " "}),
            ("room", {"what": "leave", "rid": rooms.CLOSED_PLAIN}),
            ("room", {"what": "leave", "rid": "none"}),
            ("session", {"what": "dance", "session_id": 648}),
            ("session", {"what": "accept", "session_id": 1}),
        ):
            async with session.post(f"{sandbox.url}/act/{gesture}", json=given) as answer:
                assert answer.status == 409
                assert (await answer.json())["error"]
        async with session.post(f"{sandbox.url}/act/fly", json={}) as answer:
            assert answer.status == 404


def test_masks_cover_by_name_and_by_value() -> None:
    masks = Masks(["s3cret-value"])

    headers = dict(masks.headers({"Authorization": "Bearer abc", "X-Auth-Token": "t", "A": "b"}))
    assert headers == {"Authorization": f"Bearer {MASK}", "X-Auth-Token": MASK, "A": "b"}
    assert "abc" not in masks.body('{"SessionKey": "abc", "x": [{"token": "abc"}]}')
    assert masks.body("token=abc&text=hello") == f"token={MASK}&text=hello"
    assert masks.text("with s3cret-value inside") == f"with {MASK} inside"
    hook = str(URL("http://slack.example/commands/T0DESK0001/1795243151/0000000a"))
    assert "0000000a" not in masks.text(hook)
