"""The bridge as a process of its own that is killed as a power cut would, beside living emulators."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from bridge.sandbox.emulator import Emulator
from bridge.sandbox.rocketchat import RocketChat
from bridge.sandbox.rocketchat import seed as rocketchat_seed
from bridge.sandbox.slack import Slack
from bridge.sandbox.slack import seed as slack_seed
from bridge.sandbox.slack.model import Message
from bridge.sandbox.superoffice import SuperOffice
from tests.world import API_TOKEN, serve

ROOT = Path(__file__).resolve().parents[2]
BOOT_S = 30.0


class Killable:
    """The bridge's process, and what it talks to."""

    def __init__(self, folder: Path) -> None:
        self.slack, self.rocketchat = Slack(), RocketChat("C", pdf_delay_s=0.2)
        self.superoffice = SuperOffice()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        self._folder = folder
        self._env: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None

    async def open(self, stack: AsyncExitStack) -> None:
        """Serve the emulators and write down where they are."""
        emulators: list[Emulator] = [self.slack, self.rocketchat, self.superoffice]
        slack, rocketchat, superoffice = [await serve(one.app(), stack) for one in emulators]
        self.slack.public_url, self.slack.bridge_url = slack, self.url
        settings = self._folder / "bridge.toml"
        settings.write_text("[jobs]\npoll_s = 0.1\nlease_s = 2.0\n", "utf-8")
        self._env = {
            "PATH": os.environ.get("PATH", ""),
            "BRIDGE_CONFIG": str(settings),
            "HOST": "127.0.0.1",
            "PORT": self.url.rpartition(":")[2],
            "DATABASE_URL": f"sqlite:///{self._folder / 'bridge.db'}",
            "SLACK_SIGNING_SECRET": slack_seed.SIGNING_SECRET,
            "SLACK_BOT_TOKEN": slack_seed.BOT_TOKEN,
            "SLACK_API_URL": f"{slack}/api/",
            "SLACK_RESPONSE_HOSTS": slack.removeprefix("http://"),
            "ROCKETCHAT_URL": rocketchat,
            "ROCKETCHAT_USER_ID": rocketchat_seed.INTEGRATION_ID,
            "ROCKETCHAT_AUTH_TOKEN": rocketchat_seed.INTEGRATION_TOKEN,
            "SUPEROFFICE_URL": f"{superoffice}/SuperOffice/api",
            "SUPEROFFICE_USERNAME": "AA",
            "SUPEROFFICE_PASSWORD": "aa-password",
            "BRIDGE_API_TOKEN": API_TOKEN,
            "BRIDGE_ALLOW": "everyone",
        }

    async def start(self) -> None:
        """Start the process and wait until it is up."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bridge", "serve"),
            cwd=ROOT,
            env=self._env,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        deadline = time.monotonic() + BOOT_S
        async with aiohttp.ClientSession() as client:
            while time.monotonic() < deadline:
                try:
                    async with client.get(f"{self.url}/healthz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)
        raise AssertionError(f"not up within {BOOT_S} s")

    async def kill(self) -> None:
        """SIGKILL: nothing is given back, nothing is written down."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None

    async def until(self, seen: Callable[[], object], within_s: float = 20.0) -> None:
        deadline = time.monotonic() + within_s
        while not seen():
            assert time.monotonic() < deadline, [self.text(one) for one in self.messages()]
            await asyncio.sleep(0.02)

    def messages(self) -> list[Message]:
        """What Anna reads in the support channel."""
        return self.slack.messages(slack_seed.SUPPORT, slack_seed.ANNA)

    def said(self, words: str) -> list[Message]:
        return [one for one in self.messages() if words in self.text(one)]

    def text(self, message: Message) -> str:
        return " ".join(self.slack.visible_text(message).split())


@asynccontextmanager
async def killable(folder: Path) -> AsyncIterator[Killable]:
    """Emulators and a running bridge."""
    made = Killable(folder)
    async with AsyncExitStack() as stack:
        await made.open(stack)
        await made.start()
        stack.push_async_callback(made.kill)
        yield made
