"""The slots of a worker: how many attempts run at once, and how many jobs are claimed for them.

Where the database is a server, some jobs are claimed ahead, so that the slots go on while it claims the
next: with none waiting, all attempts of a claim end together, and then the worker waits. An embedded file is
worked in this very process, whose attempts would only stand still for it later.
"""

from __future__ import annotations

import asyncio

AHEAD_S = 0.05  # what is claimed beyond the free slots finds one within about this time
PATIENCE_S = 1.0  # so long what was claimed ahead waits at most
FIRST_GUESS_S = 1.0  # how long an attempt takes, before any was made
WEIGHT = 0.05  # of the newest attempt in the average


class Slots:
    """So many attempts at once. Each claimed job is `taken`, enters when it may and is given back once."""

    def __init__(self, count: int, *, ahead: bool = True) -> None:
        self._count = count
        self._ahead = ahead
        self._entrance = asyncio.Semaphore(count)
        self._attempt_s = FIRST_GUESS_S
        self.free = count  # below zero: so many wait for a slot

    def wanted(self) -> int:
        """How many jobs to claim now; none before a slot is free.

        The longer attempts take, the fewer beyond the free slots: another worker may be idle for them.
        """
        if self.free <= 0 or not self._ahead:
            return max(0, self.free)
        return self.free + int(self._count * min(1.0, AHEAD_S / self._attempt_s))

    def take(self) -> None:
        """A job was claimed for a slot."""
        self.free -= 1

    async def enter(self) -> bool:
        """Wait for a slot; False when none comes soon, since attempts became slow: others may have the job."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._entrance.acquire()
        except TimeoutError:
            return False

    def give_back(self, *, entered: bool, took_s: float | None = None) -> None:
        """A job is done with its slot, after an attempt that took so long, if any was made."""
        if took_s is not None:
            self._attempt_s += WEIGHT * (took_s - self._attempt_s)
        self.free += 1
        if entered:
            self._entrance.release()

    def open(self) -> None:
        """Let in all who wait, one after the other: a worker that stops gives their jobs back."""
        self._entrance.release()
