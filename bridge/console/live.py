"""Live updates: an event stream that says which jobs changed; the page then fetches itself anew.

The stream carries ids only, gathered for a moment, so a burst of a thousand changes costs each open page
one fetch. It ends with the session, with the process, and never holds up a shutdown.
https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiohttp import web

from bridge.console.headers import UNSTORED
from bridge.jobs.store import Store

GATHER_S: Final = 0.4
HEARTBEAT_S: Final = 10.0
MOST: Final = 200
IDS: Final = 100


class Streams:
    """The open streams of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def full(self) -> bool:
        return self._closed or len(self._open) >= MOST

    async def serve(self, request: web.Request, allowed: Callable[[], bool]) -> web.StreamResponse:
        """Answer with a stream that lasts as long as it is `allowed`."""
        headers = {**UNSTORED, "Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        task = asyncio.create_task(self._feed(response, allowed))
        self._open.add(task)
        try:
            await task
        except asyncio.CancelledError:
            task.cancel()
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
        finally:
            self._open.discard(task)
        return response

    async def close(self) -> None:
        """End all streams, and begin none: a browser that comes back at once would be waited for."""
        self._closed = True
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _feed(self, response: web.StreamResponse, allowed: Callable[[], bool]) -> None:
        changed: dict[str, None] = {}
        news = asyncio.Event()

        def heard(job_id: str) -> None:
            changed[job_id] = None
            news.set()

        forget = self._store.on_change(heard)
        try:
            await response.write(b"retry: 2000\nevent: hello\ndata: {}\n\n")
            while allowed() and not self._store.draining:
                with suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), HEARTBEAT_S)
                if not news.is_set():
                    await response.write(b": still here\n\n")
                    continue
                await asyncio.sleep(GATHER_S)
                news.clear()
                ids = list(changed)
                changed.clear()
                data = json.dumps({"ids": ids[:IDS], "more": len(ids) > IDS})
                await response.write(f"event: changed\ndata: {data}\n\n".encode())
        except ConnectionResetError:
            pass  # the page was closed
        finally:
            forget()
