"""How often somebody may be wrong: failed sign-ins per address and minute, and of all addresses together.

Only failures count, so nobody who knows the token is kept out by their own visits. The second bound is
for a guesser with many addresses; while it is spent the token is not looked at, whoever brings it.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

WINDOW_S: Final = 60.0
EACH: Final = 5
TOGETHER: Final = 60
MOST_NAMES: Final = 10_000
ALL: Final = "*"


class SignInLimit:
    """Failures, counted in windows that begin with the first one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, tuple[float, int]] = OrderedDict()  # since when, how many

    def wait_s(self, address: str) -> int:
        """Seconds until this address may try again; 0 when it may now."""
        return max(self._left(address, EACH), self._left(ALL, TOGETHER))

    def failed(self, address: str) -> None:
        """Count a failure."""
        now = self._clock()
        for name in (address, ALL):
            since, count = self._failures.get(name, (now, 0))
            if now - since >= WINDOW_S:
                since, count = now, 0
            self._failures[name] = (since, count + 1)
        while len(self._failures) > MOST_NAMES:
            oldest = next(name for name in self._failures if name != ALL)
            del self._failures[oldest]

    def _left(self, name: str, most: int) -> int:
        since, count = self._failures.get(name, (0.0, 0))
        left = since + WINDOW_S - self._clock()
        return math.ceil(left) if count >= most and left > 0 else 0
