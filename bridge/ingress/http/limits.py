"""How much one sender, and all of them together, may ask: windows per name, and a cap on what is in flight.

A window begins with its first request, so its headers can say truthfully how many are left and until
when (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/). Windows are kept per
process: with several web processes a sender gets so many from each, which is what the limit protects.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bridge.ingress.http.problems import Problem

WINDOW_S: Final = 60.0
MOST_NAMES: Final = 10_000  # addresses of strangers are names, too; the oldest is forgotten


@dataclass(slots=True)
class Window:
    """One sender's running minute."""

    limit: int
    ends_at: float
    used: int = 0

    def headers(self, now: float) -> dict[str, str]:
        left = max(0, self.limit - self.used)
        seconds = max(0, math.ceil(self.ends_at - now))
        return {
            "RateLimit-Policy": f'"minute";q={self.limit};w={WINDOW_S:.0f}',
            "RateLimit": f'"minute";r={left};t={seconds}',
        }


class Limits:
    """Windows by name."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._windows: OrderedDict[str, Window] = OrderedDict()

    def take(self, name: str, limit: int) -> dict[str, str]:
        """Count one request and return the headers that tell. Raises `Problem` when none is left."""
        now = self._clock()
        window = self._window(name, limit, now)
        if window.used >= limit:
            wait = max(1, math.ceil(window.ends_at - now))
            raise Problem(
                "too-many-requests",
                f"At most {limit} requests per minute. Try again in {wait} seconds.",
                headers={**window.headers(now), "Retry-After": str(wait)},
            )
        window.used += 1
        return window.headers(now)

    def is_spent(self, name: str) -> bool:
        """Whether nothing is left, without counting."""
        window = self._windows.get(name)
        return window is not None and window.used >= window.limit and window.ends_at > self._clock()

    def _window(self, name: str, limit: int, now: float) -> Window:
        window = self._windows.get(name)
        if window is None or window.ends_at <= now:
            window = self._windows[name] = Window(limit, now + WINDOW_S)
            self._windows.move_to_end(name)
            if len(self._windows) > MOST_NAMES:
                self._windows.popitem(last=False)
        return window


class InFlight:
    """A cap on requests served at once: `with in_flight:` counts one, or raises `Problem`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.now = 0

    @property
    def is_full(self) -> bool:
        return self.now >= self._most

    def __enter__(self) -> None:
        if self.now >= self._most:
            raise Problem(
                "busy",
                "The bridge serves as many requests as it can. Try again in a second.",
                headers={"Retry-After": "1"},
            )
        self.now += 1

    def __exit__(self, *_: object) -> None:
        self.now -= 1
