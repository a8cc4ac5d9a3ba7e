"""The clocks that tests hand in, so that no test waits for time to pass."""

from __future__ import annotations

import time

NOW = 1_800_000_000.0


class Clock:
    """Time that moves only when a test says so, or when somebody sleeps by it."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class RunningClock:
    """The time itself, and how far a test has moved it ahead."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead
