"""The emulated SuperOffice on a real socket, and the way out to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer

from bridge.outbound import Outbound
from bridge.sandbox.superoffice import SuperOffice as Emulator
from bridge.settings import Outbound as OutboundSettings
from tests.clock import Clock
from tests.upstreams.desk import Desk


@pytest.fixture
def clock() -> Clock:
    return Clock(1_750_000_000.0)


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    async with Outbound(OutboundSettings(connect_s=2, read_s=0.3, total_s=2)) as outbound:
        yield outbound


@pytest.fixture
def superoffice(clock: Clock) -> Emulator:
    return Emulator(clock)


@pytest.fixture
async def desk(superoffice: Emulator, outbound: Outbound, clock: Clock) -> AsyncIterator[Desk]:
    server = TestServer(superoffice.app())
    async with server:
        yield Desk(server, outbound, clock)
