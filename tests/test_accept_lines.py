"""Each accept leaves one line at info, the same for every door: ids, and nothing that anybody wrote or is called."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from bridge.log import LOGGABLE
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from bridge.settings import Api
from tests.ingress.api.house import key
from tests.world import API_TOKEN, WEBHOOK_SECRET, World, world

ACTION = "rocketchat.close_room"
WRITTEN = "solved, thanks Ms Miller"


async def call(here: World, token: str, rid: str, **headers: str) -> None:
    sent = {"Authorization": f"Bearer {token}", **headers}
    url = f"{here.url}/api/v1/actions/{ACTION}"
    body = {"rid": rid, "comment": WRITTEN}
    async with ClientSession() as http, http.post(url, json=body, headers=sent) as answer:
        assert answer.status == 202


async def hook(here: World, body: str) -> None:
    now = datetime.now(UTC)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(WEBHOOK_SECRET).sign("msg_1", now, body),
    }
    async with (
        ClientSession() as http,
        http.post(f"{here.url}/hooks/actions", data=body, headers=headers) as answer,
    ):
        assert answer.status == 202


def accepted(lines: list[Any]) -> list[Any]:
    return [line for line in lines if line["event"] == "ingress.accepted"]


async def test_every_door_leaves_the_same_line(tmp_path: Path) -> None:
    api = Api.model_validate({"token": API_TOKEN, "keys": [key("nightly").model_dump()]})
    async with world(tmp_path, api=api.model_dump()) as here:
        with capture_logs() as lines:
            await here.slack.command(
                slack.ANNA, slack.SUPPORT, "/close", f"{rooms.OPEN_SERVED} {WRITTEN}"
            )
            await call(here, "nightly-secret", rooms.OPEN_QUEUED)
            wish = {"action": ACTION, "args": {"rid": rooms.ON_HOLD, "comment": WRITTEN}}
            await hook(here, json.dumps(wish))
        ids = {job.asker.door: job.id for job in await here.jobs()}
    found = accepted(lines)
    assert [(line["door"], line["who"], line["job_id"]) for line in found] == [
        ("slack", slack.ANNA, ids["slack"]),
        ("api", "key:nightly", ids["api"]),
        ("source", "source:actions", ids["source"]),
    ]
    for line in found:
        assert line["action"] == ACTION
        assert line["result"] == "stored"
        assert line["log_level"] == "info"
        words = {name for name, value in line.items() if isinstance(value, str)}
        assert words - {"log_level"} <= LOGGABLE
    assert "Miller" not in str(found)
    assert "anna" not in str(found).lower().replace(slack.ANNA.lower(), "")


async def test_a_repetition_says_so_and_a_refusal_is_no_accept(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        with capture_logs() as lines:
            for _ in range(2):
                await call(here, API_TOKEN, rooms.OPEN_QUEUED, **{"Idempotency-Key": "a"})
            async with ClientSession() as http:
                await http.post(f"{here.url}/api/v1/actions/{ACTION}", json={"rid": "x"})
    assert [(line["who"], line["result"]) for line in accepted(lines)] == [
        ("api", "stored"),
        ("api", "repeated"),
    ]
