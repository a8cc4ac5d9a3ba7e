from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright

from tests.clock import Clock
from tests.conftest import missing
from tests.console.desk import TOKEN, Desk, close_desk, open_desk, settings

CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_IS_HERE = CHROMIUM.exists()
VIOLATIONS = """
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => {
    window.violations.push(event.violatedDirective + " " + event.blockedURI);
  });
"""
Serve = Callable[[web.Application], Awaitable[TestServer]]


@dataclass
class Visitor:
    """Somebody with a browser at the console."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)

    async def open(self, path: str) -> None:
        await self.page.goto(f"{self.address}{path}")

    async def sign_in(self, token: str = TOKEN) -> None:
        await self.open("/console/sign-in")
        await self.page.get_by_label("API token").fill(token)
        await self.page.get_by_role("button", name="Sign in", exact=True).click()

    async def text(self) -> str:
        return await self.page.inner_text("body")

    async def violations(self) -> list[str]:
        found: list[str] = await self.page.evaluate("window.violations")
        return [*found, *self.complaints]


@pytest.fixture
def clock() -> Clock:
    return Clock(time.time())


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock) -> AsyncIterator[Desk]:
    found = await open_desk(tmp_path, clock, settings())
    yield found
    await close_desk(found)


@pytest.fixture
async def address(desk: Desk, aiohttp_server: Serve) -> str:
    return str((await aiohttp_server(desk.app())).make_url("")).rstrip("/")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if not CHROMIUM_IS_HERE:
        missing("There is no Chromium on this machine: install the package chromium.")
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--headless", "--disable-gpu"]
        )
        yield found
        await found.close()


@pytest.fixture
async def visitor(browser: Browser, address: str) -> Visitor:
    return await visit(browser, address)


async def visit(browser: Browser, address: str) -> Visitor:
    context = await browser.new_context(viewport={"width": 1360, "height": 900})
    context.set_default_timeout(10_000)
    await context.add_init_script(VIOLATIONS)
    page = await context.new_page()
    found = Visitor(page, address)

    def note(text: str) -> None:
        if "Content Security Policy" in text or "Content-Security-Policy" in text:
            found.complaints.append(text)

    page.on("console", lambda message: note(message.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    return found
