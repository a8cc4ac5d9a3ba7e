"""A desk for the tests of the emulated SuperOffice: a tenant, a client of it, a clock for both."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from bridge.sandbox.superoffice import SuperOffice

Http = TestClient[Any, Any]


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def so(clock: Clock) -> SuperOffice:
    return SuperOffice(clock)


@pytest.fixture
async def http(so: SuperOffice, aiohttp_client: AiohttpClient) -> Http:
    return await aiohttp_client(so.app())
