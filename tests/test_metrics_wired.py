"""The whole bridge counts: every documented metric moves, or it is said why not; one trace joins all hops."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from standardwebhooks import Webhook

from bridge import metrics, tracing
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from tests.world import API_TOKEN, WEBHOOK_SECRET, World, world

CLOSE = "rocketchat.close_room"
SOURCE = {
    "secrets": [{"id": "old", "secret": "word-for-hmac-0123456789", "not_after": "2031-01-01"}],
    "checks": [{"kind": "token", "header": "X-Word"}],
    "rules": [{"name": "close", "action": CLOSE, "args": {"rid": "room"}}],
}
NOT_HERE = {
    "bridge_fenced_total": "needs a worker that stalls beyond its lease: tests/jobs/test_leases.py",
    "bridge_pace_wait_seconds": "needs a limit that is used up: tests/jobs/test_pace.py",
}
SAMPLE = re.compile(r"^(\w+?)(_total|_count)?(\{.*?\})? (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')


def declared() -> dict[str, tuple[str, set[str]]]:
    """Type and labels of each metric in the table of the documents."""
    rows = [line.split("|") for line in metrics.table().splitlines()[2:]]
    return {
        row[1].strip(" `"): (row[2].strip(), set(re.findall(r"`(\w+)`", row[3]))) for row in rows
    }


def totals(page: str) -> dict[str, float]:
    """The sum of each metric over its labels; of a histogram, how often it was observed."""
    found: dict[str, float] = {}
    for name, ending, _, value in SAMPLE.findall(page):
        key = f"{name}_total" if ending == "_total" else name
        found[key] = found.get(key, 0.0) + float(value)
    return found


async def call(here: World, args: dict[str, Any], **headers: str) -> dict[str, Any]:
    url = f"{here.url}/api/v1/actions/{CLOSE}"
    sent = {"Authorization": f"Bearer {API_TOKEN}", **headers}
    async with (
        aiohttp.ClientSession() as client,
        client.post(url, json=args, headers=sent) as answer,
    ):
        told: dict[str, Any] = await answer.json()
        assert answer.status == 202, told
        return told


async def post(here: World, path: str, body: str, headers: dict[str, str]) -> int:
    async with (
        aiohttp.ClientSession() as client,
        client.post(here.url + path, data=body, headers=headers) as answer,
    ):
        return answer.status


async def hook(here: World, args: dict[str, Any]) -> int:
    body, now = json.dumps({"action": CLOSE, "args": args}), datetime.now(UTC)
    return await post(
        here,
        "/hooks/actions",
        body,
        {
            "Content-Type": "application/json",
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(WEBHOOK_SECRET).sign("msg_1", now, body),
        },
    )


async def scrape(here: World) -> str:
    async with aiohttp.ClientSession() as client, client.get(f"{here.url}/metrics") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        return await answer.text()


async def test_every_documented_metric_moves_when_its_thing_happens(tmp_path: Path) -> None:
    async with world(tmp_path, webhooks__sources={"crm": SOURCE}) as here:
        before = totals(await scrape(here))
        with here.rocketchat.fault("status", "POST */livechat/room.closeByUser", times=1):
            receipt = await here.slack.command(
                slack.ANNA, slack.SUPPORT, "/close", rooms.OPEN_SERVED
            )
            assert receipt.status == 200
            await here.finished(1, within_s=30)
        await call(here, {"rid": rooms.OPEN_QUEUED})
        assert await hook(here, {"rid": rooms.ON_HOLD}) == 202
        stale = {"X-Slack-Request-Timestamp": "1", "X-Slack-Signature": "v0=00"}
        assert await post(here, "/slack/events", "command=/close", stale) == 401
        assert await post(here, "/hooks/crm", "{}", {"X-Word": "wrong"}) == 401
        assert await post(here, f"/api/v1/actions/{CLOSE}", "{}", {}) == 401
        await here.finished(3, within_s=30)
        await asyncio.sleep(0.3)  # the event loop is watched four times a second
        page = await scrape(here)
        door = here.bridge.doors.webhooks
        assert [one.verdict for one in door.arrivals.of("actions")] == ["accepted"]
        assert [one.verdict for one in door.arrivals.of("crm")] == ["rejected"]
    assert re.search(r"bridge_upstream_seconds_count\{.*status=\"5xx\"", page)
    after = totals(page)
    still = []
    for name, (kind, _) in declared().items():
        moved = name in after if kind == "gauge" else after.get(name, 0.0) > before.get(name, 0.0)
        if not moved and name not in NOT_HERE:
            still.append(name)
    assert not still, f"nobody counts, or this test does not provoke: {', '.join(still)}"
    check_labels(page)


def check_labels(page: str) -> None:
    """Only the documented labels, and nothing in them that grows with the work."""
    known = declared()
    ids = (*(value for name, value in vars(rooms).items() if name.isupper()), slack.ANNA)
    for name, ending, labels, _ in SAMPLE.findall(page):
        found = dict(LABEL.findall(labels))
        about = known.get(f"{name}_total" if ending == "_total" else name)
        if about is not None:
            assert set(found) <= about[1], name
            for value in found.values():
                assert not any(isinstance(one, str) and one in value for one in ids), (name, value)


async def test_one_trace_leads_from_the_api_to_the_upstream(tmp_path: Path) -> None:
    given = tracing.make()
    async with world(tmp_path) as here:
        await call(here, {"rid": rooms.OPEN_QUEUED}, traceparent=given.traceparent)
        [job] = await here.finished(1)
        assert job.trace[3:35] == given.trace_id
        carried = [
            {name.lower(): value for name, value in one.headers.items()}.get("traceparent", "")
            for one in here.rocketchat.exchanges
            if "close" in one.route
        ]
        assert carried
        assert all(one[3:35] == given.trace_id for one in carried)


async def test_who_brings_no_trace_gets_one_of_its_own(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.slack.command(slack.ANNA, slack.SUPPORT, "/close", rooms.OPEN_SERVED)
        await call(here, {"rid": rooms.OPEN_QUEUED}, traceparent="00-not-one-01")
        assert await hook(here, {"rid": rooms.ON_HOLD}) == 202
        jobs = await here.finished(3)
        found = [tracing.parse(job.trace) for job in jobs]
        assert all(found)
        assert len({one.trace_id for one in found if one}) == 3
