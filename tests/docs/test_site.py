"""The built site as a reader meets it: strict, offline, accessible, and no wider than a phone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # has no types
from playwright.async_api import Browser, async_playwright

from tests.conftest import missing
from tests.docs.pages import ROOT

pytestmark = pytest.mark.timeout(300)  # the first test waits for the build
LOOKED_AT = (
    "start/slack.html",
    "extend/action.html",
    "design/promises.html",
    "reference/settings.html",
    "source/bridge/jobs/store.py.html",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` does; a warning fails it (`--quiet` would hide it)."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [
            *(sys.executable, "-m", "mkdocs", "build", "--strict"),
            *("-f", "docs/mkdocs.yml", "-d", str(folder)),
        ],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        missing("There is no Chromium on this machine: install the package chromium.")
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--headless", "--disable-gpu"]
        )
        yield found
        await found.close()


@pytest.fixture
async def address(site: Path) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_static("/", site)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_a_page_is_accessible_and_asks_nobody_else(
    browser: Browser, address: str, theme: str
) -> None:
    context = await browser.new_context(color_scheme="dark" if theme == "dark" else "light")
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in LOOKED_AT:
        await page.goto(f"{address}/{name}")
        await page.wait_for_selector("main h1")
        found = await Axe().run(page)
        faults = [
            f"{one['id']}: {one['nodes'][0]['html'][:200]}"
            for one in found.response["violations"]
            if one["impact"] in ("serious", "critical")
        ]
        assert faults == [], name
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


async def test_a_phone_shows_every_page_whole(browser: Browser, address: str) -> None:
    context = await browser.new_context(viewport={"width": 390, "height": 844})
    page = await context.new_page()
    for name in LOOKED_AT:
        await page.goto(f"{address}/{name}")
        wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, name


async def test_a_word_is_found_without_a_network(browser: Browser, address: str) -> None:
    page = await browser.new_page()
    await page.goto(f"{address}/index.html")
    await page.click(".md-search__input")
    ready = page.locator(".md-search-result__meta", has_text="Type to start searching")
    await ready.wait_for(state="attached")
    await page.locator(".md-search__input").press_sequentially("repeat class")
    await page.locator(".md-search-result__item").first.wait_for(state="attached")
