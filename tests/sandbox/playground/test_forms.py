"""Forms, buttons, questions and shortcuts: everything without typing, in real dialogs."""

from __future__ import annotations

from playwright.async_api import expect

from bridge.sandbox.rocketchat import seed as rooms
from tests.sandbox.playground.conftest import Stage


async def test_a_command_alone_opens_its_form_and_the_form_closes_the_room(stage: Stage) -> None:
    await stage.type("/close")
    dialog = stage.page.locator("dialog.modal")
    await expect(dialog.locator("h2")).to_have_text("Close conversation")
    room = dialog.get_by_role("combobox", name="Room")
    await room.fill("Clara")
    await dialog.get_by_role("option", name="Clara").click()
    await dialog.get_by_label("Comment").fill("Found at the neighbour's.")
    await dialog.get_by_role("button", name="Run").click()

    await expect(dialog).to_contain_text("The answer comes in #support")
    await dialog.locator("footer").get_by_role("button", name="Close").click()
    await expect(dialog).to_have_count(0)
    await stage.reads("Done")
    closed = stage.sandbox.rocketchat.rooms[rooms.OPEN_SERVED]
    assert not closed.open


async def test_a_required_field_says_so_at_its_own_input(stage: Stage) -> None:
    await stage.type("/close")
    dialog = stage.page.locator("dialog.modal")
    await dialog.get_by_role("button", name="Run").click()

    wrong = dialog.locator(".input.wrong")
    await expect(wrong).to_have_count(1)
    await expect(wrong.locator(".error")).to_have_text("Please complete this required field.")
    await expect(wrong.locator("[aria-invalid=true]")).to_be_focused()


async def test_every_kind_of_input_is_drawn(stage: Stage) -> None:
    await stage.type("/export file")
    dialog = stage.page.locator("dialog.modal")
    await expect(dialog.locator("input[type=date]")).to_have_count(2)
    await expect(dialog.locator("input[type=radio], select")).not_to_have_count(0)
    await stage.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def test_keys_alone_choose_from_a_list(stage: Stage) -> None:
    await stage.type("/transfer session")
    dialog = stage.page.locator("dialog.modal")
    session = dialog.get_by_role("combobox").first
    await session.press("ArrowDown")
    await expect(dialog.get_by_role("option").first).to_be_visible()
    await session.press("ArrowDown")
    await session.press("Enter")

    await expect(session).not_to_have_value("")
    await expect(dialog).to_be_visible()


async def test_a_button_asks_and_then_opens_what_is_missing(stage: Stage) -> None:
    await stage.type(f"/close {rooms.NEEDS_TAGS} done")
    await stage.reads("wants tags")
    await stage.page.get_by_role("button", name="Add tags and close").click()
    dialog = stage.page.locator("dialog.modal")
    await dialog.get_by_label("Tags").fill("billing")
    await dialog.get_by_role("button", name="Run").click()

    await stage.until(lambda: stage.sandbox.rocketchat.effects_of("close_room", rooms.NEEDS_TAGS))


async def test_a_shortcut_offers_everything(stage: Stage) -> None:
    await stage.page.get_by_role("button", name="Shortcuts", exact=True).click()
    await stage.page.get_by_role("menuitem", name="Anything the bridge can do").click()
    dialog = stage.page.locator("dialog.modal")
    await dialog.locator("select").select_option("rocketchat.close_room")
    await dialog.locator("button[type=submit]").click()

    await expect(dialog.locator("h2")).to_have_text("Close conversation")


async def test_a_shortcut_on_a_message_opens_its_form(stage: Stage) -> None:
    await stage.type(f"Please close https://chat.example/live/{rooms.OPEN_SERVED}")
    message = stage.page.locator("#messages .message", has_text="Please close")
    await message.hover()
    await message.get_by_role("button", name="Shortcuts on this message").click()
    await stage.page.get_by_role("menuitem", name="Close conversation").click()

    await expect(stage.page.locator("dialog.modal h2")).to_have_text("Close conversation")


async def test_the_colleague_accepts_the_transfer(stage: Stage) -> None:
    await stage.type("/transfer 648 anna@example.com")
    await stage.open("sessions")
    card = stage.page.locator("#panel-sessions .card", has_text="Pietro")
    await card.get_by_role("button", name="Accept as Anna").click(timeout=10_000)

    await expect(card.locator(".facts")).to_contain_text("Anna Andersen")
    await stage.reads("accepted")
