from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Protocol

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bridge.outbound import Outbound
from bridge.sandbox.slack import Slack
from bridge.settings import Outbound as OutboundSettings
from tests.clock import Clock
from tests.ingress.slack.reception import Reception, make

Serve = Callable[[web.Application], Awaitable[TestServer]]


class Open(Protocol):
    async def __call__(
        self, switches: dict[str, Any] | None = None, **changes: Any
    ) -> Reception: ...


@pytest.fixture
async def open_door(aiohttp_server: Serve) -> AsyncIterator[Open]:
    """Opens a door with these settings; everything is closed after the test."""
    async with AsyncExitStack() as stack:

        async def open_one(switches: dict[str, Any] | None = None, **changes: Any) -> Reception:
            clock = Clock(1_700_000_010.0)
            limits = OutboundSettings(read_s=1.0, total_s=2.0, allow=["127.0.0.1"])
            outbound = await stack.enter_async_context(Outbound(limits))
            slack = Slack(clock=clock)
            slack.public_url = str((await aiohttp_server(slack.app())).make_url("")).rstrip("/")
            for name, value in (switches or {}).items():
                setattr(slack.settings, name, value)
            reception = make(slack, outbound, clock, **changes)
            app = web.Application()
            app.add_routes(reception.door.routes())
            slack.bridge_url = str((await aiohttp_server(app)).make_url("")).rstrip("/")
            await reception.door.start()
            stack.push_async_callback(reception.door.close, 0.1)
            return reception

        yield open_one


@pytest.fixture
async def at(open_door: Open) -> Reception:
    return await open_door()
