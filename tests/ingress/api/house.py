"""What the tests of both HTTP doors stand on: a clock, settings, keys, and a real store in a file."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient
from pydantic import SecretStr

from bridge.actions import catalogue
from bridge.contract import Upstream
from bridge.ingress.api import ApiDoor
from bridge.jobs.auditing import Audit
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.migrate import migrate
from bridge.jobs.operating import Operator
from bridge.jobs.store import Store
from bridge.jobs.tables import jobs
from bridge.settings import Api, ApiKey, RocketChat, Settings, SuperOffice, Webhooks
from bridge.vault import Vault
from tests.clock import Clock

MASTER = "master-token"
NOW = 1_780_000_000.0
Client = TestClient[web.Request, web.Application]


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


@asynccontextmanager
async def open_store(folder: Path, clock: Clock) -> AsyncIterator[Store]:
    """A migrated store in a new file."""
    url = f"sqlite:///{folder / 'jobs.db'}"
    engine = open_engine(parse_url(url))
    migrate(engine)
    engine.dispose()
    store = Store(url, actions=catalogue(), vault=Vault(["test"]), clock=clock)
    await store.open()
    yield store
    await store.close()


def api_door(
    chosen: Settings, store: Store, clock: Clock, upstreams: Mapping[str, Upstream] | None = None
) -> ApiDoor:
    """The API on a store."""
    return ApiDoor(
        settings=chosen,
        catalogue=catalogue(),
        intake=store,
        reader=store,
        operator=Operator(store),
        upstreams={} if upstreams is None else upstreams,
        audit=Audit(store),
        clock=clock,
    )


ROOM = "8ceKgWvo5qT5TrCRN"
CLOSE = "/api/v1/actions/rocketchat.close_room"


async def count(store: Store) -> int:
    return await store.read(lambda connection: len(connection.execute(jobs.select()).all()))


async def problem(response: Any, status: int, slug: str) -> dict[str, Any]:
    assert response.status == status, await response.text()
    assert response.content_type == "application/problem+json"
    document: dict[str, Any] = await response.json(content_type=None)
    assert document["type"] == f"/docs#problem-{slug}"
    assert document["status"] == status
    assert document["detail"]
    return document
