"""A webhook door on a real store, and senders that sign as the real ones do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bridge.actions import catalogue
from bridge.ingress.http.limits import InFlight
from bridge.ingress.webhooks import WebhookDoor
from bridge.jobs.store import Store
from tests.clock import Clock
from tests.ingress.api.conftest import clock, store
from tests.ingress.api.house import Client
from tests.ingress.webhooks.senders import declared

__all__ = ["clock", "store"]


@pytest.fixture
def used() -> list[tuple[str, str]]:
    """Which secrets were in use, as the metric is told."""
    return []


Serve = Callable[..., Awaitable[Client]]


@pytest.fixture
async def serve(store: Store, clock: Clock, used: list[tuple[str, str]]) -> AsyncIterator[Serve]:
    clients: list[Client] = []

    async def start(
        sources: dict[str, Any] | None = None, *, in_flight: InFlight | None = None, **more: Any
    ) -> Client:
        door = WebhookDoor(
            settings=declared(sources or {}, **more),
            catalogue=catalogue(),
            intake=store,
            clock=clock,
            in_flight=in_flight,
            on_secret_used=lambda source, secret_id: used.append((source, secret_id)),
        )
        app = web.Application()
        app.router.add_routes(door.routes())
        client: Client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        return client

    yield start
    for client in clients:
        await client.close()
