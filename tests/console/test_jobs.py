from __future__ import annotations

from playwright.async_api import expect

from bridge.actions import catalogue
from bridge.contract import JobState, ReplyTo
from bridge.jobs.intake import Launch
from tests.console.conftest import Visitor
from tests.console.desk import CLOSE, MIA, NIGHTLY, PDF, TRANSFER, Desk
from tests.console.scenes import busy_day


async def rows(visitor: Visitor) -> list[str]:
    return await visitor.page.locator("table.jobs tbody tr").all_inner_texts()


async def test_parked_jobs_stand_first(desk: Desk, visitor: Visitor) -> None:
    await desk.put(JobState.PARKED, room="old", age_s=90_000)
    await desk.put(JobState.DONE, room="new", age_s=1)
    await visitor.sign_in()
    found = await rows(visitor)
    assert ["old" in found[0], "new" in found[1]] == [True, True]


async def test_filters_narrow_by_state_action_connection_asker_room_and_time(
    desk: Desk, visitor: Visitor
) -> None:
    await desk.put(JobState.DONE, room="one", age_s=10_000)
    await desk.put(JobState.REFUSED, room="two", action=PDF, asker=MIA)
    await desk.put(JobState.DONE, room="4711", action=TRANSFER, asker=NIGHTLY)
    await visitor.sign_in()
    page = visitor.page
    await page.get_by_role("link", name="Refused").click()
    await expect(page.locator("table.jobs tbody tr")).to_have_count(1)
    assert "two" in (await rows(visitor))[0]
    for path, room in (
        (f"?action={CLOSE}", "one"),
        ("?connection=superoffice", "4711"),
        (f"?asker={MIA.user_id}", "two"),
        ("?asker=key:nightly", "4711"),
        ("?room=one", "one"),
        ("?span=1h&action=rocketchat.request_pdf_transcript", "two"),
        ("?until=2020-01-01T00:00&action=nonsense", ""),
    ):
        await visitor.open(f"/console{path}")
        found = await rows(visitor)
        assert [room in row for row in found] == ([True] if room else []), path
    await visitor.open("/console")
    await page.get_by_label("Asker").fill(MIA.user_id)
    await page.get_by_role("button", name="Filter").click()
    await expect(page.locator("table.jobs tbody tr")).to_have_count(1)


async def test_pages_go_on_from_a_cursor_and_meet_each_job_once(
    desk: Desk, visitor: Visitor
) -> None:
    for number in range(120):
        await desk.put(JobState.DONE, room=f"room{number:03d}")
    await visitor.sign_in()
    seen = await rows(visitor)
    for _ in range(2):
        await visitor.page.get_by_role("link", name="Older").click()
        await visitor.page.wait_for_load_state()
        seen += await rows(visitor)
    rooms = [row.split("room")[1][:3] for row in seen]
    assert rooms == [f"{number:03d}" for number in range(119, -1, -1)]


async def test_a_change_shows_without_a_reload_and_leaves_a_half_filled_filter_alone(
    desk: Desk, visitor: Visitor
) -> None:
    job_id = await desk.put(JobState.RUNNING, room="moving")
    await visitor.sign_in()
    page = visitor.page
    await page.wait_for_selector("[data-link=on]")
    await page.get_by_label("Asker").fill("U0HALF")
    await page.evaluate("window.notReloaded = true")
    await desk.become(job_id, state="done", finished_at=desk.clock())
    await expect(page.locator(f'[data-key="{job_id}"]')).to_contain_text("Done")
    fresh = await desk.put(JobState.PARKED, room="arrived")
    await desk.become(fresh, attempts=2)
    await expect(page.locator('[aria-label="Parked jobs"]')).to_contain_text("arrived")
    assert await page.evaluate("window.notReloaded")
    assert await page.get_by_label("Asker").input_value() == "U0HALF"
    assert await visitor.violations() == []


async def test_a_jobs_page_tells_its_story_and_follows_it(desk: Desk, visitor: Visitor) -> None:
    ids = await busy_day(desk)
    await visitor.sign_in()
    page = visitor.page
    await visitor.open(f"/console/jobs/{ids['parked']}")
    text = await visitor.text()
    for said in (
        "Accepted",
        "Attempt 1: failed",
        "Ended: parked",
        "Slack: told",
        "I tried for as long",
    ):
        assert said in text
    await page.locator("details.exchange summary").first.click()
    await expect(page.locator("details.exchange").first).to_contain_text('"comment"')
    await expect(page.locator(".lane li[aria-current]")).to_contain_text("Close conversation")
    await page.wait_for_selector("[data-link=on]")
    await desk.become(ids["parked"], state="queued", finished_at=None, outcome=None)
    await expect(page.locator(".title")).to_contain_text("Queued")
    assert await page.locator("details.exchange").first.get_attribute("open") is not None


async def test_personal_data_is_masked_on_every_page(desk: Desk, visitor: Visitor) -> None:
    ids = await busy_day(desk)
    await visitor.sign_in()
    for path in ("/console", f"/console/jobs/{ids['mailed']}"):
        await visitor.open(path)
        source = await visitor.page.content()
        assert "anna@example.com" not in source
        assert "a***@example.com" in source


async def test_the_other_pages_tell_health_in_words(desk: Desk, visitor: Visitor) -> None:
    await busy_day(desk)
    close = catalogue()[CLOSE].model_validate({"rid": "r9"})
    await desk.store.accept([Launch(close, "removed", NIGHTLY, ReplyTo())])
    await visitor.sign_in()
    await visitor.open("/console/overview")
    text = await visitor.text()
    for said in ("jobs ended in the last 24 hours", "Durable.", "web-1"):
        assert said in text
    await visitor.open("/console/connections")
    text = await visitor.text()
    for said in ("Breaker open", "7 of 10", "Not answering", "chat.example.com", "answer_lost"):
        assert said in text
    for said in ("not configured now", "Jobs wait for it: 1."):
        assert said in text
    await visitor.open("/console/sources")
    text = await visitor.text()
    for said in ("The signature does not fit", "/hooks/zendesk", "Nothing has come from here"):
        assert said in text
    await visitor.open("/console/nothing-here")
    assert "no such page" in await visitor.text()
    assert await visitor.violations() == []
