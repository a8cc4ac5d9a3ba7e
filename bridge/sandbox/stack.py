"""The three emulated systems standing together: started as one, pointed at one bridge, described as its settings.

`Sandbox` is what `bridge demo`, the tests of the playground and the soak start from. Each system has a
loopback port of its own, because an emulator answers under the very paths of the real one. With the
playground there is one port more, and everything on its way to the bridge passes a relay that writes it down.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import aiohttp
from aiohttp import web
from yarl import URL

from bridge.sandbox.child import Child
from bridge.sandbox.emulator import Clock, Emulator
from bridge.sandbox.rocketchat import RocketChat
from bridge.sandbox.rocketchat import seed as rocketchat_seed
from bridge.sandbox.slack import Slack
from bridge.sandbox.slack import seed as slack_seed
from bridge.sandbox.superoffice import SuperOffice, login_of

if TYPE_CHECKING:
    from bridge.sandbox.playground import Playground

Explain = Callable[[str, Mapping[str, str] | None, bytes], Mapping[str, Any]]

API_TOKEN: Final = "sandbox-api-token-7Hq2Lw9Xr4"
WEBHOOK_SECRET: Final = "whsec_c2FuZGJveC13ZWJob29rLXNlY3JldC0yMDI2"
ROCKETCHAT_WEBHOOK_TOKEN: Final = "sandbox-livechat-webhook-token"
SUPEROFFICE_WEBHOOK_SECRET: Final = "sandbox-superoffice-webhook-secret"
HELPDESK_SECRET: Final = "sandbox-helpdesk-secret"
# Agent and manager may run everything; whoever else is in Slack may run nothing.
ALLOW: Final = f"user:{slack_seed.ANNA},user:{slack_seed.MIA}"
SERVED_BY: Final = "AA"  # the associate in whose name the bridge signs in to SuperOffice
CONFIG: Final = Path(__file__).parents[2] / "config" / "sandbox.toml"


class Sandbox:
    """Slack, Rocket.Chat and SuperOffice on loopback, and with `playground` the page to play with them."""

    def __init__(self, *, clock: Clock = time.time, playground: bool = True) -> None:
        self.slack = Slack(clock=clock)
        self.rocketchat = RocketChat("C", clock, pdf_delay_s=1.5)
        self.superoffice = SuperOffice(clock)
        self.has_playground = playground
        self.playground: Playground | None = None
        self.bridge_url = ""
        self.explain: Explain | None = None  # handed in by whoever holds the bridge's webhook door
        self.child: Child | None = None  # the bridge, where the sandbox may kill it
        self.command_names: Mapping[str, str] = {}  # what the settings call the commands
        self.mac_keyboard = False  # whether people type on a keyboard that corrects them
        self._urls: dict[str, str] = {}
        self._stack = AsyncExitStack()

    @property
    def emulators(self) -> tuple[Emulator, ...]:
        return (self.slack, self.rocketchat, self.superoffice)

    @property
    def url(self) -> str:
        """Where the playground is; the emulators' own addresses are in `environment()`."""
        return self._urls.get("playground", "")

    async def start(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        bridge_url: str = "http://127.0.0.1:8080",
    ) -> None:
        """Serve everything; `port` is the playground's, the emulators take free ones."""
        # One session, so that the time to an acknowledgement is the bridge's own.
        self.slack.session = await self._stack.enter_async_context(aiohttp.ClientSession())
        for emulator in self.emulators:
            self._urls[emulator.name] = await self._serve(self._app_of(emulator), host, 0)
        self.slack.public_url = self._urls["slack"]
        if self.playground is not None:
            app = self.playground.relay.app()
            self._urls["relay"] = await self._serve(app, host, 0)
            self._urls["playground"] = await self._serve(self.playground.app(), host, port)
        self.point_at(bridge_url)

    def point_at(self, bridge_url: str) -> None:
        """Let everything that calls the bridge call it there."""
        self.bridge_url = bridge_url.rstrip("/")
        door = self._urls.get("relay", self.bridge_url)
        self.slack.bridge_url = door
        self.rocketchat.configure(
            webhook_url=f"{door}/hooks/rocketchat",
            webhook_secret=ROCKETCHAT_WEBHOOK_TOKEN,
            webhook_on_close=True,
        )
        self.superoffice.change(
            webhook_url=f"{door}/hooks/superoffice", webhook_secret=SUPEROFFICE_WEBHOOK_SECRET
        )

    def reset(self) -> None:
        """Back to the first minute: seed data, no faults, no messages, and still pointed at the bridge."""
        for emulator in self.emulators:
            emulator.reset()
        self.point_at(self.bridge_url)

    async def stop(self) -> None:
        await self._stack.aclose()
        self.slack.session = None
        self.playground = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def environment(self) -> dict[str, str]:
        """The variables that point a bridge here, each as an operator sets it."""
        superoffice = login_of(SERVED_BY)
        slack = self._urls["slack"]
        found = {
            "SLACK_SIGNING_SECRET": slack_seed.SIGNING_SECRET,
            "SLACK_BOT_TOKEN": slack_seed.BOT_TOKEN,
            "SLACK_API_URL": f"{slack}/api/",
            "SLACK_RESPONSE_HOSTS": URL(slack).authority,
            "ROCKETCHAT_URL": self._urls["rocketchat"],
            "ROCKETCHAT_USER_ID": rocketchat_seed.INTEGRATION_ID,
            "ROCKETCHAT_AUTH_TOKEN": rocketchat_seed.INTEGRATION_TOKEN,
            "SUPEROFFICE_URL": f"{self._urls['superoffice']}/SuperOffice/api",
            "SUPEROFFICE_USERNAME": superoffice.username,
            "SUPEROFFICE_PASSWORD": superoffice.password,
            "BRIDGE_ALLOW": ALLOW,
            "BRIDGE_API_TOKEN": API_TOKEN,
            "BRIDGE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "BRIDGE_OUTBOUND_ALLOW": "127.0.0.1",
            "SANDBOX_ROCKETCHAT_WEBHOOK_TOKEN": ROCKETCHAT_WEBHOOK_TOKEN,
            "SANDBOX_SUPEROFFICE_WEBHOOK_SECRET": SUPEROFFICE_WEBHOOK_SECRET,
            "SANDBOX_HELPDESK_SECRET": HELPDESK_SECRET,
        }
        if CONFIG.is_file():
            found["BRIDGE_CONFIG"] = str(CONFIG)
        return found

    def secrets(self) -> list[str]:
        """Every value that a page or a log of the sandbox must not show."""
        found = [value for name, value in self.environment().items() if _is_secret(name)]
        found += [token.value for token in self.slack.tokens.values()]
        found += [user.token for user in self.rocketchat.users.values()]
        found += [slack_seed.VERIFICATION_TOKEN, slack_seed.CLIENT_SECRET]
        return sorted(set(found), key=len, reverse=True)

    def _app_of(self, emulator: Emulator) -> web.Application:
        app = emulator.app()
        if self.has_playground:
            if self.playground is None:
                from bridge.sandbox.playground import Playground

                self.playground = Playground(self)
            app.middlewares.insert(0, self.playground.hops.watch(emulator.name))
        return app

    async def _serve(self, app: web.Application, host: str, port: int) -> str:
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.2)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, host, port).start()
        return f"http://{host}:{runner.addresses[0][1]}"


def _is_secret(name: str) -> bool:
    return name.endswith(("SECRET", "TOKEN", "PASSWORD"))
