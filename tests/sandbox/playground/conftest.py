"""The playground with the real bridge behind it, looked at by a real browser."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from bridge.app import Bridge
from bridge.sandbox.stack import Sandbox
from bridge.settings import load
from tests.conftest import missing

ARGUMENTS = ["--no-sandbox", "--headless", "--disable-gpu"]
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


@pytest.fixture
async def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    """The emulators and the playground, and a bridge made from nothing but their environment."""
    async with Sandbox() as here:
        here.rocketchat.pdf_delay_s = 0.3
        for name, value in here.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'bridge.db'}")
        monkeypatch.setenv("HOST", "127.0.0.1")
        bridge = Bridge(load())
        here.explain = lambda name, headers, body: bridge.doors.webhooks.explain(
            name, headers, body
        ).as_json()
        await bridge.start()
        runner = web.AppRunner(bridge.web_app(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        here.point_at(f"http://127.0.0.1:{runner.addresses[0][1]}")
        yield here
        here.rocketchat.faults.clear()
        here.superoffice.faults.clear()
        here.slack.faults.clear()
        await bridge.drain()
        await runner.cleanup()
        await bridge.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        own = playwright.chromium.executable_path
        path = next(filter(None, map(shutil.which, ("chromium", "google-chrome", own))), "")
        if not path:
            missing("No Chromium is installed here, so nobody looks at the playground.")
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@dataclass
class Stage:
    """The page and everything behind it."""

    page: Page
    sandbox: Sandbox
    complaints: list[str] = field(default_factory=list)

    async def type(self, line: str) -> None:
        """Type a line and press Enter, as a person does."""
        await self.page.fill("#line", line)
        await self.page.press("#line", "Enter")

    async def reads(self, text: str, within_s: float = 15.0) -> None:
        """Wait until the channel says so."""
        found = self.page.locator("#messages .message", has_text=text).last
        await found.wait_for(timeout=within_s * 1000)

    async def open(self, tab: str) -> None:
        await self.page.click(f"#tab-{tab}")

    async def turn(self, switch: str, position: str) -> None:
        """Put a switch into a position, by its label."""
        await self.open("switches")
        row = self.page.locator("fieldset.switch", has=self.page.locator(f'[name="{switch}"]'))
        await row.get_by_label(position, exact=True).check(force=True)

    async def until(self, holds: Callable[[], object], within_s: float = 15.0) -> None:
        """Wait until the emulators agree."""
        deadline = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < deadline, "it did not happen in time"
            await asyncio.sleep(0.05)


@pytest.fixture
async def stage(sandbox: Sandbox, browser: Browser) -> AsyncIterator[Stage]:
    """An open page. Whatever the browser complains about fails the test that caused it."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    page = await context.new_page()
    here = Stage(page, sandbox)
    page.on("pageerror", lambda error: here.complaints.append(str(error)))
    page.on(
        "console",
        lambda said: here.complaints.append(said.text) if said.type == "error" else None,
    )
    await page.add_init_script(WATCH)
    await page.goto(sandbox.url)
    await page.wait_for_selector("body.ready")
    await page.wait_for_selector("#panel-rooms .card")
    yield here
    violations = await page.evaluate("window.violations")
    await context.close()
    assert violations == []
    assert [words for words in here.complaints if "409" not in words] == []
