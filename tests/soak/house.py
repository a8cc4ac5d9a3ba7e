"""One bridge process, as an operator starts and stops it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

UP_WITHIN_S = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class House:
    """One bridge process; it keeps its port over restarts."""

    verb: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    _starts: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        if self.log.exists():
            self._starts = self.log.read_text("utf-8").count("app.started")
        with self.log.open("ab") as lines:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bridge", *self.verb],
                env={**os.environ, **self.environment, "PORT": str(self.port)},
                stdout=lines,
                stderr=lines,
            )

    async def up(self) -> None:
        """Wait until it listens, or for a worker until it says that it started."""
        deadline = time.monotonic() + UP_WITHIN_S
        while time.monotonic() < deadline:
            assert self.process is not None
            if self.process.poll() is not None:
                raise AssertionError(f"it ended: {self.log.read_text()[-2000:]}")
            if self.verb[0] == "worker":
                if self.log.read_text().count("app.started") > self._starts:
                    return
            elif await self._answers():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"it did not start: {self.log.read_text()[-2000:]}")

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await self.ended()

    async def terminate(self) -> int:
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self) -> int:
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait, 40)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None
