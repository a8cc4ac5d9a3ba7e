"""A door on a real store in a file, and a client that speaks to it over HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection, update

from bridge.contract import Done
from bridge.ingress.api import ApiDoor
from bridge.jobs.store import Store
from bridge.jobs.tables import jobs
from bridge.settings import Settings
from tests.clock import Clock
from tests.ingress.api.house import NOW, Client, api_door, open_store, settings
from tests.jobs.toys import Upstream


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    async with open_store(tmp_path, clock) as store:
        yield store


Serve = Callable[[Settings], Awaitable[Client]]


@pytest.fixture
def upstreams() -> dict[str, Upstream]:
    return {}


@pytest.fixture
async def serve(store: Store, clock: Clock, upstreams: dict[str, Upstream]) -> AsyncIterator[Serve]:
    clients: list[Client] = []
    doors: list[ApiDoor] = []

    async def start(chosen: Settings) -> Client:
        door = api_door(chosen, store, clock, upstreams)
        app = web.Application()
        app.router.add_routes(door.routes())
        client: Client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        doors.append(door)
        return client

    yield start
    for door in doors:
        await door.close()
    for client in clients:
        await client.close()


@pytest.fixture
async def client(serve: Serve) -> Client:
    return await serve(settings())


Finish = Callable[[str], Awaitable[None]]


@pytest.fixture
def finish(store: Store, clock: Clock) -> Finish:
    """Ends a job as a worker would, in the row and in what is announced."""

    async def end(job_id: str) -> None:
        outcome = json.dumps(Done("room_closed", "The conversation is closed.").as_json())

        def change(connection: Connection) -> None:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id)
                .values(state="done", outcome=outcome, finished_at=clock())
            )

        await store.write(change)
        store.changed(job_id)

    return end
