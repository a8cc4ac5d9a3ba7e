"""What every emulated system shares: a clock, fault switches, a log of exchanges and a ledger of effects.

An emulator is a real aiohttp server with its state in memory. Tests hold the object; other processes
(playground, soak) reach the same things as JSON under `/_sandbox/`. The ledger of effects is the oracle:
it holds what really happened, whatever the caller was told.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from aiohttp import web

Clock = Callable[[], float]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
FaultKind = Literal[
    "hang",  # never answer; no effect happens
    "hang_after",  # the effect happens, then never answer
    "latency",  # wait `seconds`, then go on as usual
    "reset_before",  # close the connection; no effect happens
    "reset_after",  # the effect happens, then close the connection without an answer
    "status",  # answer `status` with `body`; no effect happens
    "garbage",  # the effect happens, the answer is 200 with a body that is no JSON
    "empty",  # the effect happens, the answer is 200 without a body
    "truncated",  # the effect happens, the answer is cut off in the middle
    "huge",  # the effect happens, the answer is 200 with `size` bytes
    "redirect",  # answer 307 to `location`; no effect happens
]


@dataclass(slots=True)
class Fault:
    """One switch: what goes wrong, on which route, how many times (None: until switched off)."""

    kind: FaultKind
    route: str = (
        "*"  # fnmatch over "METHOD /path/pattern/{as}/registered", e.g. "POST */rooms.export"
    )
    times: int | None = None
    seconds: float = 0.0
    status: int = 503
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    size: int = 32 * 1024 * 1024
    location: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that really happened in the emulated system."""

    at: float  # epoch seconds on the emulator's clock
    kind: str  # verb_noun, e.g. "close_room", "send_mail", "post_message"
    subject: str  # the id it happened to
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it arrived and the answer as it left (status 0: no answer was given)."""

    at: float
    method: str
    route: str
    path: str
    headers: dict[str, str]
    body: str
    status: int
    answer: str
    seconds: float


class Emulator:
    """Faults, log and ledger around the routes that a subclass adds in `routes()`."""

    name = "emulator"

    def __init__(self, clock: Clock = time.time) -> None:
        self.clock = clock
        self.faults: list[Fault] = []
        self.exchanges: deque[Exchange] = deque(maxlen=1000)
        self.effects: list[Effect] = []
        self._listeners: set[asyncio.Queue[str]] = set()

    def routes(self) -> list[web.AbstractRouteDef]:
        """The emulated routes."""
        raise NotImplementedError

    def snapshot(self) -> dict[str, Any]:
        """The visible state as JSON, for the playground and for other processes."""
        raise NotImplementedError

    def reset(self) -> None:
        """Back to the seed data; faults, log and ledger are emptied."""
        self.faults.clear()
        self.exchanges.clear()
        self.effects.clear()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._observe], client_max_size=50 * 1024 * 1024)
        app.add_routes(self.routes())
        app.add_routes(
            [
                web.get("/_sandbox/state", self._get_state),
                web.get("/_sandbox/effects", self._get_effects),
                web.get("/_sandbox/exchanges", self._get_exchanges),
                web.get("/_sandbox/faults", self._get_faults),
                web.post("/_sandbox/faults", self._post_fault),
                web.delete("/_sandbox/faults", self._delete_faults),
                web.post("/_sandbox/reset", self._post_reset),
            ]
        )
        return app

    def record(self, kind: str, subject: str, **detail: Any) -> None:
        """Write an effect into the ledger and wake whoever watches."""
        self.effects.append(Effect(self.clock(), kind, subject, detail))
        self.notify()

    def notify(self) -> None:
        for queue in self._listeners:
            if queue.empty():
                queue.put_nowait(self.name)

    async def changes(self) -> AsyncIterator[str]:
        """Yield this emulator's name each time something changed."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)

    @contextmanager
    def fault(self, kind: FaultKind, route: str = "*", **options: Any) -> Iterator[Fault]:
        """Switch one fault on for the length of a `with` block."""
        fault = Fault(kind, route, **options)
        self.faults.append(fault)
        try:
            yield fault
        finally:
            if fault in self.faults:
                self.faults.remove(fault)

    def effects_of(self, kind: str, subject: str | None = None) -> list[Effect]:
        return [e for e in self.effects if e.kind == kind and subject in (None, e.subject)]

    def _write_down(
        self,
        request: web.Request,
        pattern: str,
        started: float,
        body: str,
        status: int,
        answer: str = "",
    ) -> None:
        self.exchanges.append(
            Exchange(
                at=started,
                method=request.method,
                route=pattern,
                path=request.raw_path,
                headers=dict(request.headers),
                body=body,
                status=status,
                answer=answer[:20_000],
                seconds=self.clock() - started,
            )
        )
        self.notify()

    def _take_fault(self, route: str) -> Fault | None:
        for fault in self.faults:
            if fnmatchcase(route, fault.route):
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                return fault
        return None

    @web.middleware
    async def _observe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        pattern = resource.canonical if resource is not None else request.path
        if pattern.startswith("/_sandbox/"):
            return await handler(request)
        route = f"{request.method} {pattern}"
        started = self.clock()
        body = (await request.read()).decode("utf-8", "replace")
        status, answer = 0, ""
        try:
            response = await self._answer(request, handler, self._take_fault(route))
            status = response.status
            if isinstance(response, web.Response) and isinstance(response.body, bytes):
                answer = response.body.decode("utf-8", "replace")
            return response
        except web.HTTPException as error:
            status, answer = error.status, error.text or ""
            raise
        finally:
            self._write_down(request, pattern, started, body, status, answer)

    async def _answer(
        self, request: web.Request, handler: Handler, fault: Fault | None
    ) -> web.StreamResponse:
        if fault is None:
            return await handler(request)
        match fault.kind:
            case "hang":
                await asyncio.Event().wait()
            case "latency":
                await asyncio.sleep(fault.seconds)
            case "reset_before":
                return _reset(request)
            case "status":
                return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
            case "redirect":
                return web.Response(status=307, headers={"Location": fault.location})
        response = await handler(request)
        match fault.kind:
            case "hang_after":
                await asyncio.Event().wait()
            case "reset_after":
                return _reset(request)
            case "garbage":
                return web.Response(text="<html>502 from a proxy</html>", content_type="text/html")
            case "empty":
                return web.Response(status=200)
            case "huge":
                return web.Response(body=b'{"success":true,"x":"' + b"x" * fault.size + b'"}')
            case "truncated":
                return await _truncate(request, response)
        return response

    async def _get_state(self, _: web.Request) -> web.Response:
        return web.json_response(self.snapshot())

    async def _get_effects(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(effect) for effect in self.effects])

    async def _get_exchanges(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(exchange) for exchange in self.exchanges])

    async def _get_faults(self, _: web.Request) -> web.Response:
        return web.json_response([asdict(fault) for fault in self.faults])

    async def _post_fault(self, request: web.Request) -> web.Response:
        self.faults.append(Fault(**json.loads(await request.text())))
        return web.json_response({"ok": True})

    async def _delete_faults(self, _: web.Request) -> web.Response:
        self.faults.clear()
        return web.json_response({"ok": True})

    async def _post_reset(self, _: web.Request) -> web.Response:
        self.reset()
        self.notify()
        return web.json_response({"ok": True})


def _reset(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


async def _truncate(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    body = response.body if isinstance(response, web.Response) else b""
    full = body if isinstance(body, bytes) else b'{"success":true}'
    cut = web.StreamResponse(status=response.status, headers={"Content-Type": "application/json"})
    cut.content_length = len(full)
    await cut.prepare(request)
    await cut.write(full[: max(1, len(full) // 2)])
    if request.transport is not None:
        request.transport.abort()
    return cut
