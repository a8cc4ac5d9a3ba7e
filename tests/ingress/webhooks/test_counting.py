"""What the door counts for operators: which secret is still in use, until when, and who was refused."""

from __future__ import annotations

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bridge import metrics
from bridge.actions import catalogue
from bridge.ingress.webhooks import WebhookDoor
from bridge.jobs.store import Store
from tests.clock import Clock
from tests.ingress.webhooks.senders import CLOSE_RULE, ROOM, declared, raw

SOLVED = raw({"state": "solved", "room": ROOM})


def value(part: str, **labels: str) -> float | None:
    """A sample of the metric whose name holds this part."""
    found = next(one for one in metrics.REGISTRY.collect() if part in one.name)
    return next((one.value for one in found.samples if one.labels == labels), None)


async def test_a_rotation_can_be_watched(store: Store, clock: Clock) -> None:
    secrets = [
        {"id": "new", "secret": "n"},
        {"id": "old", "secret": "o", "not_after": "2026-06-30"},
    ]
    checks = [{"kind": "bearer", "secrets": secrets}]
    door = WebhookDoor(
        settings=declared({"counted": {"checks": checks, "rules": [CLOSE_RULE]}}),
        catalogue=catalogue(),
        intake=store,
        clock=clock,
    )
    app = web.Application()
    app.router.add_routes(door.routes())
    async with TestClient(TestServer(app)) as client:
        for word in ("o", "o", "n", "x"):
            headers = {"Authorization": f"Bearer {word}"}
            await client.post("/hooks/counted", data=SOLVED, headers=headers)

    assert value("secret_used", source="counted", secret_id="old") == 2
    assert value("secret_used", source="counted", secret_id="new") == 1
    assert value("webhook_verifications", source="counted", result="mismatch") == 1
    assert value("secret_not_after", source="counted", secret_id="old") == 1_782_777_600.0
