"""Tracked background tasks: what the door does after the ack, and the drain on shutdown.

Bolt's lazy listeners are untracked: a SIGTERM ends them silently and their errors reach no handler.
Here each task has a name and an owner, its error is logged, and
`drain()` waits for all of them before the process may go.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger()


class BackgroundTasks:
    """Starts tasks, keeps hold of them and waits for them at the end."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, name: str, work: Coroutine[Any, Any, None], **about: str) -> None:
        """Run the work beside the request; `about` goes into the log line if it fails."""
        task = asyncio.create_task(self._run(name, work, about), name=f"slack.{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """Wait until nothing runs."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def drain(self, budget_s: float) -> int:
        """Wait up to `budget_s` for what runs, cancel the rest; says how many were cut short."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=budget_s)
        late = set(self._tasks)
        for task in late:
            task.cancel()
        if late:
            await asyncio.gather(*late, return_exceptions=True)
        return len(late)

    async def _run(self, name: str, work: Coroutine[Any, Any, None], about: dict[str, str]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            log.warning("slack.errand_cut_short", errand=name, **about)
            raise
        except Exception as error:  # noqa: BLE001 - a background task has no caller who could handle it
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{Path(last.filename).name}:{last.lineno}"
            # The error's own text may hold what a customer wrote; its class and place do not.
            log.error(  # noqa: TRY400 - as above
                "slack.errand_failed", errand=name, error=type(error).__name__, at=place, **about
            )
