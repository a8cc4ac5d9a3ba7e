"""Actions against the emulated systems: a flow's requests go over real HTTP through the real clients."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bridge.contract import Context, Flow, Outcome, Pending, Request, Upstream
from bridge.outbound import Outbound
from bridge.sandbox.rocketchat import Profile
from bridge.sandbox.rocketchat import RocketChat as RocketChatEmulator
from bridge.sandbox.superoffice import SuperOffice as SuperOfficeEmulator
from bridge.sandbox.superoffice import login_of
from bridge.settings import Outbound as OutboundSettings
from bridge.settings import RocketChat as RocketChatSettings
from bridge.settings import SuperOffice as SuperOfficeSettings
from bridge.upstreams import connect
from tests.actions.driving import action, context
from tests.clock import Clock


@dataclass
class Desk:
    """One emulated system, its client, and what was sent to it."""

    upstream: Upstream
    clock: Clock
    sent: list[Request] = field(default_factory=list)
    memo: dict[str, Any] = field(default_factory=dict)

    async def run(self, flow: Flow) -> Outcome:
        try:
            request = next(flow)
            while True:
                self.sent.append(request)
                request = flow.send(await self.upstream.send(request))
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    async def do(self, action_id: str, /, *, resumed: bool = False, **args: Any) -> Outcome:
        """Run an action once."""
        self.memo = {}
        return await self.run(action(action_id, **args).flow(self._context(resumed=resumed)))

    async def watch(self, action_id: str, first: Outcome, /, **args: Any) -> Outcome:
        """Follow a pending outcome to its end, on the emulator's clock."""
        outcome, since, looks = first, self.clock.now, 0
        while isinstance(outcome, Pending) and outcome.look_in_s is not None:
            self.clock.now += outcome.look_in_s
            situation = self._context(since=since, looks=looks)
            outcome = await self.run(action(action_id, **args).follow(situation))
            looks += 1
            assert looks < 500
        return outcome

    def _context(self, **values: Any) -> Context:
        return context(now=self.clock.now, memo=self.memo, **values)


@asynccontextmanager
async def rocketchat(
    profile: Profile = "C", who: str = "deskbridge", **options: Any
) -> AsyncIterator[tuple[RocketChatEmulator, Desk]]:
    clock = Clock()
    emulator = RocketChatEmulator(profile, clock, **options)
    account = emulator.user(who)
    outbound = Outbound(OutboundSettings())
    async with TestServer(emulator.app()) as server:
        settings = RocketChatSettings(
            url=str(server.make_url("/")),
            user_id=account.id,
            auth_token=SecretStr(account.token),
        )
        try:
            yield emulator, Desk(connect("rc", settings, outbound), clock)
        finally:
            await outbound.close()


@asynccontextmanager
async def superoffice(
    who: str = "AA", password: str = "", **switches: Any
) -> AsyncIterator[tuple[SuperOfficeEmulator, Desk]]:
    clock = Clock()
    emulator = SuperOfficeEmulator(clock, **switches)
    login = login_of(who)
    outbound = Outbound(OutboundSettings())
    async with TestServer(emulator.app()) as server:
        settings = SuperOfficeSettings(
            url=str(server.make_url("/SuperOffice/api")),
            username=login.username,
            password=SecretStr(password or login.password),
        )
        try:
            yield emulator, Desk(connect("so", settings, outbound), clock)
        finally:
            await outbound.close()
