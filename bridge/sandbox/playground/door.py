"""The playground's own small server: the page, its files, one stream of news, and the gestures it takes.

It lives in the process of the emulators and holds them; everything it starts goes out over real HTTP. The
routes are for its own page only (`guard`), so they are short and say in one sentence what went wrong.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bridge.sandbox.playground import seen
from bridge.sandbox.playground.acting import Acting
from bridge.sandbox.playground.guard import loopback_only
from bridge.sandbox.playground.hops import Hops
from bridge.sandbox.playground.masks import Masks
from bridge.sandbox.playground.offers import offers
from bridge.sandbox.playground.relay import Relay
from bridge.sandbox.playground.samples import BY_ID, SAMPLES
from bridge.sandbox.playground.stream import Streams
from bridge.sandbox.playground.switches import Switches
from bridge.sandbox.playground.tour import tour
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.stack import Sandbox

HERE: Final = Path(__file__).parent
TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
SEND_S: Final = 30.0


class Playground:
    """The page of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._masks: Masks | None = None
        self.switches = Switches(sandbox)
        self._acting = Acting(sandbox)
        self.streams = Streams(self)
        self.hops = Hops(self._hide, self.streams.wake)
        self.relay = Relay(self.hops, lambda: sandbox.bridge_url)

    @property
    def sandbox(self) -> Sandbox:
        return self._sandbox

    def app(self) -> web.Application:
        app = web.Application(middlewares=[loopback_only], client_max_size=1024 * 1024)
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/static/{name}", self._static),
                web.get("/start", self._start),
                web.get("/events", self.streams.serve),
                web.post("/act/{gesture}", self._act),
                web.post("/switch", self._switch),
                web.post("/reset", self._reset),
                web.post("/webhook/{what}", self._webhook),
                web.get("/file/slack/{id}/{name}", self._slack_file),
                web.get("/file/rocketchat/{id}/{name}", self._rocketchat_file),
            ]
        )
        app.on_shutdown.append(self.streams.close)
        return app

    def section(self, name: str) -> dict[str, Any]:
        return seen.section(self._sandbox, self.switches, name)

    # -- the page ------------------------------------------------------------------------------

    async def _page(self, _: web.Request) -> web.Response:
        text = _template().render(sheets=_named(".css"), modules=_named(".js", but="theme.js"))
        return web.Response(text=text, content_type="text/html")

    async def _static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        found = _files().get(name)
        if found is None:
            return web.Response(status=404, text="There is no such file.\n")
        kind, content = found
        charset = None if kind.startswith("font/") else "utf-8"
        return web.Response(body=content, content_type=kind, charset=charset)

    async def _start(self, _: web.Request) -> web.Response:
        sandbox = self._sandbox
        spoken = sandbox.rocketchat.rooms[rooms.CLOSED_PLAIN].messages[0]["_id"]
        return _json(
            {
                "people": seen.people(sandbox),
                "places": seen.places(sandbox),
                "offers": offers(sandbox.command_names, spoken),
                "tour": tour(),
                "samples": [sample.as_json() for sample in SAMPLES],
                "explains": sandbox.explain is not None,
                "bridge": sandbox.bridge_url,
            }
        )

    # -- gestures ------------------------------------------------------------------------------

    async def _act(self, request: web.Request) -> web.Response:
        gesture = self._acting.gestures.get(request.match_info["gesture"])
        if gesture is None:
            return _json({"error": "There is no such gesture."}, 404)
        try:
            return _json(await gesture(await request.json()))
        except (LookupError, PermissionError, TypeError, ValueError) as cannot:
            words = cannot.args[0] if cannot.args else "This cannot be done."
            return _json({"error": str(words)}, 409)

    async def _switch(self, request: web.Request) -> web.Response:
        given = await request.json()
        try:
            self.switches.turn(str(given["id"]), str(given["value"]))
        except LookupError:
            return _json({"error": "There is no such switch."}, 409)
        return _json({})

    async def _reset(self, request: web.Request) -> web.Response:
        await request.read()
        self.switches.all_normal()
        self._sandbox.reset()
        self.hops.clear()
        self.streams.start_over()
        return _json({})

    async def _webhook(self, request: web.Request) -> web.Response:
        """Send a payload through the real door, or only ask what would become of it."""
        given = await request.json()
        sample = BY_ID.get(str(given.get("id")))
        if sample is None:
            return _json({"error": "There is no such sample."}, 409)
        body = str(given.get("payload", "")).encode()
        headers = {
            "Content-Type": "application/json",
            **sample.prove(body, bool(given.get("forged"))),
        }
        if request.match_info["what"] == "send":
            return _json(await self._send(sample.path, body, headers))
        explain = self._sandbox.explain
        if explain is None or not sample.source:
            return _json({"error": "There is nothing to explain here."}, 409)
        try:
            return _json({"explanation": explain(sample.source, headers, body)})
        except Exception as problem:  # noqa: BLE001 - the door's own refusals are said as they are
            return _json({"error": str(problem) or type(problem).__name__}, 409)

    async def _send(self, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        door = self._sandbox.slack.bridge_url  # where everything that calls the bridge calls it
        timeout = aiohttp.ClientTimeout(total=SEND_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(
                    f"{door}{path}", data=body, headers=headers, allow_redirects=False
                ) as answer,
            ):
                text = await answer.text()
                return {
                    "status": answer.status,
                    "type": answer.content_type,
                    "body": self._hide().body(text),
                }
        except (aiohttp.ClientError, TimeoutError):
            return {"status": 0, "type": "", "body": "The bridge gave no answer."}

    # -- files ---------------------------------------------------------------------------------

    async def _slack_file(self, request: web.Request) -> web.Response:
        file = self._sandbox.slack.files.get(request.match_info["id"])
        if file is None or file.content is None or not file.completed:
            return web.Response(status=404, text="There is no such file.\n")
        return _download(file.content)

    async def _rocketchat_file(self, request: web.Request) -> web.Response:
        file = self._sandbox.rocketchat.files.get(request.match_info["id"])
        if file is None:
            return web.Response(status=404, text="There is no such file.\n")
        return _download(file.content)

    def _hide(self) -> Masks:
        if self._masks is None:
            with suppress(KeyError):  # while the first emulator starts there are no addresses yet
                self._masks = Masks(self._sandbox.secrets())
        return self._masks or Masks(())


def _download(content: bytes) -> web.Response:
    """As a file to keep, never as something to run; the address names it."""
    return web.Response(
        body=content,
        content_type="application/octet-stream",
        headers={"Content-Disposition": "attachment"},
    )


def _json(value: Any, status: int = 200) -> web.Response:
    text = json.dumps(value, ensure_ascii=False, default=_plain)
    return web.Response(status=status, text=text, content_type="application/json")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, set | frozenset) else asdict(value)


def _files() -> dict[str, tuple[str, bytes]]:
    """Read anew each time: nobody plays so fast that it matters, and whoever edits sees it at once."""
    return {
        file.name: (TYPES[file.suffix], file.read_bytes())
        for file in (HERE / "static").iterdir()
        if file.suffix in TYPES
    }


def _named(ending: str, but: str = "") -> list[str]:
    return sorted(name for name in _files() if name.endswith(ending) and name != but)


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("playground.html")
