"""A desk for the tests of the emulated SuperOffice: a tenant, a client of it, a clock for both."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from bridge.sandbox.superoffice import SuperOffice
from tests.clock import Clock

Http = TestClient[Any, Any]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def so(clock: Clock) -> SuperOffice:
    return SuperOffice(clock)


@pytest.fixture
async def http(so: SuperOffice, aiohttp_client: AiohttpClient) -> Http:
    return await aiohttp_client(so.app())
