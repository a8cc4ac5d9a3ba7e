"""How long a client that says nothing, or stops in the middle, may hold a connection.

Run: `python -m tests.bench.slow [--quick]`. Three clients per server, all at the same time: one connects and
stays silent, one sends half a header, one sends half a body. Seconds until the server closes; after 150 s
(`--quick`: 25 s) the waiting ends, and the figure is that limit. Every server has its
defaults; the Python baselines have those of `web.run_app`. "Half a header" and "silent" may take us no longer
than bare aiohttp, and half a body must not be held for minutes, as aiohttp alone does.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.bench import report
from tests.bench.programs import prepared
from tests.bench.report import Effort, Line
from tests.bench.servers import serving
from tests.bench.start import real_serve
from tests.world import API_TOKEN

OURS = "ours"
MOST_BODY_S, JUDGED_FROM_S = 30, 100
KINDS = ("silent client", "half a header", "half a body")


def words(kind: str, path: str) -> bytes:
    """What the client sends before it falls silent."""
    if kind == "silent client":
        return b""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {API_TOKEN}\r\n"
        "Content-Type: application/json\r\nContent-Length: 60000\r\n"
    )
    return (head if kind == "half a header" else f'{head}\r\n{{"rid": ').encode()


async def held(port: int, said: bytes, limit_s: float) -> float | None:
    """Seconds until the server closes, or None if it does not within the limit."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    begun = time.monotonic()
    try:
        writer.write(said)
        async with asyncio.timeout(limit_s):
            await reader.read()
        return time.monotonic() - begun
    except TimeoutError:
        return None
    except ConnectionError:
        return time.monotonic() - begun
    finally:
        writer.close()


async def measure(
    doors: Mapping[str, tuple[int, str]], limit_s: float
) -> dict[tuple[str, str], float | None]:
    asked = [(name, kind) for name in doors for kind in KINDS]
    found = await asyncio.gather(
        *(held(doors[name][0], words(kind, doors[name][1]), limit_s) for name, kind in asked)
    )
    return dict(zip(asked, found, strict=True))


def bench(effort: Effort) -> list[Line]:
    limit_s = effort.choose(0.2, 25.0, 150.0)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        programs, left_out = prepared(folder)
        slack = f"http://127.0.0.1:{stack.enter_context(serving('slack'))}/api/"
        path = "/api/v1/actions/rocketchat.close_room"
        doors = {
            OURS: (stack.enter_context(real_serve(folder)), path),
            "bare aiohttp": (stack.enter_context(serving("bare")), path),
            "slack-bolt": (stack.enter_context(serving("bolt", slack_api=slack)), "/slack/events"),
            **{one.name: (stack.enter_context(one.running()), one.path) for one in programs},
        }
        found = asyncio.run(measure(doors, limit_s))
    lines = [_line(kind, name, found, limit_s) for kind in KINDS for name in doors if name != OURS]
    return lines + [Line("slow", name, None, "", note=why) for name, why in left_out.items()]


def _line(
    kind: str, name: str, found: Mapping[tuple[str, str], float | None], limit_s: float
) -> Line:
    ours, theirs = found[OURS, kind], found[name, kind]
    never = [who for who, seconds in (("ours", ours), ("theirs", theirs)) if seconds is None]
    mine, its = (limit_s if seconds is None else seconds for seconds in (ours, theirs))
    goal, met = "", None
    if name == "bare aiohttp":
        most = MOST_BODY_S if kind == "half a body" else its * 1.05
        goal = f"< {MOST_BODY_S} s" if kind == "half a body" else "≤ 1.0"
        met = mine <= most if ours is not None else (False if limit_s >= JUDGED_FROM_S else None)
    return Line(
        "slow",
        f"{kind}: closed after",
        round(mine, 1),
        "s",
        round(its, 1),
        mine / its,
        goal,
        met,
        against=name,
        note=f"{' and '.join(never)} not within {limit_s:g} s" if never else "",
    )


if __name__ == "__main__":
    report.run("slow", bench, __doc__ or "")
