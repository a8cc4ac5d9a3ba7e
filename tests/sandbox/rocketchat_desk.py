"""A desk for the tests of the emulated Rocket.Chat: a workspace, a client of it, a clock for both."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from bridge.sandbox.rocketchat import Profile, RocketChat
from tests.clock import Clock

ALL: tuple[Profile, ...] = ("A", "B", "C", "D")
Start = Callable[..., Awaitable["Desk"]]


@dataclass
class Desk:
    """A workspace, a client of it, and the clock both go by."""

    rc: RocketChat
    http: TestClient[Any, Any]
    clock: Clock

    async def call(
        self, method: str, path: str, who: str | None = "deskbridge", **options: Any
    ) -> tuple[int, Any]:
        headers = options.pop("headers", {}) | (self.rc.credentials(who) if who else {})
        path = path if path.startswith("/") else f"/api/v1/{path}"
        async with self.http.request(method, path, headers=headers, **options) as response:
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.read())


@pytest.fixture
def start(aiohttp_client: AiohttpClient) -> Start:
    async def go(profile: Profile = "C", **options: Any) -> Desk:
        clock = Clock()
        rc = RocketChat(profile, clock, **options)
        return Desk(rc, await aiohttp_client(rc.app()), clock)

    return go
