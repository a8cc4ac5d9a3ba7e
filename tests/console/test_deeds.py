from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import ClientSession, CookieJar
from playwright.async_api import Browser, expect

from bridge.console.session import Sessions
from bridge.contract import JobState
from bridge.jobs.operating import BULK
from bridge.settings import Console as ConsoleSettings
from tests.clock import Clock
from tests.console.conftest import Serve, Visitor, visit
from tests.console.desk import ANNA, MIA, Desk, close_desk, open_desk, settings


async def state(desk: Desk, job_id: str) -> JobState:
    job = await desk.store.get(job_id)
    assert job is not None
    return job.state


async def test_a_parked_job_gets_another_chance(desk: Desk, visitor: Visitor) -> None:
    job_id = await desk.put(JobState.PARKED)
    await visitor.sign_in()
    await visitor.page.get_by_role("link", name="Close conversation").click()
    await visitor.page.get_by_role("button", name="Retry").click()
    await expect(visitor.page.locator(".notice")).to_contain_text("another chance")
    assert await state(desk, job_id) is JobState.QUEUED


async def test_a_parked_job_is_given_up(desk: Desk, visitor: Visitor) -> None:
    job_id = await desk.put(JobState.PARKED)
    await visitor.sign_in()
    await visitor.open(f"/console/jobs/{job_id}")
    await visitor.page.locator("summary", has_text="Give up").click()
    await visitor.page.get_by_role("button", name="Give up").click()
    await expect(visitor.page.locator(".notice")).to_contain_text("given up")
    assert await state(desk, job_id) is JobState.CANCELLED


async def test_a_finished_job_is_only_retried_with_force_and_that_is_explained(
    desk: Desk, visitor: Visitor
) -> None:
    job_id = await desk.put(JobState.DONE)
    await visitor.sign_in()
    await visitor.open(f"/console/jobs/{job_id}")
    assert await visitor.page.get_by_role("button", name="Retry", exact=True).count() == 0
    await visitor.page.locator("summary", has_text="Retry with force").click()
    assert "may do a thing twice" in await visitor.text()
    await visitor.page.get_by_role("button", name="Retry with force").click()
    await expect(visitor.page.locator(".notice")).to_be_visible()
    assert await state(desk, job_id) is JobState.QUEUED


async def test_a_queued_job_is_cancelled_and_a_running_one_says_why_not(
    desk: Desk, visitor: Visitor
) -> None:
    job_id = await desk.put(JobState.QUEUED)
    await visitor.sign_in()
    page = visitor.page
    await visitor.open(f"/console/jobs/{job_id}")
    await page.locator("summary", has_text="Cancel").click()
    await desk.store.write(
        lambda db: db.exec_driver_sql("UPDATE jobs SET state='running'") and None
    )
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.locator(".notice")).to_contain_text("cannot be stopped safely")
    await desk.store.write(lambda db: db.exec_driver_sql("UPDATE jobs SET state='queued'") and None)
    await visitor.open(f"/console/jobs/{job_id}")
    await page.locator("summary", has_text="Cancel").click()
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.locator(".notice")).to_contain_text("cancelled")
    assert await state(desk, job_id) is JobState.CANCELLED


async def test_the_page_of_a_refused_deed_goes_on_as_the_jobs_page(
    desk: Desk, visitor: Visitor
) -> None:
    job_id = await desk.put(JobState.QUEUED)
    await visitor.sign_in()
    await visitor.open(f"/console/jobs/{job_id}")
    await visitor.page.locator("summary", has_text="Cancel").click()
    await desk.become(job_id, state="running")
    await visitor.page.get_by_role("button", name="Cancel").click()
    await expect(visitor.page.locator(".notice")).to_contain_text("cannot be stopped safely")
    assert visitor.page.url.endswith("/cancel")
    await desk.become(job_id, state="done", finished_at=desk.clock())
    await expect(visitor.page.locator('[data-live="title"]')).to_contain_text("Done")
    for deed in ("retry", "cancel"):
        await visitor.open(f"/console/jobs/{job_id}/{deed}")
        assert visitor.page.url.endswith(f"/console/jobs/{job_id}")


async def test_jobs_of_a_connection_that_is_gone_are_found_and_cancelled(
    desk: Desk, visitor: Visitor
) -> None:
    gone: dict[str, Any] = {"room": "r1", "connection": "old", "lane": "old:r1"}
    job_id = await desk.put(JobState.WAITING, run_at=9e9, **gone)
    await desk.put(JobState.DONE, **gone)
    await visitor.sign_in()
    await visitor.open(f"/console/jobs/{job_id}")
    await visitor.page.get_by_role("link", name="All jobs of r1").click()
    await expect(visitor.page.get_by_role("link", name="Close conversation")).to_have_count(2)
    await visitor.open("/console/connections")
    await visitor.page.get_by_role("link", name="choose them").click()
    await visitor.page.get_by_role("link", name="Cancel all…").click()
    await visitor.page.get_by_role("button", name="Cancel 1 job").click()
    await expect(visitor.page.locator("h1")).to_have_text("1 job cancelled")
    assert await state(desk, job_id) is JobState.CANCELLED


