"""Following a job: wait for its end within a bound, or stream each change until then.

Store and door run in different processes when there are several, and a notification can be missed, so
both also look by themselves now and then. Neither counts as a request in flight: hanging upstreams
must not close the door. Server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import Any, Final, Protocol

from aiohttp import web

from bridge.contract import Job

LOOK_S: Final = 2.0  # between looks that nothing announced
HEARTBEAT_S: Final = 15.0  # below the 55 s after which Heroku's router closes a silent stream


class Reader(Protocol):
    """What a door reads of the store."""

    async def get(self, job_id: str, *, scope: str | None = None) -> Job | None:
        """One job; `scope` hides what belongs to somebody else."""
        ...

    def on_change(self, watch: Callable[[str], None]) -> Callable[[], None]:
        """Call `watch` with a job's id whenever it changed; returns how to stop that."""
        ...


def has_ended(job: Job) -> bool:
    """Final, or pending with nothing left to look at."""
    return job.state.final or job.finished_at is not None


class Follower:
    """One subscription to the store's changes for all who wait."""

    def __init__(self, reader: Reader, *, most: int) -> None:
        self._reader = reader
        self._most = most
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._count = 0
        self._closing = False
        self._stop = reader.on_change(self._changed)

    @property
    def is_full(self) -> bool:
        return self._closing or self._count >= self._most

    def close(self) -> None:
        """Let everybody who waits go, so that a shutdown need not wait for them."""
        self._closing = True
        self._stop()
        for events in self._waiting.values():
            for event in events:
                event.set()

    async def end_of(self, job: Job, seconds: float) -> Job:
        """The job when it has ended, or as it is when the time is over. Waits not at all when full."""
        if has_ended(job) or seconds <= 0 or self.is_full:
            return job
        try:
            async with asyncio.timeout(seconds):
                async with aclosing(self.changes(job)) as changes:
                    async for seen in changes:
                        job = seen
        except TimeoutError:
            pass
        return job

    async def changes(self, job: Job, every_s: float = LOOK_S) -> AsyncGenerator[Job, None]:
        """The job each time it is looked at, until it has ended. It may be the same twice."""
        with self._listening(job.id) as changed:
            while not self._closing:
                seen = await self._reader.get(job.id)
                if seen is None:
                    return
                yield seen
                if has_ended(seen):
                    return
                try:
                    async with asyncio.timeout(every_s):
                        await changed.wait()
                except TimeoutError:
                    continue
                changed.clear()

    @contextmanager
    def _listening(self, job_id: str) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        self._waiting[job_id].add(event)
        self._count += 1
        try:
            yield event
        finally:
            self._count -= 1
            self._waiting[job_id].discard(event)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def _changed(self, job_id: str) -> None:
        for event in self._waiting.get(job_id, ()):
            event.set()


async def stream(
    request: web.Request,
    follower: Follower,
    job: Job,
    *,
    show: Callable[[Job], dict[str, Any]],
    clock: Callable[[], float],
) -> web.StreamResponse:
    """Answer with an event per change, a comment as heartbeat, and the end of the stream at the end."""
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # nginx would hold the events back
        }
    )
    await response.prepare(request)
    last, number, spoke_at = "", 0, clock()
    async with aclosing(follower.changes(job)) as changes:
        async for seen in changes:
            text = json.dumps(show(seen), ensure_ascii=False)
            if text != last:
                last, number, spoke_at = text, number + 1, clock()
                await response.write(f"id: {number}\nevent: job\ndata: {text}\n\n".encode())
            elif clock() - spoke_at >= HEARTBEAT_S:
                spoke_at = clock()
                await response.write(b": still here\n\n")
    await response.write_eof()
    return response
