"""The channel: what is typed leaves signed, is acknowledged, and its answer is read where it belongs."""

from __future__ import annotations

from playwright.async_api import expect

from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from tests.sandbox.playground.conftest import Stage


async def test_the_first_visit_shows_lines_that_work(stage: Stage) -> None:
    offered = stage.page.locator(".line-offer code")
    lines = await offered.all_inner_texts()
    assert any(line.startswith("/close ") for line in lines)

    await offered.first.click()

    await expect(stage.page.locator("#line")).to_have_value(lines[0])


async def test_a_command_is_acknowledged_and_answered_and_the_room_closes(stage: Stage) -> None:
    await stage.type(f"/close {rooms.OPEN_SERVED} tags=delivery All solved")

    await expect(stage.page.locator(".typed .ack")).to_contain_text("acknowledged in")
    await stage.reads("Done")
    card = stage.page.locator("#panel-rooms .card", has_text="Clara")
    await expect(card.locator(".pill")).to_have_text("Closed")
    await expect(card).to_contain_text("All solved")
    assert len(stage.sandbox.rocketchat.effects_of("close_room", rooms.OPEN_SERVED)) == 1


async def test_an_answer_to_one_is_seen_by_nobody_else(stage: Stage) -> None:
    await stage.type("/close help")
    await stage.page.wait_for_selector(".message.ephemeral .only-you")

    await stage.page.click(".person:has-text('Mia')")

    await expect(stage.page.locator("#messages .message")).to_have_count(0)


async def test_the_stranger_is_told_why_not(stage: Stage) -> None:
    await stage.page.click(".person:has-text('Sam')")
    await stage.type(f"/close {rooms.OPEN_SERVED} mine now")

    await stage.reads("may not")
    assert stage.sandbox.rocketchat.effects_of("close_room") == []


async def test_commands_complete_and_say_how_they_go(stage: Stage) -> None:
    line = stage.page.locator("#line")
    await line.fill("/tra")
    options = stage.page.locator("#commands [role=option]")
    await expect(options).to_have_count(2)
    await line.press("ArrowDown")
    await line.press("Tab")
    await expect(line).to_have_value("/transfer ")
    await expect(stage.page.locator("#usage")).to_contain_text("<session>")

    await line.fill("/transfer session 648 ")
    await expect(stage.page.locator("#usage mark")).to_have_text("<associate>")


async def test_a_mention_is_answered_in_its_thread(stage: Stage) -> None:
    await stage.type("The parcel was found, close it?")
    message = stage.page.locator("#messages .message", has_text="The parcel was found")
    await message.hover()
    await message.get_by_role("button", name="Reply").click()
    thread = stage.page.locator("#thread")
    await thread.locator("textarea").fill(f"@bridge close {rooms.OPEN_SERVED} found")
    await thread.locator("textarea").press("Enter")

    await expect(thread).to_contain_text("Done", timeout=10_000)
    assert len(stage.sandbox.rocketchat.effects_of("close_room", rooms.OPEN_SERVED)) == 1


async def test_a_command_in_a_thread_is_refused_as_slack_refuses_it(stage: Stage) -> None:
    await stage.type("Hello")
    message = stage.page.locator("#messages .message", has_text="Hello")
    await message.hover()
    await message.get_by_role("button", name="Reply").click()
    await stage.page.fill("#thread textarea", "/close help")
    await stage.page.press("#thread textarea", "Enter")

    await expect(stage.page.locator("#thread")).to_contain_text("not supported in threads")


async def test_the_last_line_comes_back(stage: Stage) -> None:
    await stage.type("/bridge jobs")
    await stage.reads("not asked for anything")

    await stage.page.press("#line", "ArrowUp")

    await expect(stage.page.locator("#line")).to_have_value("/bridge jobs")


async def test_the_pdf_arrives_in_the_thread_as_a_file_to_keep(stage: Stage) -> None:
    await stage.type(f"/transcript {rooms.CLOSED_WITH_PDF}")
    await stage.reads("follows in the thread")

    await stage.page.click(".replies")
    async with stage.page.expect_download() as download:
        await stage.page.click("#thread a.file")

    found = await (await download.value).path()
    assert found.read_bytes().startswith(b"%PDF")


async def test_news_elsewhere_show_as_a_dot(stage: Stage) -> None:
    here = stage.sandbox.slack
    here.say(here.channel(slack.RANDOM), slack.MIA, "Lunch?")

    dot = stage.page.locator(".place:has-text('random') .unread")
    await expect(dot).to_be_visible()
    await stage.page.click(".place:has-text('random')")
    await expect(dot).to_have_count(0)


async def test_only_members_see_a_private_channel(stage: Stage) -> None:
    await expect(stage.page.locator(".place:has-text('vip')")).to_be_visible()

    await stage.page.click(".person:has-text('Sam')")

    await expect(stage.page.locator(".place:has-text('vip')")).to_have_count(0)


async def test_where_the_bridge_is_no_member_the_answer_still_comes(stage: Stage) -> None:
    await stage.page.click(".place:has-text('vip')")
    await stage.type(f"/close {rooms.OPEN_SERVED} bye")

    await stage.reads("Done")
    assert stage.sandbox.slack.messages(slack.VIP, slack.ANNA)


async def test_starting_over_brings_everything_back(stage: Stage) -> None:
    await stage.type(f"/close {rooms.OPEN_SERVED} bye")
    await stage.reads("Done")

    await stage.page.click("#start-over")

    await expect(stage.page.locator("#messages > li")).to_have_count(0)
    card = stage.page.locator("#panel-rooms .card", has_text="Clara")
    await expect(card.locator(".pill")).to_have_text("Open")
