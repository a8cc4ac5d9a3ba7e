"""Durable accepts per second of the HTTP API against a bare aiohttp handler that parses the same body.

Run: `python -m tests.bench.accept [--quick]`. 32 connections post `rocketchat.close_room`; 202 means the
job is on disk (SQLite with synchronous=FULL, or Postgres). Measured in turns with the baseline: with no
worker in the process, and with one that works the jobs off at the same time on the same core.
"""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench import report
from tests.bench.load import Gun, Wave, http
from tests.bench.postgres import fresh, server
from tests.bench.quiet import Round, verdict, watched
from tests.bench.report import Effort, Line, median
from tests.bench.servers import serving, settled
from tests.world import API_TOKEN

CONNECTIONS = 32
LEAST_PER_S, MOST_MS = 2000, 25


def launches(
    first: int, count: int, path: str = "/api/v1/actions/rocketchat.close_room"
) -> list[bytes]:
    """Launches of `rocketchat.close_room`, each for another room."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {API_TOKEN}"}
    return [
        http(
            "POST",
            path,
            headers,
            json.dumps({"rid": f"benchRoom{number:08d}aaa", "comment": "all solved"}).encode(),
        )
        for number in range(first, first + count)
    ]


def bench(effort: Effort) -> list[Line]:
    rounds, count = effort.choose((1, 64), (1, 2000), (5, 5000))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        gun = stack.enter_context(Gun())
        silent = f"http://127.0.0.1:{stack.enter_context(serving('nobody'))}"
        upstream = f"http://127.0.0.1:{stack.enter_context(serving('upstream'))}"
        database = stack.enter_context(server(folder))
        ports = {"bare": stack.enter_context(serving("bare"))}
        for name, url, works in (
            ("SQLite, no worker", f"sqlite:///{folder}/off.db", False),
            ("SQLite, worker", f"sqlite:///{folder}/on.db", True),
            ("Postgres, no worker", fresh(database), False),
        ):
            ports[name] = stack.enter_context(
                serving(
                    "bridge",
                    database_url=url,
                    works=works,
                    log=str(folder / "log"),
                    slack_api=f"{silent}/api/",
                    upstream=upstream,
                )
            )
        waves: dict[str, list[Wave]] = {name: [] for name in ports}
        for port in ports.values():
            gun.fire(port, launches, count=300, connections=CONNECTIONS)
        with watched([str(folder)]) as seen:
            for _ in range(rounds):
                for name, port in ports.items():
                    settled(ports["SQLite, worker"])
                    waves[name].append(
                        gun.fire(port, launches, count=count, connections=CONNECTIONS)
                    )
    return _lines(waves, seen)


def _lines(waves: dict[str, list[Wave]], seen: Round) -> list[Line]:
    for wave in (wave for some in waves.values() for wave in some):
        if wave.refused:
            raise RuntimeError(f"{wave.refused} launches were not taken: {wave.sample}")
    bare = median(wave.per_s for wave in waves.pop("bare"))
    lines = []
    for name, some in waves.items():
        per_s = median(wave.per_s for wave in some)
        p99 = median(wave.p99_ms for wave in some)
        goal, met, late, in_time = "", None, "", None
        if name == "SQLite, no worker":
            goal = f"≥ 0.5 and ≥ {LEAST_PER_S:,}/s"
            goal, met = verdict(goal, seen, met=per_s >= max(bare / 2, LEAST_PER_S))
            late, in_time = verdict(f"< {MOST_MS} ms", seen, met=p99 < MOST_MS)
        lines += [
            Line(
                "accept",
                f"durable accepts, {name}",
                per_s,
                "/s",
                bare,
                per_s / bare,
                goal,
                met,
                against="bare aiohttp",
            ),
            Line(
                "accept",
                f"202 p99, {name}",
                p99,
                "ms",
                goal=late,
                met=in_time,
            ),
        ]
    return lines


if __name__ == "__main__":
    report.run("accept", bench, __doc__ or "")
