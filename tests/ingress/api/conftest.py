"""A door on a real store in a file, and a client that speaks to it over HTTP."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr
from sqlalchemy import Connection, update

from bridge.actions import catalogue
from bridge.contract import Done
from bridge.ingress.api import ApiDoor
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.migrate import migrate
from bridge.jobs.operating import Operator
from bridge.jobs.store import Store
from bridge.jobs.tables import jobs
from bridge.settings import Api, ApiKey, RocketChat, Settings, SuperOffice, Webhooks
from bridge.vault import Vault

MASTER = "master-token"
NOW = 1_780_000_000.0
Client = TestClient[web.Request, web.Application]


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def key(name: str, **more: Any) -> ApiKey:
    digest = hashlib.sha256(f"{name}-secret".encode()).hexdigest()
    return ApiKey(name=name, sha256=digest, **more)


def bearer(name: str = "") -> dict[str, str]:
    """The header of a key, or of the master token."""
    return {"Authorization": f"Bearer {name}-secret" if name else f"Bearer {MASTER}"}


def settings(**more: Any) -> Settings:
    values: dict[str, Any] = {
        "connections": {
            "desk": RocketChat(
                url="https://chat.example", user_id="u", auth_token=SecretStr("upstream-token")
            ),
            "office": SuperOffice(
                url="https://office.example/api", username="u", password=SecretStr("p")
            ),
        },
        "api": Api(
            token=SecretStr(MASTER),
            keys=[
                key("anna"),
                key("bert"),
                key("closer", actions=["rocketchat.close_room"]),
                key("office-only", connections=["office"]),
                key("old", expires="2020-01-01"),
                key("slow", per_minute=2),
            ],
        ),
        "webhooks": Webhooks(secret=SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
    }
    return Settings(**{**values, **more})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncIterator[Store]:
    url = f"sqlite:///{tmp_path / 'jobs.db'}"
    engine = open_engine(parse_url(url))
    migrate(engine)
    engine.dispose()
    store = Store(url, actions=catalogue(), vault=Vault(["test"]), clock=clock)
    await store.open()
    yield store
    await store.close()


Serve = Callable[[Settings], Awaitable[Client]]


@pytest.fixture
async def serve(store: Store, clock: Clock) -> AsyncIterator[Serve]:
    clients: list[Client] = []
    doors: list[ApiDoor] = []

    async def start(chosen: Settings) -> Client:
        door = ApiDoor(
            settings=chosen,
            catalogue=catalogue(),
            intake=store,
            reader=store,
            operator=Operator(store),
            clock=clock,
        )
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
