from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # has no types
from playwright.async_api import expect

from bridge.console import Arrival
from bridge.contract import Asker, JobState
from tests.console.conftest import Visitor
from tests.console.desk import CLOSE, Desk, exchange
from tests.console.scenes import busy_day

XSS = '"\'><script>window.hit=1</script><img src=x onerror="window.hit=1">{{9999991*7}}\u202e'
PAGES = ["/console", "/console/overview", "/console/connections", "/console/sources"]


async def faults(visitor: Visitor) -> list[str]:
    results: Any = await Axe().run(visitor.page)
    return [
        f"{visitor.page.url} {found['id']}: {found['nodes'][0]['html'][:200]}"
        for found in results.response["violations"]
        if found["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1360, 390])
async def test_no_page_has_a_serious_accessibility_fault(
    desk: Desk, visitor: Visitor, theme: Any, width: int
) -> None:
    ids = await busy_day(desk)
    page = visitor.page
    await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    await page.set_viewport_size({"width": width, "height": 844})
    await visitor.open("/console/sign-in")
    found = await faults(visitor)
    await visitor.sign_in()
    more = [f"/console/jobs/{ids[name]}" for name in ("parked", "unknown", "mailed")]
    for path in (*PAGES, *more, "/console/bulk?do=retry", "/console/none"):
        await visitor.open(path)
        if "/jobs/" in path:
            await page.locator("details.exchange summary").first.click()
        found += await faults(visitor)
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            found.append(f"{path} is {wide} px too wide")
    assert found == []
    assert await visitor.violations() == []


async def test_whatever_strangers_write_is_shown_as_text(desk: Desk, visitor: Visitor) -> None:
    stranger = Asker("slack", f"slack:{XSS}"[:110], XSS, XSS, "T1", "", XSS)
    outcome = {
        "kind": "refused",
        "code": XSS,
        "message": XSS,
        "next_step": XSS,
        "facts": {XSS: XSS, "url": "javascript:alert(1)"},
    }
    exchanges = [
        exchange(500, route=XSS, method=XSS[:20], path={XSS: XSS}, body={XSS: XSS}, answer=XSS),
        exchange(None, failure=XSS),
    ]
    tries = [{"verdict": f"retry: {XSS}"[:200], "exchanges": exchanges}]
    told = [{"how": XSS}, {"kind": XSS[:12], "state": XSS[:8], "how": XSS}]
    job_id = ""
    for state in (JobState.PARKED, JobState.REFUSED):
        job_id = await desk.put(
            state,
            room=XSS,
            asker=stranger,
            outcome=outcome,
            args={"comment": XSS, XSS: XSS},
            tries=tries,
            told=told,
            trace=XSS[:64],
        )
    await desk.pace(XSS[:100], f"POST {XSS}", used=3)
    desk.arrivals.append(Arrival(desk.clock(), "rejected", XSS, [XSS], XSS))
    await visitor.sign_in()
    query = "%22%3E%3Cscript%3Ewindow.hit%3D1%3C/script%3E"
    strange = [f"/console?asker={query}&room={query}&since={query}", f"/console/jobs/{query}"]
    bulk = f"/console/bulk?do=retry&action={query}"
    for path in (*PAGES, f"/console/jobs/{job_id}", *strange, bulk):
        await visitor.open(path)
        assert await visitor.page.evaluate("window.hit") is None, path
        assert await visitor.page.locator("main script, main img").count() == 0, path
        assert "69999937" not in await visitor.text(), path
        assert "\u202e" not in await visitor.page.content(), path
    await visitor.open(f"/console/jobs/{job_id}")
    assert "<script>window.hit=1</script>" in await visitor.text()
    await desk.become(job_id, attempts=2)  # the same through the live update
    await visitor.open("/console")
    await visitor.page.wait_for_selector("[data-link=on]")
    await desk.become(job_id, state="done", action=CLOSE)
    await expect(visitor.page.locator(f'[data-key="{job_id}"]')).to_contain_text("Done")
    assert await visitor.page.evaluate("window.hit") is None
    assert await visitor.violations() == []


async def test_the_keyboard_alone_reaches_a_jobs_deeds(desk: Desk, visitor: Visitor) -> None:
    await desk.put(JobState.PARKED)
    await visitor.sign_in()
    await visitor.page.wait_for_url("**/console")
    page = visitor.page
    await page.keyboard.press("Tab")
    await expect(page.locator(":focus")).to_have_text("Skip to content")
    await page.keyboard.press("Enter")
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.textContent") == "Close conversation":
            break
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/console/jobs/*")
    await page.get_by_role("button", name="Retry").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice")).to_contain_text("another chance")


async def test_pages_work_without_scripts(desk: Desk, visitor: Visitor, address: str) -> None:
    await desk.put(JobState.PARKED)
    browser = visitor.page.context.browser
    assert browser is not None
    context = await browser.new_context(java_script_enabled=False)
    plain = Visitor(await context.new_page(), address)
    await plain.sign_in()
    await plain.page.get_by_role("link", name="Close conversation").click()
    await plain.page.get_by_role("button", name="Retry").click()
    assert "another chance" in await plain.text()
