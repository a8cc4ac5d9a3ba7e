"""One post a second and channel, and silence for as long as Slack asks for.

https://docs.slack.dev/apis/web-api/rate-limits. Kept in this process only: several processes may pass
the limit together, and then Slack's own 429 is honoured for the channel.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

GAP_S = 1.0
LONGEST_S = 5.0  # a longer wait is handed back instead of holding a worker
_KEPT = 1000

Sleep = Callable[[float], Awaitable[object]]


class Pace:
    """When each channel may be posted to next, on a monotonic clock."""

    def __init__(self, clock: Callable[[], float], sleep: Sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._next: dict[str, float] = {}

    def wait_s(self, channel: str) -> float:
        """Seconds until this channel is free."""
        return max(0.0, self._next.get(channel, 0.0) - self._clock())

    async def turn(self, channel: str) -> float:
        """Wait for this channel's turn and take it; the seconds left when that would take too long."""
        wait = self.wait_s(channel)
        if wait > LONGEST_S:
            return wait
        self._next[channel] = self._clock() + wait + GAP_S
        self._forget()
        if wait:
            await self._sleep(wait)
        return 0.0

    def hold(self, channel: str, seconds: float) -> None:
        """Slack asked for silence."""
        self._next[channel] = max(self._next.get(channel, 0.0), self._clock() + seconds)

    def _forget(self) -> None:
        if len(self._next) > _KEPT:
            now = self._clock()
            self._next = {channel: at for channel, at in self._next.items() if at > now}
