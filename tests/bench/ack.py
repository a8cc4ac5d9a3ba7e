"""Slash commands: how fast they are acknowledged, with the job on disk, against stock slack-bolt.

Run: `python -m tests.bench.ack [--quick]`. The baseline is `AsyncApp` with its defaults, which keeps
nothing, measured in turns with ours in the same run: one command at a time on an idle server (under
50/s, as a person's press meets it), then 32 connections. Idle acks have the worker beside them, as `serve`
has it; accepts are given without and with one, because a worker shares the core with the door and its
share is no cost of accepting. `hang` is the idle ack while Slack's Web API and every upstream take
requests and never answer. Server on core 0, load on core 1; SQLite with synchronous=FULL. A wave starts
only when the server has worked off the one before.
"""

from __future__ import annotations

import hashlib
import hmac
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bridge.sandbox.slack import seed
from tests.bench import report
from tests.bench.load import Gun, Wave, http
from tests.bench.quiet import Round, verdict, watched
from tests.bench.report import Effort, Line, median
from tests.bench.servers import serving, settled

PAUSE_S = 0.02
STOCK = "slack-bolt"


def commands(first: int, count: int, path: str = "/slack/events") -> list[bytes]:
    """Signed `/close` commands, each for another room."""
    stamp = str(int(time.time()))
    made = []
    for number in range(first, first + count):
        body = urlencode(
            {
                "token": "bench",
                "team_id": "T0SANDBOX",
                "team_domain": "sandbox",
                "channel_id": "C0SUPPORT01",
                "channel_name": "support",
                "user_id": "U0ANNA0001",
                "user_name": "anna",
                "command": "/close",
                "text": f"benchRoom{number:08d}aaa all solved, thank you",
                "api_app_id": "A0BENCH",
                "is_enterprise_install": "false",
                "response_url": f"https://hooks.slack.com/commands/T0SANDBOX/{number}/x",
                "trigger_id": f"{number}.{stamp}.bench",
            }
        ).encode()
        digest = hmac.new(
            seed.SIGNING_SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256
        )
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest.hexdigest()}",
        }
        made.append(http("POST", path, headers, body))
    return made


def bench(effort: Effort) -> list[Line]:
    rounds, idle, many = effort.choose((1, 5, 64), (1, 60, 1500), (5, 150, 2500))
    calm: dict[str, list[Wave]] = {"stock": [], "ours": [], "paced": [], "deaf": []}
    busy: dict[str, list[Wave]] = {"stock": [], "taking": [], "ours": [], "paced": []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        gun = stack.enter_context(Gun())
        slack_api = f"http://127.0.0.1:{stack.enter_context(serving('slack'))}/api/"
        upstream = f"http://127.0.0.1:{stack.enter_context(serving('upstream'))}"
        silent = f"http://127.0.0.1:{stack.enter_context(serving('nobody'))}"

        def ours(name: str, slack: str, desk: str, **more: Any) -> int:
            url, log = f"sqlite:///{folder / name}.db", str(folder / f"{name}.log")
            return stack.enter_context(
                serving("bridge", database_url=url, log=log, slack_api=slack, upstream=desk, **more)
            )

        ports = {
            "stock": stack.enter_context(serving("bolt", slack_api=slack_api)),
            "ours": ours("ours", slack_api, upstream),
            "taking": ours("taking", slack_api, upstream, works=False),
            "paced": ours("paced", slack_api, upstream, pace_limit=10),
            "deaf": ours("deaf", f"{silent}/api/", silent),
        }
        for port in ports.values():
            gun.fire(port, commands, count=100, connections=4)
        with watched() as at_calm:
            for _ in range(rounds):
                for name, waves in calm.items():
                    settled(ports["ours"])
                    waves.append(
                        gun.fire(ports[name], commands, count=idle, connections=1, pause_s=PAUSE_S)
                    )
        with watched() as at_busy:
            for _ in range(rounds):
                for name, waves in busy.items():
                    settled(ports["ours"])
                    waves.append(gun.fire(ports[name], commands, count=many, connections=32))
    return _lines(calm, busy, at_calm, at_busy)


def _lines(
    calm: dict[str, list[Wave]], busy: dict[str, list[Wave]], at_calm: Round, at_busy: Round
) -> list[Line]:
    for wave in (wave for waves in (*calm.values(), *busy.values()) for wave in waves):
        if wave.refused:
            raise RuntimeError(f"{wave.refused} commands were not taken: {wave.sample}")
    stock_p50 = median(wave.p50_ms for wave in calm["stock"])
    ours_p50 = median(wave.p50_ms for wave in calm["ours"])
    stock_s = median(wave.per_s for wave in busy["stock"])
    deaf_p99 = median(wave.p99_ms for wave in calm["deaf"])
    lines = [
        Line(
            "ack",
            "idle ack, p50",
            ours_p50,
            "ms",
            stock_p50,
            ours_p50 / stock_p50,
            *verdict("≤ 0.25", at_calm, met=ours_p50 <= stock_p50 / 4),
            against=STOCK,
        ),
        Line(
            "ack",
            "idle ack, p99",
            median(wave.p99_ms for wave in calm["ours"]),
            "ms",
            median(wave.p99_ms for wave in calm["stock"]),
            against=STOCK,
        ),
        Line(
            "ack",
            "idle ack, route with a pace, p50",
            median(wave.p50_ms for wave in calm["paced"]),
            "ms",
            stock_p50,
            against=STOCK,
        ),
        Line(
            "ack",
            "idle ack, upstreams and Slack hang, p99",
            deaf_p99,
            "ms",
            goal="< 250 ms",
            met=deaf_p99 < 250,
        ),
    ]
    for name, what in (
        ("taking", "c=32"),
        ("ours", "c=32, worker beside"),
        ("paced", "c=32, 10 calls a minute"),
    ):
        per_s = median(wave.per_s for wave in busy[name])
        goal, met = "", None
        if name == "taking":
            goal, met = verdict("≥ 1.0", at_busy, met=per_s >= stock_s)
        lines.append(
            Line(
                "ack",
                f"commands accepted, {what}",
                per_s,
                "/s",
                stock_s,
                per_s / stock_s,
                goal,
                met,
                against=STOCK,
            )
        )
        lines.append(
            Line(
                "ack",
                f"ack p99, {what}",
                median(wave.p99_ms for wave in busy[name]),
                "ms",
                median(wave.p99_ms for wave in busy["stock"]),
                against=STOCK,
            )
        )
    return lines


if __name__ == "__main__":
    report.run("ack", bench, __doc__ or "")
