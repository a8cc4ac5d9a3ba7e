"""The webhook tab: every sample is taken by the real door, none with a forged proof, and all can be explained."""

from __future__ import annotations

from playwright.async_api import expect

from bridge.sandbox.playground.samples import SAMPLES
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from tests.sandbox.playground.conftest import Stage


async def choose(stage: Stage, sample: str) -> None:
    await stage.open("webhooks")
    await stage.page.select_option("#sample", sample)


async def send(stage: Stage) -> None:
    await stage.page.locator("#panel-webhooks").get_by_role("button", name="Send").click()


async def test_every_sample_is_taken_and_leads_to_an_answer(stage: Stage) -> None:
    for count, sample in enumerate(SAMPLES, start=1):
        await choose(stage, sample.id)
        await send(stage)
        await expect(stage.page.locator(".answer .status.good")).to_be_visible()
        if sample.id == "superoffice":  # its answer comes when the colleague has decided
            await stage.until(lambda: stage.sandbox.superoffice.accept(648))
        await stage.until(lambda: len(answers(stage)) >= count, within_s=30)  # noqa: B023


def answers(stage: Stage) -> list[str]:
    """The messages that began a conversation, as #support reads them."""
    here = stage.sandbox.slack
    found = [one for one in here.messages(slack.SUPPORT) if not one.thread_ts]
    return [here.visible_text(one) for one in found]


async def test_no_forged_proof_is_believed(stage: Stage) -> None:
    for sample in SAMPLES:
        await choose(stage, sample.id)
        await stage.page.check("#forged")
        await send(stage)
        await expect(stage.page.locator(".answer .status")).to_have_text("401")

    assert [one.effects for one in stage.sandbox.emulators[1:]] == [[], []]


async def test_every_sample_of_a_source_can_be_explained_without_doing_it(stage: Stage) -> None:
    for sample in SAMPLES:
        if not sample.source:
            continue
        await choose(stage, sample.id)
        await stage.page.get_by_role("button", name="Explain, do nothing").click()
        await expect(stage.page.locator(".answer h3")).to_contain_text("1 job would follow")
        await expect(stage.page.locator(".checks .sign.false")).to_have_count(0)

    assert [one.effects for one in stage.sandbox.emulators[1:]] == [[], []]


async def test_nonsense_is_answered_in_words(stage: Stage) -> None:
    await choose(stage, "actions")
    await stage.page.fill("#payload", '{"action": "rocketchat.close_rom", "args": {}}')
    await send(stage)

    await expect(stage.page.locator(".answer")).to_contain_text("close_room")


async def test_when_a_visitor_leaves_the_transcript_comes_by_itself(stage: Stage) -> None:
    card = stage.page.locator("#panel-rooms .card", has_text="Clara")
    await card.get_by_role("button", name="Visitor leaves").click()

    await stage.reads("PDF", within_s=20)
    assert stage.sandbox.rocketchat.effects_of("request_pdf", rooms.OPEN_SERVED)


async def test_a_chat_that_lands_with_who_is_out_is_offered_to_a_colleague(stage: Stage) -> None:
    await stage.open("sessions")
    await stage.page.get_by_role("button", name="A chat for Arne arrives").click()
    card = stage.page.locator("#panel-sessions .card", has_text="Nils Nyberg")

    await expect(card.locator(".asked")).to_contain_text("Anna Andersen", timeout=15_000)
