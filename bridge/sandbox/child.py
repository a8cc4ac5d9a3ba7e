"""The bridge as a process of its own, so that a person can kill it and see what that costs: nothing accepted.

Only the demo uses it. The process is the very `bridge serve` of a deployment; it is started again when the
person says so, on the same port and the same store.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

STOPS_WITHIN_S: Final = 35.0  # longer than it drains
LOOK_S: Final = 0.05


class Child:
    """One bridge, alive or killed. `changed` hears of both."""

    def __init__(
        self,
        environment: Mapping[str, str],
        port: int,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._environment = dict(environment)
        self._port = port
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start it and wait until it takes requests. Raises `ChildEnded` when it does not come up."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bridge", "serve"), env=self._environment
        )
        self._keep(self._watch(self._process))
        while not await self._answers():
            if not self.running:
                raise ChildEnded(f"The bridge ended with status {self._process.returncode}.")
            await asyncio.sleep(LOOK_S)

    def kill(self) -> None:
        """SIGKILL: it cannot finish, say or save anything."""
        if self._process is not None and self.running:
            self._process.kill()

    def revive(self) -> None:
        """Start it again, in the background."""
        if not self.running:
            self._keep(self.start())

    async def stop(self) -> None:
        """In order, as a deployment would."""
        if self._process is not None and self.running:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), STOPS_WITHIN_S)
            except TimeoutError:
                self._process.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        self._changed()
        await process.wait()
        self._changed()

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return False
        writer.close()
        return True

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class ChildEnded(Exception):
    """It did not come up; what it wrote says why."""
