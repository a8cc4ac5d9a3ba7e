"""Sources and keys are tenants: nothing of one is visible to, or decided by, another."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bridge.actions import catalogue
from bridge.ingress.webhooks import WebhookDoor
from bridge.jobs.store import Store
from tests.clock import Clock
from tests.ingress.api.house import api_door, bearer
from tests.ingress.webhooks.senders import CLOSE_RULE, ROOM, declared, raw, standard, stored

SECRETS = {"anna": "whsec_YW5uYWFubmFhbm5h", "bert": "whsec_YmVydGJlcnRiZXJ0"}
SOURCES: dict[str, Any] = {
    name: {"checks": [{"kind": "standard", "secret": secret}], "rules": [CLOSE_RULE]}
    for name, secret in SECRETS.items()
}
BODY = raw({"state": "solved", "room": ROOM})


async def test_two_tenants_share_nothing(store: Store, clock: Clock) -> None:
    settings = declared(SOURCES)  # its API keys are named anna and bert, too
    hooks = WebhookDoor(settings=settings, catalogue=catalogue(), intake=store, clock=clock)
    api = api_door(settings, store, clock)
    app = web.Application()
    app.router.add_routes([*hooks.routes(), *api.routes()])
    async with TestClient(TestServer(app)) as client:
        signed = {name: standard(BODY, secret=secret) for name, secret in SECRETS.items()}

        # the other's secret opens nothing
        crossed = await client.post("/hooks/anna", data=BODY, headers=signed["bert"])
        assert crossed.status == 401

        # the same id, body and moment at both: one job each, no answer of the other's
        jobs = {}
        for name in SECRETS:
            answer = await client.post(f"/hooks/{name}", data=BODY, headers=signed[name])
            assert "Idempotency-Replayed" not in answer.headers
            jobs[name] = (await answer.json())["jobs"][0]["id"]
        assert jobs["anna"] != jobs["bert"]
        assert {row["scope"] for row in await stored(store)} == {"source:anna", "source:bert"}

        # a key sees no source's job, not even that of its namesake; the master token sees all
        for name, job in jobs.items():
            for key in SECRETS:
                answer = await client.get(f"/api/v1/jobs/{job}", headers=bearer(key))
                assert answer.status == 404
                listed = await client.get(f"/api/v1/jobs?asker=source:{name}", headers=bearer(key))
                assert (await listed.json())["jobs"] == []
            assert (await client.get(f"/api/v1/jobs/{job}", headers=bearer())).status == 200

        # a refusal names nobody else's connection: to this key, desk is not there
        answer = await client.post(
            "/api/v1/actions/superoffice.transfer_session",
            json={"args": {"chatSessionId": 1, "toAssociate": "a"}, "connection": "desk"},
            headers=bearer("office-only"),
        )
        assert answer.status == 422
        assert "desk" not in json.dumps((await answer.json(content_type=None))["choices"])
        await api.close()
