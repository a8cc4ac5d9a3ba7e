"""One look for all who wait for it: its end is everybody's, a failure too.

Behind a lock each who waited would repeat what has just failed, one after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Shared:
    """One answer for all who ask while it is looked for; who asks after that has it looked for anew."""

    def __init__(self, look: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._look = look
        self._looking: asyncio.Task[None] | None = None

    async def __call__(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(_heard)
        await asyncio.shield(self._looking)


def _heard(task: asyncio.Task[None]) -> None:
    if not task.cancelled():
        task.exception()  # those who asked have it; if they have gone, nobody misses it
