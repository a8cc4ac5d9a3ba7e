"""The tour: five steps as a person takes them, each noticed when it has really happened."""

from __future__ import annotations

from playwright.async_api import expect

from bridge.sandbox.playground.tour import STEPS
from tests.sandbox.playground.conftest import Stage


async def test_the_tour_from_its_first_step_to_its_last(stage: Stage) -> None:
    page, card = stage.page, stage.page.locator("#tour")
    await page.get_by_role("button", name="Take the tour, five steps").click()
    for step in STEPS:
        await expect(card.locator("h2")).to_have_text(step.title)
        await card.get_by_role("button", name="Type it for me").click()
        await expect(page.locator("#line")).to_have_value(step.line)
        await page.press("#line", "Enter")
        if step.release is not None:
            await stage.reads("keep trying")
            await card.get_by_role("button", name=step.release[0]).click()
        await expect(card.locator(".tour-done")).to_be_visible(timeout=30_000)
        await (
            card.get_by_role("button", name="Next step")
            .or_(card.get_by_role("button", name="Finish"))
            .click()
        )

    await expect(card.locator("h2")).to_have_text("Three promises, kept in front of you")
    await card.get_by_role("button", name="Play on your own").click()
    await expect(card).to_be_hidden()


async def test_the_tour_can_be_left_and_begun_again(stage: Stage) -> None:
    await stage.page.click("#tour-open")
    await stage.page.get_by_role("button", name="Leave the tour").click()
    await expect(stage.page.locator("#tour")).to_be_hidden()

    await stage.page.click("#tour-open")

    await expect(stage.page.locator("#tour h2")).to_have_text(STEPS[0].title)


def test_the_tour_shows_all_three_promises() -> None:
    promises = {step.promise for step in STEPS}

    assert len(STEPS) == 5
    assert promises >= {
        "Accepted means kept",
        "It says what really happened",
        "It does no harm",
    }
