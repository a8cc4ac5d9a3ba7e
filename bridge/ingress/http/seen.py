"""Signed messages of the last minutes: a byte-for-byte repetition of one is a replay.

In memory, so it costs no look into the store; the store's idempotency key carries the same over a
restart and to other processes. Twice the window in which a timestamp is believed is long enough.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from bridge.signatures import WINDOW_S

REMEMBER_S: Final = 2 * WINDOW_S
MOST: Final = 100_000


class Seen:
    """What was taken, as digests of the stamps that make messages unique."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._at: OrderedDict[bytes, float] = OrderedDict()

    def is_new(self, stamp: str) -> bool:
        """Whether nothing with this stamp was taken."""
        now = self._clock()
        while self._at and next(iter(self._at.values())) <= now - REMEMBER_S:
            self._at.popitem(last=False)
        return _digest(stamp) not in self._at

    def remember(self, stamp: str) -> None:
        """It was taken. What was refused for want of a store is not remembered: it may come again."""
        self._at[_digest(stamp)] = self._clock()
        if len(self._at) > MOST:
            self._at.popitem(last=False)

    def forget(self, stamp: str) -> None:
        """It was not taken after all, so the very same may come again."""
        self._at.pop(_digest(stamp), None)


def _digest(stamp: str) -> bytes:
    return hashlib.sha256(stamp.encode("utf-8", "backslashreplace")).digest()
