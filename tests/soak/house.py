"""One bridge process, as an operator starts and stops it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.soak.mortal import Death, live

UP_WITHIN_S = 60.0

# Python's fork server imports the bridge once; each house is then a process of its own within milliseconds.
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(
    ["bridge.app", "bridge.cli", "psycopg", "sqlalchemy.dialects.postgresql.psycopg"]
)


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
    process: BaseProcess | None = None
    _starts: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, death: Death | None = None) -> None:
        """Start it; with `death`, it will kill itself there."""
        self.log.touch()
        self._starts = self.log.read_text("utf-8").count("app.started")
        environment = {**os.environ, **self.environment, "PORT": str(self.port)}
        self.process = _forks.Process(
            target=live, args=(self.verb, environment, self.log, death), daemon=True
        )
        self.process.start()

    async def up(self) -> None:
        """Wait until it listens, or for a worker until it says that it started."""
        deadline = time.monotonic() + UP_WITHIN_S
        while time.monotonic() < deadline:
            if not self.running():
                raise AssertionError(f"it ended: {self._said()}")
            if self.verb[0] == "worker":
                if self.log.read_text().count("app.started") > self._starts:
                    return
            elif await self._answers():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"it did not start: {self._said()}")

    def _said(self) -> str:
        return self.log.read_text("utf-8")[-2000:]

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.process.pid is not None and self.running():
            os.kill(self.process.pid, number)

    async def kill(self) -> None:
        self.signal(signal.SIGKILL)
        await self.ended()

    async def terminate(self) -> int:
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def ended(self, within_s: float = 40.0) -> int:
        """Wait for its end; its exit code, or minus the signal that killed it."""
        deadline = time.monotonic() + within_s
        while self.running():
            assert time.monotonic() < deadline, f"it lives on after {within_s} s"
            await asyncio.sleep(0.01)
        assert self.process is not None
        code = self.process.exitcode
        assert code is not None
        return code

    def running(self) -> bool:
        return self.process is not None and self.process.is_alive()
