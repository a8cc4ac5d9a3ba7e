"""The pictures of the documentation, taken from the playground and the console as they really run.

`python -m tests.pictures` starts `bridge demo`, does in a browser what a person would do, and writes
`docs/pages/pictures/*.webp`. Times and ids differ from run to run, so the pictures are made by hand, when the
looks have changed, and not by `make check`.
"""

from __future__ import annotations

import asyncio
import base64
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, async_playwright

from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.stack import API_TOKEN

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pages" / "pictures"
ARGUMENTS = ["--no-sandbox", "--headless", "--disable-gpu"]
WIDE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}
AS_WEBP = """async (png) => {
  const picture = await createImageBitmap(await (await fetch(png)).blob());
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.width, picture.height];
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas.toDataURL("image/webp", 0.85);
}"""


class Photographer:
    """A browser at a running demo."""

    def __init__(self, browser: Browser, playground: str, console: str) -> None:
        self.browser = browser
        self.playground = playground
        self.console = console

    async def page(self, *, phone: bool = False) -> Page:
        size = PHONE if phone else WIDE
        context = await self.browser.new_context(
            viewport={"width": size["width"], "height": size["height"]},
            device_scale_factor=1.5,
            locale="en-GB",
            color_scheme="light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(20_000)
        return await context.new_page()

    async def take(self, name: str, what: Page | Locator) -> None:
        """One picture, as WebP: the browser itself is the encoder."""
        png = await what.screenshot(type="png")
        blank = await self.browser.new_page()
        url = "data:image/png;base64," + base64.b64encode(png).decode()
        made = str(await blank.evaluate(AS_WEBP, url))
        await blank.close()
        content = base64.b64decode(made.partition(",")[2])
        (PICTURES / f"{name}.webp").write_bytes(content)
        sys.stdout.write(f"{name}.webp {len(content) // 1000} kB\n")


async def type_line(page: Page, line: str) -> None:
    await page.fill("#line", line)
    await page.press("#line", "Enter")


async def reads(page: Page, text: str) -> None:
    await page.locator("#messages .message", has_text=text).last.wait_for()


async def at_the_playground(photographer: Photographer) -> None:
    page = await photographer.page()
    await page.goto(photographer.playground)
    await page.wait_for_selector("body.ready")
    await page.wait_for_selector("#panel-rooms .card")
    await page.evaluate("document.querySelector('#scroll').scrollTop = 0")
    await photographer.take("first-look", page)

    await type_line(page, "/close")
    dialog = page.locator("dialog.modal")
    await dialog.get_by_role("combobox", name="Room").fill("Clara")
    await dialog.get_by_role("option", name="Clara").click()
    await dialog.get_by_label("Comment").fill("Your parcel was found. Thank you!")
    await photographer.take("form", dialog)
    await dialog.get_by_role("button", name="Run").click()
    await dialog.locator("footer").get_by_role("button", name="Close").click()
    await reads(page, "Done")
    await page.click("#tab-requests")
    await photographer.take("requests", page)
    await page.click("#tab-switches")
    await photographer.take("trouble", page.locator("#side"))

    await type_line(page, f"/transcript {rooms.CLOSED_WITH_PDF}")
    await reads(page, "PDF transcript is ready")
    await page.click("#tab-rooms")
    await photographer.take("playground", page)
    await type_line(page, "/bridge help")
    await reads(page, "What can be done")
    await photographer.take("help", page.locator("#chat"))
    await type_line(page, "/transfer 648 anna@example.com")
    await page.locator("#people button").last.click()
    await type_line(page, f"/close {rooms.NEEDS_TAGS} bye")
    await reads(page, "may not")
    await photographer.take("denied", page.locator("#chat"))

    phone = await photographer.page(phone=True)
    await phone.goto(photographer.playground)
    await phone.wait_for_selector("body.ready")
    await reads(phone, "Done")
    await photographer.take("phone", phone)


async def at_the_console(photographer: Photographer) -> None:
    page = await photographer.page()
    await page.goto(f"{photographer.console}/sign-in")
    await page.get_by_label("API token").fill(API_TOKEN)
    await page.get_by_role("button", name="Sign in", exact=True).click()
    await page.wait_for_url("**/console")
    await photographer.take("console-jobs", page)
    await page.get_by_role("link", name="Close conversation").first.click()
    await page.wait_for_url("**/console/jobs/*")
    await photographer.take("console-job", page)


@asynccontextmanager
async def demo() -> AsyncIterator[tuple[str, str]]:
    """A running `bridge demo`: the playground's and the console's addresses."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge", "demo", "--no-open", "--port", "18480"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    said = ""
    try:
        while "Ctrl-C" not in said:
            line = await process.stdout.readline()
            if not line:
                raise SystemExit("The demo did not start.")
            said += line.decode()
        found = dict(re.findall(r"(Playground|Console) +(http\S+)", said))
        yield found["Playground"], found["Console"]
    finally:
        process.terminate()
        await process.wait()


async def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with demo() as (playground, console), async_playwright() as playwright:
        path = shutil.which("chromium") or playwright.chromium.executable_path
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        photographer = Photographer(browser, playground, console)
        await at_the_playground(photographer)
        await at_the_console(photographer)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
