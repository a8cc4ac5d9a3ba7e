"""Every request of every hop, written down as it arrived and as it was answered, secrets taken out.

A hop is kept from its first byte on, so that a request nobody answers is seen hanging; it ends with an
answer, with a closed connection, or with a caller who went away. The page is sent what is new by number.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bridge.sandbox.playground.masks import Masks

BRIDGE: Final = "bridge"
CLOSED: Final = "The connection was closed without an answer."
GONE: Final = "The caller stopped waiting; no answer was given."
OPEN: Final = "No answer yet."
KEPT: Final = 300
LOOK_S: Final = 0.25


@dataclass(slots=True)
class Hop:
    """One request between two systems. `status` 0 and a `note`: there was no answer."""

    number: int
    version: int
    at: float
    caller: str
    target: str
    method: str
    path: str
    headers: list[list[str]]
    body: str
    status: int = 0
    answer: str = ""
    answer_type: str = ""
    ms: float = 0.0
    note: str = OPEN
    open: bool = True
    started: float = field(default=0.0, repr=False)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Hops:
    """The log of all hops, newest last."""

    def __init__(self, masks: Callable[[], Masks], changed: Callable[[], None]) -> None:
        self._masks = masks
        self._changed = changed
        self._log: deque[Hop] = deque(maxlen=KEPT)
        self._number = 0
        self._version = 0

    def since(self, version: int) -> list[Hop]:
        """What began or changed after this version."""
        return [hop for hop in self._log if hop.version > version]

    @property
    def version(self) -> int:
        return self._version

    def clear(self) -> None:
        self._log.clear()

    def begin(
        self,
        caller: str,
        target: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Hop:
        """Write a request down."""
        masks = self._masks()
        self._number += 1
        hop = Hop(
            number=self._number,
            version=self._next(),
            at=time.time(),
            caller=caller,
            target=target,
            method=method,
            path=masks.text(path),
            headers=masks.headers(headers),
            body=masks.body(_text(body, headers.get("Content-Type", ""))),
            started=time.perf_counter(),
        )
        self._log.append(hop)
        self._changed()
        return hop

    def end(self, hop: Hop, status: int, answer: bytes, kind: str) -> None:
        """Write its answer down."""
        hop.answer = self._masks().body(_text(answer, kind))
        hop.answer_type = kind.partition(";")[0]
        self._close(hop, status, "")

    def lose(self, hop: Hop, note: str) -> None:
        """Write down that there was none."""
        if hop.open:
            self._close(hop, 0, note)

    def watch(self, target: str) -> Middleware:
        """A middleware that writes down what an emulator is asked."""

        @web.middleware
        async def seen(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith("/_sandbox/"):
                return await handler(request)
            headers = request.headers
            body = await request.read()
            hop = self.begin(BRIDGE, target, request.method, request.raw_path, headers, body)
            guard = asyncio.create_task(self._leave(request, hop))
            try:
                response = await handler(request)
                if request.transport is None or request.transport.is_closing():
                    self.lose(hop, CLOSED)
                else:
                    self.end(hop, response.status, _bytes(response), response.content_type)
                return response
            except web.HTTPException as refused:
                self.end(hop, refused.status, (refused.text or "").encode(), "text/plain")
                raise
            finally:
                guard.cancel()
                self.lose(hop, CLOSED)

        return seen

    async def _leave(self, request: web.Request, hop: Hop) -> None:
        """A hanging handler does not hear that its caller left, so look from time to time."""
        while hop.open:
            await asyncio.sleep(LOOK_S)
            if request.transport is None:
                self.lose(hop, GONE)

    def _close(self, hop: Hop, status: int, note: str) -> None:
        hop.status, hop.note, hop.open = status, note, False
        hop.ms = round((time.perf_counter() - hop.started) * 1000, 1)
        hop.version = self._next()
        self._changed()

    def _next(self) -> int:
        self._version += 1
        return self._version


def _text(raw: bytes, kind: str) -> str:
    if raw and kind.startswith(("application/pdf", "application/octet-stream", "application/zip")):
        return f"<{len(raw)} bytes>"
    return raw.decode("utf-8", "replace")


def _bytes(response: web.StreamResponse) -> bytes:
    if isinstance(response, web.Response):
        if isinstance(response.body, bytes | bytearray):
            return bytes(response.body)
        if response.body is not None:
            return f"<a file, {response.content_type}>".encode()
    return b""
