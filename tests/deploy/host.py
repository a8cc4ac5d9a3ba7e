"""A Heroku-style host for tests: config vars, the Procfile by honcho, one-off processes, and 30 s to leave."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
RELEASE = (ROOT / "Procfile").read_text("utf-8").splitlines()[0]
BOOT_S, EXIT_S = 60.0, 30.0  # what a Heroku-style host grants


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Host:
    """A Heroku-style host: config vars, a dyno for each process of the Procfile, and 30 s to leave.

    SIGTERM goes to the bridge itself, as Heroku sends it to every process of a dyno; honcho would wait
    for its shell only, and kill after 5 s.
    """

    def __init__(self, database_url: str) -> None:
        """`database_url` is handed on as Heroku writes it, with the scheme that SQLAlchemy gave up."""
        self.port = free_port()
        self.boot_s = self.exit_s = 0.0
        self.lines: list[str] = []
        self.config = {
            "PATH": f"{BIN}{os.pathsep}/usr/bin:/bin",
            "PORT": str(self.port),
            "DATABASE_URL": database_url.replace("postgresql://", "postgres://", 1),
        }
        self.url = f"http://127.0.0.1:{self.port}"

    def said(self, event: str) -> int:
        """How often the processes of the last `up` logged this."""
        return sum(f'"event":"{event}"' in line for line in self.lines)

    async def run(self, *command: str) -> tuple[int, str]:
        """A one-off process, as `heroku run`."""
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={**self.config, "PYTHONPATH": str(ROOT)},  # this tree's code, whatever is installed
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await asyncio.wait_for(process.communicate(), BOOT_S)
        return process.returncode or 0, told.decode()

    @asynccontextmanager
    async def up(self, *names: str) -> AsyncIterator[None]:
        """Release, then web and worker, until the block ends; boot and exit are timed."""
        began, self.lines = time.monotonic(), []
        code, told = await self.run(*RELEASE.removeprefix("release: ").split())
        assert code == 0, told
        dynos = [await self._dyno(name) for name in names or ("web", "worker")]
        reading = [asyncio.create_task(self._read(dyno)) for dyno in dynos]
        try:
            await self._started(len(dynos))
            self.boot_s = time.monotonic() - began
            yield
        finally:
            began = time.monotonic()
            left = [process for dyno in dynos for process in _all(dyno.pid)]
            # the bridges themselves, below honcho and its shell; found before any of them is told
            for process in [one for one in left if not one.children()]:
                process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(EXIT_S + 5):
                    codes = await asyncio.gather(*(dyno.wait() for dyno in dynos))
                    self.exit_s = time.monotonic() - began
                    await asyncio.gather(*reading)
            finally:
                for process in left:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
        assert codes == [0] * len(dynos), self.lines[-20:]
        assert self.said("app.stopped") == len(dynos)
        assert self.exit_s < EXIT_S

    async def _dyno(self, name: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            str(BIN / "honcho"),
            *("-f", "Procfile", "--no-colour", "start", name),
            cwd=ROOT,
            env=self.config,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def _read(self, dyno: asyncio.subprocess.Process) -> None:
        assert dyno.stdout is not None
        async for line in dyno.stdout:
            self.lines.append(line.decode("utf-8", "replace"))

    async def _started(self, dynos: int) -> None:
        deadline = time.monotonic() + BOOT_S
        while self.said("app.started") < dynos or not await self._listens():
            assert time.monotonic() < deadline, f"not up within {BOOT_S} s: {self.lines[-20:]}"
            await asyncio.sleep(0.1)

    async def _listens(self) -> bool:
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{self.url}/healthz") as answer,
            ):
                return answer.status == 200
        except aiohttp.ClientError:
            return False


def _all(pid: int) -> list[psutil.Process]:
    dyno = psutil.Process(pid)
    return [dyno, *dyno.children(recursive=True)]
