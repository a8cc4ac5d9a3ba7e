"""News for the page as server-sent events: which system changed, as its whole state; new hops by number.

Changes are gathered for a moment, so a burst costs one event. A page that comes back is told everything anew.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from bridge.sandbox.emulator import Emulator
from bridge.sandbox.playground.guard import HEADERS

if TYPE_CHECKING:
    from bridge.sandbox.playground.door import Playground

GATHER_S: Final = 0.05
HEARTBEAT_S: Final = 10.0


class Streams:
    """The open pages."""

    def __init__(self, playground: Playground) -> None:
        self._playground = playground
        self._news: set[asyncio.Event] = set()
        self._open: set[asyncio.Task[Any]] = set()
        self._epoch = 0

    def wake(self) -> None:
        """Something new is in the log of hops."""
        for news in self._news:
            news.set()

    def start_over(self) -> None:
        """Everything was reset: pages forget what they know."""
        self._epoch += 1
        self.wake()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        headers = {**HEADERS, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        task = asyncio.create_task(self._feed(response))
        self._open.add(task)
        try:
            await task
        except asyncio.CancelledError:
            task.cancel()
        finally:
            self._open.discard(task)
        return response

    async def close(self, _: web.Application) -> None:
        """End all streams, so that a page never holds up a shutdown."""
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _feed(self, response: web.StreamResponse) -> None:
        emulators = self._playground.sandbox.emulators
        dirty = {emulator.name for emulator in emulators}
        news = asyncio.Event()
        news.set()
        self._news.add(news)
        ears = [asyncio.create_task(_listen(one, dirty, news)) for one in emulators]
        version, epoch = 0, self._epoch
        try:
            await response.write(b"retry: 1000\n\n")
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), HEARTBEAT_S)
                if not news.is_set():
                    await response.write(b": still here\n\n")
                    continue
                await asyncio.sleep(GATHER_S)
                news.clear()
                if epoch != self._epoch:
                    epoch = self._epoch
                    await _tell(response, "reset", {})
                    dirty |= {emulator.name for emulator in emulators}
                for name in sorted(dirty):
                    dirty.discard(name)
                    await _tell(response, name, self._playground.section(name))
                hops = self._playground.hops
                found, version = hops.since(version), hops.version
                if found:
                    await _tell(response, "hops", [hop.as_json() for hop in found])
        except (ConnectionResetError, ConnectionError):
            pass  # the page was closed
        finally:
            self._news.discard(news)
            for ear in ears:
                ear.cancel()
            await asyncio.gather(*ears, return_exceptions=True)


async def _listen(emulator: Emulator, dirty: set[str], news: asyncio.Event) -> None:
    async for name in emulator.changes():
        dirty.add(name)
        news.set()


async def _tell(response: web.StreamResponse, event: str, data: Any) -> None:
    text = json.dumps(data, ensure_ascii=False)
    await response.write(f"event: {event}\ndata: {text}\n\n".encode())
