"""The REST rate limiter: fixed windows per route, counters per route and client address.

As in Meteor's `RateLimiter`, a window belongs to the route's rule and not to a client: it begins with the
first call after the previous one ran out, and every client's counter on that route starts anew with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from bridge.sandbox.emulator import Clock


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one counted call learned, and the headers that tell it."""

    allowed: bool
    limit: int
    remaining: int
    reset_at: float  # epoch seconds
    wait_s: int

    def headers(self) -> dict[str, str]:
        """`X-RateLimit-Reset` is in epoch MILLISECONDS; there is no `Retry-After`."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(round(self.reset_at * 1000)),
        }


@dataclass(slots=True)
class _Window:
    began_at: float
    counts: dict[str, int] = field(default_factory=dict)


class Limiter:
    """Counts every call it is shown, refused ones included."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._windows: dict[str, _Window] = {}

    def count(self, route: str, client: str, *, limit: int, window_s: float) -> Verdict:
        """Count one call on `route` (e.g. `/api/v1/livechat/transcript/:ridpost`) by `client`."""
        now = self._clock()
        window = self._windows.get(route)
        if window is None or now > window.began_at + window_s:
            window = self._windows[route] = _Window(now)
        count = window.counts[client] = window.counts.get(client, 0) + 1
        reset_at = window.began_at + window_s
        return Verdict(
            allowed=count <= limit,
            limit=limit,
            remaining=max(0, limit - count),
            reset_at=reset_at,
            wait_s=math.ceil(reset_at - now),
        )

    def reset(self) -> None:
        self._windows.clear()
