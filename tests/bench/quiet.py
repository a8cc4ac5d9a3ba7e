"""Was the machine ours while we measured? A ratio of two waves in turns does not tell by itself.

A neighbour that works during the baseline and rests during ours makes ours look better: engine rounds on a
busy machine showed a durable engine at 2.4 times its own ceiling. So a round notes how much of the cores
other processes used, and a round that was not quiet is not judged by.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import psutil

MOST_FOREIGN: Final = 0.15  # cores


@dataclass(slots=True)
class Round:
    """How many cores others used meanwhile."""

    foreign: float = 0.0

    @property
    def quiet(self) -> bool:
        return self.foreign <= MOST_FOREIGN


def verdict(goal: str, seen: Round, *, met: bool) -> tuple[str, bool | None]:
    """The goal and whether it is met; when others used the cores, neither yes nor no."""
    if seen.quiet:
        return goal, met
    return f"{goal}: too noisy to judge ({seen.foreign:.1f} cores foreign)", None


@contextmanager
def watched(servers: Sequence[str] = ()) -> Iterator[Round]:
    """Fill in the round at the end. `servers`: words in the command lines of servers that are ours too."""
    ours = _ours(servers)
    before, busy, started = _spent(ours), _busy(), time.perf_counter()
    found = Round()
    yield found
    wall = time.perf_counter() - started
    found.foreign = max(0.0, (_busy() - busy) - (_spent(ours) - before)) / wall


def _busy() -> float:
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0)


def _ours(servers: Sequence[str]) -> list[psutil.Process]:
    me = psutil.Process()
    found = [me, *me.children(recursive=True)]
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or ())
        if process not in found and any(word in line for word in servers):
            found += [process, *process.children(recursive=True)]
    return list(dict.fromkeys(found))


def _spent(processes: Sequence[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if process.pid == os.getpid():  # servers that were started and ended meanwhile
            total += times.children_user + times.children_system
    return total
