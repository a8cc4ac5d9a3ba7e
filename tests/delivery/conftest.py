from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bridge.outbound import Outbound
from bridge.sandbox.slack import Slack
from bridge.settings import Outbound as OutboundSettings
from tests.clock import Clock
from tests.delivery.office import Office

Serve = Callable[[web.Application], Awaitable[TestServer]]


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    settings = OutboundSettings(read_s=0.3, total_s=2.0, allow=["127.0.0.1"])
    async with Outbound(settings) as client:
        yield client


@pytest.fixture
async def office(aiohttp_server: Serve, outbound: Outbound) -> Office:
    clock = Clock(1_700_000_010.0)
    slack = Slack(clock=clock)
    slack.public_url = str((await aiohttp_server(slack.app())).make_url("")).rstrip("/")
    return Office(slack, outbound, clock)
