"""How long a mapping may think: steps and seconds, counted together for all rules of one payload.

Rules are the operator's, payloads are a stranger's: what is cheap for the payloads that the operator had
in mind may be endless for the one that a stranger makes. Each step of an expression and each turn of a
loop is counted, so a mapping ends soon whatever it is given, without threads and without signals.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

SECONDS: Final = 0.1  # Slack is acked by the same event loop
STEPS: Final = 50_000
MAX_TEXT: Final = 8000  # characters of one rendered text; the longest field takes 4000


class TooMuch(Exception):
    """The mapping took more than it may."""


class Budget:
    """What is left for one payload."""

    def __init__(
        self,
        *,
        seconds: float = SECONDS,
        steps: int = STEPS,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._timer = timer
        self._until = timer() + seconds
        self._steps = steps

    def spend(self, steps: int = 1) -> None:
        """Count. Raises `TooMuch`."""
        self._steps -= steps
        if self._steps < 0 or self._timer() > self._until:
            raise TooMuch("The mapping takes too long for this payload.")