async def test_many_are_retried_after_a_page_that_says_how_many_and_no_others(
    desk: Desk, visitor: Visitor, clock: Clock
) -> None:
    hers = [await desk.put(JobState.PARKED, room=f"r{n}", asker=MIA) for n in range(12)]
    other = await desk.put(JobState.PARKED, room="his", asker=ANNA)
    await visitor.sign_in()
    await visitor.open(f"/console?asker={MIA.user_id}&state=parked")
    await visitor.page.get_by_role("link", name="Retry all…").click()
    assert "Retry 12 jobs?" in await visitor.text()
    assert MIA.user_id in await visitor.text()
    clock.now += 5
    late = await desk.put(JobState.PARKED, room="late", asker=MIA, age_s=1)
    await visitor.page.get_by_role("button", name="Retry 12 jobs").click()
    await expect(visitor.page.locator("h1")).to_have_text("12 jobs queued again")
    assert {await state(desk, job_id) for job_id in hers} == {JobState.QUEUED}
    assert await state(desk, other) is JobState.PARKED
    assert await state(desk, late) is JobState.PARKED


async def test_many_are_cancelled_by_filter(desk: Desk, visitor: Visitor) -> None:
    waiting = [await desk.put(JobState.WAITING, room=f"r{n}", run_at=9e9) for n in range(3)]
    done = await desk.put(JobState.DONE, room="r9")
    await visitor.sign_in()
    await visitor.open("/console?state=waiting")
    await visitor.page.get_by_role("link", name="Cancel all…").click()
    await visitor.page.get_by_role("button", name="Cancel 3 jobs").click()
    await expect(visitor.page.locator("h1")).to_have_text("3 jobs cancelled")
    assert {await state(desk, job_id) for job_id in waiting} == {JobState.CANCELLED}
    assert await state(desk, done) is JobState.DONE


async def test_what_is_done_to_many_is_what_the_page_before_listed(
    desk: Desk, visitor: Visitor
) -> None:
    ids = [await desk.put(JobState.QUEUED, room=f"r{n}", age_s=9000.0 - n) for n in range(BULK + 1)]
    await visitor.sign_in()
    await visitor.open("/console/bulk?do=cancel&state=queued")
    listed = visitor.page.locator(".first a").first
    assert await listed.get_attribute("href") == f"/console/jobs/{ids[0]}"
    await visitor.page.get_by_role("button", name="Cancel 1,000 jobs").click()
    assert await state(desk, ids[0]) is JobState.CANCELLED
    assert await state(desk, ids[-1]) is JobState.QUEUED
    await visitor.page.get_by_role("link", name="Cancel the rest").click()
    await visitor.page.get_by_role("button", name="Cancel 1 job").click()
    await expect(visitor.page.locator("h1")).to_have_text("1 job cancelled")
    assert await state(desk, ids[-1]) is JobState.CANCELLED


async def test_a_viewer_sees_everything_and_may_do_nothing(
    tmp_path: Path, clock: Clock, aiohttp_server: Serve, browser: Browser
) -> None:
    desk = await open_desk(
        tmp_path, clock, settings(console=ConsoleSettings(viewers=["user:U0MIA00001"]))
    )
    job_id = await desk.put(JobState.PARKED)
    address = str((await aiohttp_server(desk.app())).make_url("")).rstrip("/")
    sessions: Sessions = desk.console._sessions
    session = sessions.with_slack(user_id="U0MIA00001", team_id="T1", name="Mia")
    sealed = desk.store.vault.seal(
        {"purpose": "console session", **{n: getattr(session, n) for n in session.__slots__}}
    )
    visitor = await visit(browser, address)
    await visitor.page.context.add_cookies(
        [{"name": "deskbridge-console", "value": sealed, "url": address}]
    )
    await visitor.open("/console")
    assert "viewer" in await visitor.text()
    assert await visitor.page.get_by_text("Retry all…").count() == 0
    await visitor.open(f"/console/jobs/{job_id}")
    assert "Acting needs the role operator" in await visitor.text()
    assert await visitor.page.locator(".deeds button").count() == 0
    jar = CookieJar(unsafe=True)
    async with ClientSession(cookie_jar=jar, cookies={"deskbridge-console": sealed}) as http:
        form = {"csrf": session.csrf}
        for path in (f"jobs/{job_id}/retry", f"jobs/{job_id}/cancel", "bulk"):
            answer = await http.post(f"{address}/console/{path}", data=form)
            assert answer.status == 403, path
            assert "needs the role operator" in await answer.text()
    assert await state(desk, job_id) is JobState.PARKED
    await close_desk(desk)
