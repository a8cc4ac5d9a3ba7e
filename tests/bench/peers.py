"""The same wishes, sent the same way, to us and to what people use instead.

Run: `python -m tests.bench.peers [--quick]`. Two bodies: a JSON launch of `rocketchat.close_room`, and a
signed slash command. One load generator, one core per server, one wave at a time in turns: first one
wish after the other on an idle server, then 32 connections. What each does per wish differs, and that is
the point: we verify the sender and answer when the job is on disk (SQLite, synchronous=FULL); slack-bolt
verifies and keeps nothing; aiohttp, Node-RED and n8n verify nothing; n8n answers first, and
stores the wish and runs its workflow afterwards. Our idle answers are given with the worker beside the door, as `serve`
has it. A wave under load is as long in seconds for a slow server as for a quick one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench import report
from tests.bench.accept import launches
from tests.bench.ack import PAUSE_S, commands
from tests.bench.load import Gun, Wave
from tests.bench.programs import prepared, rest
from tests.bench.quiet import watched
from tests.bench.report import Effort, Line, median
from tests.bench.servers import serving, settled

CONNECTIONS = 32
LEAST, MOST = 64, 8000  # wishes in a wave
OURS, BESIDE = "ours", "ours, worker beside"


@dataclass(slots=True)
class Asked:
    """One server under one body."""

    port: int
    build: Callable[[int, int], list[bytes]]
    idle: list[Wave] = field(default_factory=list)
    busy: list[Wave] = field(default_factory=list)


Asking = dict[str, dict[str, Asked]]  # body, then server


READ: Final[tuple[tuple[str, str, str, Callable[[Asked], float]], ...]] = (
    ("idle answer, p50", "ms", BESIDE, lambda one: median(wave.p50_ms for wave in one.idle)),
    ("idle answer, p99", "ms", BESIDE, lambda one: median(wave.p99_ms for wave in one.idle)),
    ("taken, c=32", "/s", OURS, lambda one: median(wave.per_s for wave in one.busy)),
    ("taken, c=32, worker beside", "/s", BESIDE, lambda one: median(w.per_s for w in one.busy)),
    ("answer p99, c=32", "ms", OURS, lambda one: median(wave.p99_ms for wave in one.busy)),
)


def bench(effort: Effort) -> list[Line]:
    rounds, idle, seconds = effort.choose((1, 5, 0.05), (1, 60, 1.0), (3, 100, 1.5))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        gun = stack.enter_context(Gun())
        programs, left_out = prepared(folder)
        asking, ours = _open(stack, folder)
        for program in programs:
            port = stack.enter_context(program.running())
            asking["JSON"][program.name] = Asked(port, partial(launches, path=program.path))
            asking["command"][program.name] = Asked(port, partial(commands, path=program.path))
        counts = {
            asked.port: _count(
                gun.fire(asked.port, asked.build, count=LEAST, connections=4), seconds
            )
            for servers in asking.values()
            for asked in servers.values()
        }
        with watched([str(folder)]) as seen:
            for _ in range(rounds):
                for name, asked in _all(asking):
                    if name != OURS:  # whose worker is away; the one with a worker speaks for both
                        asked.idle.append(
                            gun.fire(
                                asked.port, asked.build, count=idle, connections=1, pause_s=PAUSE_S
                            )
                        )
                    asked.busy.append(
                        gun.fire(
                            asked.port,
                            asked.build,
                            count=counts[asked.port],
                            connections=CONNECTIONS,
                        )
                    )
                    settled(ours)
                    rest(asked.port)  # n8n works after it has answered
    lines = [line for body, servers in asking.items() for line in _lines(body, servers)]
    lines.append(Line("peers", "used by other processes meanwhile", seen.foreign, "cores"))
    return lines + [Line("peers", name, None, "", note=why) for name, why in left_out.items()]


def _open(stack: ExitStack, folder: Path) -> tuple[Asking, int]:
    """The servers in Python, and the port of ours that has jobs to work off."""
    slack = f"http://127.0.0.1:{stack.enter_context(serving('slack'))}/api/"
    upstream = f"http://127.0.0.1:{stack.enter_context(serving('upstream'))}"
    bare = stack.enter_context(serving("bare"))
    bolt = stack.enter_context(serving("bolt", slack_api=slack))
    taking, working = (
        stack.enter_context(
            serving(
                "bridge",
                database_url=f"sqlite:///{folder}/{name}.db",
                works=name == "working",
                log=str(folder / f"{name}.log"),
                slack_api=slack,
                upstream=upstream,
            )
        )
        for name in ("taking", "working")
    )
    return {
        "JSON": {
            OURS: Asked(taking, launches),
            BESIDE: Asked(working, launches),
            "bare aiohttp": Asked(bare, launches),
        },
        "command": {
            OURS: Asked(taking, commands),
            BESIDE: Asked(working, commands),
            "slack-bolt": Asked(bolt, commands),
        },
    }, working


def _all(asking: Asking) -> Iterator[tuple[str, Asked]]:
    for servers in asking.values():
        yield from servers.items()


def _count(warm: Wave, seconds: float) -> int:
    """So many wishes that the wave takes so long."""
    return max(LEAST, min(MOST, int(warm.per_s * seconds)))


def _lines(body: str, servers: Mapping[str, Asked]) -> list[Line]:
    for name, asked in servers.items():
        for wave in (*asked.idle, *asked.busy):
            if wave.refused:
                raise RuntimeError(f"{name} did not take {wave.refused} wishes: {wave.sample}")
    lines = []
    for what, unit, mine, read in READ:
        ours = read(servers[mine])
        for name, asked in servers.items():
            if name not in (OURS, BESIDE):
                theirs = read(asked)
                lines.append(
                    Line(
                        "peers",
                        f"{body}: {what}",
                        ours,
                        unit,
                        theirs,
                        ours / theirs,
                        against=name,
                    )
                )
    return lines


if __name__ == "__main__":
    report.run("peers", bench, __doc__ or "")
