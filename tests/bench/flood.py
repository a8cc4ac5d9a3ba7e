"""A thousand slow clients and a flood: memory stays bounded, accepted work stays, latency comes back.

A real `bridge serve` on a SQLite file. Slow clients connect and say nothing, send half a header, or half a
body; then wishes come from many callers at once. A second bridge, whose cap on requests in flight is far below
that number, must refuse with 503 and Retry-After. What was answered with 202 must be in the store afterwards. Run: `python -m tests.bench.flood [--quick]`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil

from tests.bench import report
from tests.bench.report import Effort, Line

TOKEN = "bench-0123456789abcdef0123456789abcdef"
SLOW_CLIENTS, CALLERS = 1000, 400
RSS_GOAL_MB, BACK_GOAL_S = 150, 10
LOW_CAP = 20
HALF = {
    "idle": b"",
    "half header": b"POST /slack/events HTTP/1.1\r\nHost: x\r\nX-Slack-Sig",
    "half body": b"POST /api/v1/actions/rocketchat.close_room HTTP/1.1\r\nHost: x\r\n"
    b"Content-Type: application/json\r\nContent-Length: 60000\r\n"
    b"Authorization: Bearer " + TOKEN.encode() + b'\r\n\r\n{"args": {',
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Flooded:
    """A bridge in a process of its own, and what was asked of it."""

    def __init__(self, url: str, process: psutil.Process, http: aiohttp.ClientSession) -> None:
        self.url, self.process, self.http = url, process, http
        self.accepted: set[str] = set()
        self.statuses: Counter[str] = Counter()
        self.peak_mb = 0.0

    async def wish(self) -> float:
        """One wish; how long the answer took, in seconds."""
        began = time.perf_counter()
        try:
            async with self.http.post(
                f"{self.url}/api/v1/actions/rocketchat.close_room",
                json={"rid": os.urandom(8).hex()},
                headers={"Authorization": f"Bearer {TOKEN}"},
            ) as answer:
                body = await answer.json(content_type=None)
                self.statuses[str(answer.status)] += 1
                if answer.status == 202:
                    self.accepted.add(body["id"])
                elif answer.status in (429, 503):
                    assert "Retry-After" in answer.headers
        except (aiohttp.ClientError, TimeoutError) as error:
            self.statuses[type(error).__name__] += 1
        return time.perf_counter() - began

    async def p99(self, count: int) -> float:
        """Of wishes one after the other, in milliseconds."""
        taken = sorted([await self.wish() for _ in range(count)])
        return taken[int(0.99 * (len(taken) - 1))] * 1000

    async def watch(self) -> None:
        while True:
            self.peak_mb = max(self.peak_mb, self.process.memory_info().rss / 1e6)
            await asyncio.sleep(0.05)

    async def flood(self, seconds: float) -> None:
        """As many callers as there are, each with its next wish as soon as it is answered."""
        until = time.monotonic() + seconds

        async def call() -> None:
            while time.monotonic() < until:
                await self.wish()

        await asyncio.gather(*(call() for _ in range(CALLERS)))

    async def back_within_s(self, normal_ms: float) -> float:
        """How long until ten wishes in a row take what they took before (twice, and 5 ms of noise)."""
        began = time.monotonic()
        while await self.p99(10) > 2 * normal_ms + 5:
            if time.monotonic() - began > 60:
                break
        return time.monotonic() - began


@asynccontextmanager
async def running(folder: Path, **settings: str) -> AsyncIterator[Flooded]:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PORT": str(port),
        "HOST": "127.0.0.1",
        "DATABASE_URL": f"sqlite:///{folder / 'bridge.db'}",
        "BRIDGE_API_TOKEN": TOKEN,
        "BRIDGE_LOG_LEVEL": "error",
        "ROCKETCHAT_URL": "http://127.0.0.1:1",  # nobody answers there: accepted work waits
        "ROCKETCHAT_USER_ID": "u",
        "ROCKETCHAT_AUTH_TOKEN": "t",
        **settings,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bridge", "serve", env=environment
    )
    limits = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=limits, timeout=aiohttp.ClientTimeout(total=30)
    ) as http:
        url = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                async with http.get(f"{url}/healthz"):
                    break
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
        try:
            yield Flooded(url, psutil.Process(process.pid), http)
        finally:
            process.terminate()
            await process.wait()


async def connect_slowly(port: int) -> list[asyncio.StreamWriter]:
    writers = []
    for number in range(SLOW_CLIENTS):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(list(HALF.values())[number % len(HALF)])
        writers.append(writer)
    return writers


async def measure(folder: Path, *, flood_s: float) -> list[Line]:
    async with running(folder) as bridge:
        normal = await bridge.p99(100)
        before_mb = bridge.process.memory_info().rss / 1e6
        watching = asyncio.create_task(bridge.watch())
        port = int(bridge.url.rpartition(":")[2])
        slow = await connect_slowly(port)
        beside = await bridge.p99(100)
        slow_mb = bridge.peak_mb
        await bridge.flood(flood_s)
        back = await bridge.back_within_s(normal)
        open_after = len(bridge.process.net_connections())
        watching.cancel()
        for writer in slow:
            writer.close()
        accepted = set(bridge.accepted)
    lost = len(accepted - stored(folder))
    sent = sum(bridge.statuses.values())
    print(f"flood: {sent} wishes, {dict(bridge.statuses)}; {open_after} connections open after")  # noqa: T201 - a bench prints
    return [
        Line("flood", "accepted and lost", lost, "lost", goal="0", met=lost == 0),
        Line("flood", "accepted", len(accepted), "jobs"),
        _memory("memory before", before_mb),
        _memory(f"memory, {SLOW_CLIENTS} slow clients", slow_mb),
        _memory(f"memory, flood of {CALLERS} callers", bridge.peak_mb),
        Line("flood", "p99 in peace", normal, "ms"),
        Line(
            "flood",
            "p99 beside slow clients",
            beside,
            "ms",
            normal,
            beside / normal,
            against="in peace",
        ),
        Line("flood", "normal again after", back, "s", goal="< 10 s", met=back < BACK_GOAL_S),
    ]


def stored(folder: Path) -> set[str]:
    """The ids of all jobs that are on disk."""
    with sqlite3.connect(folder / "bridge.db") as database:
        return {row[0] for row in database.execute("select id from jobs")}


async def press(folder: Path, *, flood_s: float) -> list[Line]:
    """More callers than may be served at once: some must be sent away, and what was taken must be there."""
    async with running(folder, BRIDGE_SERVER_MAX_IN_FLIGHT=str(LOW_CAP)) as bridge:
        await bridge.flood(flood_s)
        pressed = len(bridge.accepted)
        await bridge.wish()  # served again at once, when nobody presses any more
        accepted, statuses = bridge.accepted, bridge.statuses
    lost, refused = len(accepted - stored(folder)), statuses["503"]
    orderly = refused > 0 and statuses.keys() <= {"202", "503"} and len(accepted) > pressed
    print(f"flood: {dict(statuses)} under a cap of {LOW_CAP}")  # noqa: T201 - a bench prints
    above = f"above a cap of {LOW_CAP}"
    return [
        Line("flood", f"{above}: accepted", len(accepted), "jobs"),
        Line("flood", f"{above}: accepted and lost", lost, "lost", goal="0", met=lost == 0),
        Line("flood", f"{above}: refused with 503", refused, "times", goal="> 0", met=orderly),
    ]


def _memory(what: str, megabytes: float) -> Line:
    goal = f"< {RSS_GOAL_MB} MB"
    return Line("flood", what, megabytes, "MB", goal=goal, met=megabytes < RSS_GOAL_MB)


def bench(effort: Effort) -> list[Line]:
    """Slow clients and a flood."""
    flood_s = effort.choose(0.2, 3, 20)
    with tempfile.TemporaryDirectory() as calm, tempfile.TemporaryDirectory() as pressed:
        measured = asyncio.run(measure(Path(calm), flood_s=flood_s))
        return measured + asyncio.run(press(Path(pressed), flood_s=min(flood_s, 3)))


if __name__ == "__main__":
    report.run("flood", bench, __doc__ or "")
