"""What can be said about looks by a machine: accessible, in bounds, in both themes and on a phone."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

from bridge.sandbox.rocketchat import seed as rooms
from tests.sandbox.playground.conftest import Stage

TABS = ["rooms", "sessions", "requests", "switches", "webhooks"]
PHONE = {"width": 390, "height": 844}


async def faults(page: Page) -> list[str]:
    """What axe finds serious or worse."""
    found = await Axe().run(page)
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0].get('failureSummary', '')}"
        for one in found.response["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_every_panel_is_accessible(stage: Stage, theme: str) -> None:
    await stage.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    await stage.type(f"/close {rooms.OPEN_SERVED} bye")
    await stage.reads("Done")
    await stage.page.click("#tour-open")
    await stage.page.wait_for_timeout(400)  # colours are in motion until then
    for tab in TABS:
        await stage.open(tab)
        if tab == "requests":
            await stage.page.locator(".hop summary").first.click()
        await stage.page.wait_for_timeout(1900 if tab == "rooms" else 150)
        assert await faults(stage.page) == [], tab


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_first_visit_and_forms_are_accessible(stage: Stage, theme: str) -> None:
    await stage.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    await stage.page.wait_for_timeout(400)
    assert await faults(stage.page) == []
    await stage.type("/close")
    await stage.page.locator("dialog.modal").get_by_role("button", name="Run").click()
    await stage.page.wait_for_selector(".input.wrong")
    await stage.page.wait_for_timeout(400)
    assert await faults(stage.page) == []


async def test_a_phone_shows_one_part_at_a_time_and_nothing_sticks_out(stage: Stage) -> None:
    page = stage.page
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    await stage.sandbox.superoffice.webhooks.sent()
    stage.sandbox.superoffice.cancel(649)  # its badge would be part of the button's name
    for name in ("Chat", "Rocket.Chat", "SuperOffice", "Requests", "Trouble", "Webhooks"):
        await page.locator("#dock").get_by_role("button", name=name, exact=True).click()
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], name
        assert await page.locator("#chat").is_visible() == (name == "Chat")
    await page.wait_for_timeout(300)
    assert await faults(page) == []


async def test_the_theme_is_chosen_and_kept(stage: Stage) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    before = await stage.page.evaluate(ground)
    await stage.page.click("#theme")
    after = await stage.page.evaluate(ground)
    assert after != before

    await stage.page.reload()

    await stage.page.wait_for_selector("body.ready")
    assert await stage.page.evaluate(ground) == after


async def test_the_keyboard_is_enough(stage: Stage) -> None:
    page = stage.page
    await page.keyboard.press("Tab")
    await expect(page.locator(".skip")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.locator("#tab-rooms").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#tab-sessions")).to_have_attribute("aria-selected", "true")
    await expect(page.locator("#tab-sessions")).to_be_focused()
