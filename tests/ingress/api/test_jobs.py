from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from bridge.actions import catalogue
from bridge.contract import Asker, ReplyTo
from bridge.ingress.api.recovery import BULK_OF_A_KEY
from bridge.jobs.intake import Launch
from bridge.jobs.store import Store
from tests.clock import Clock
from tests.ingress.api.conftest import Finish
from tests.ingress.api.house import CLOSE, NOW, ROOM, Client, bearer, problem

CLOSER = Asker("api", "key:closer")
PDF = "/api/v1/actions/rocketchat.request_pdf_transcript"


async def launch(client: Client, key: str = "", path: str = CLOSE, rid: str = ROOM) -> str:
    response = await client.post(path, json={"rid": rid}, headers=bearer(key))
    assert response.status == 202, await response.text()
    return str((await response.json())["id"])


async def ids(client: Client, query: str = "", key: str = "") -> list[str]:
    response = await client.get(f"/api/v1/jobs?{query}", headers=bearer(key))
    assert response.status == 200, await response.text()
    return [job["id"] for job in (await response.json())["jobs"]]


async def test_jobs_are_listed_newest_first_page_by_page(client: Client) -> None:
    made = [await launch(client, rid=f"room{number}") for number in range(5)]

    first = await (await client.get("/api/v1/jobs?limit=3", headers=bearer())).json()
    second = await (
        await client.get(f"/api/v1/jobs?limit=3&cursor={first['cursor']}", headers=bearer())
    ).json()

    listed = [job["id"] for job in first["jobs"] + second["jobs"]]
    assert listed == made[::-1]
    assert second["cursor"] is None


async def test_filters_narrow_the_list(client: Client, clock: Clock, finish: Finish) -> None:
    old = await launch(client, "anna")
    clock.now += 3600
    pdf = await launch(client, "anna", PDF, rid="other")
    await finish(old)

    assert await ids(client, "state=done") == [old]
    assert await ids(client, "state=done,queued") == [pdf, old]
    assert await ids(client, "state=done&state=queued") == [pdf, old]
    assert await ids(client, "action=rocketchat.request_pdf_transcript") == [pdf]
    assert await ids(client, "connection=desk&room=other") == [pdf]
    assert await ids(client, f"since={_iso(NOW + 1)}") == [pdf]
    assert await ids(client, f"until={_iso(NOW + 1)}") == [old]
    assert await ids(client, "asker=key:anna") == [pdf, old]
    assert await ids(client, "asker=key:bert") == []
    assert await ids(client, "asker=U1") == []


@pytest.mark.parametrize(
    "query",
    ["state=gone", "limit=0", "limit=1000", "since=yesterday", "cursor=abc", "rom=x", "room=%00"],
)
async def test_a_bad_query_is_pointed_at(client: Client, query: str) -> None:
    response = await client.get(f"/api/v1/jobs?{query}", headers=bearer())

    document = await problem(response, 400, "malformed-query")
    assert document["errors"][0]["pointer"].startswith("#/" + query.partition("=")[0])


async def test_nothing_of_one_key_is_visible_to_another(client: Client, store: Store) -> None:
    job = await launch(client, "anna")
    paths = [("GET", ""), ("GET", "/events"), ("POST", "/retry"), ("POST", "/cancel")]

    for method, rest in paths:
        response = await client.request(method, f"/api/v1/jobs/{job}{rest}", headers=bearer("bert"))
        await problem(response, 404, "unknown-job")
    for query in ("", "asker=key:anna", f"room={ROOM}", "state=queued"):
        assert await ids(client, query, "bert") == []
    for what in ("retry", "cancel"):
        response = await client.post(
            f"/api/v1/jobs/{what}", json={"room": ROOM, "force": True}, headers=bearer("bert")
        )
        assert await response.json() == {"jobs": [], "count": 0, "more": False}
    kept = await store.get(job)
    assert kept is not None
    assert kept.state.value == "queued"
    assert await ids(client, key="anna") == [job]
    assert await ids(client) == [job]


async def test_cancel_and_retry_one(client: Client) -> None:
    job = await launch(client, "anna")

    gone = await client.post(f"/api/v1/jobs/{job}/cancel", headers=bearer("anna"))
    twice = await client.post(f"/api/v1/jobs/{job}/cancel", headers=bearer("anna"))
    plain = await client.post(f"/api/v1/jobs/{job}/retry", headers=bearer("anna"))
    forced = await client.post(
        f"/api/v1/jobs/{job}/retry", json={"force": True}, headers=bearer("anna")
    )
    wrong = await client.post(
        f"/api/v1/jobs/{job}/retry", json={"forced": True}, headers=bearer("anna")
    )

    assert (await gone.json())["state"] == "cancelled"
    await problem(twice, 409, "not-possible")
    assert "force" in (await problem(plain, 409, "not-possible"))["detail"]
    assert forced.status == 202
    assert (await forced.json())["state"] == "queued"
    assert "Did you mean force?" in json.dumps(await problem(wrong, 422, "invalid-fields"))


@pytest.mark.parametrize("key", ["", "anna"])
async def test_cancel_and_retry_many(client: Client, key: str) -> None:
    mine = [await launch(client, key, rid=f"room{number}") for number in range(3)]
    await launch(client, "bert", rid="room9")
    which = {"action": "rocketchat.close_room", "asker": f"key:{key}" if key else "api"}
    if not key:
        which = {"action": "rocketchat.close_room", "room": "room1"}
        mine = mine[1:2]

    gone = await (await client.post("/api/v1/jobs/cancel", json=which, headers=bearer(key))).json()
    back = await (
        await client.post("/api/v1/jobs/retry", json={**which, "force": True}, headers=bearer(key))
    ).json()

    assert sorted(gone["jobs"]) == sorted(mine)
    assert gone["count"] == len(mine)
    assert sorted(back["jobs"]) == sorted(mine)
    assert not gone["more"]


async def test_a_key_acts_on_what_it_covers_and_is_told_that_more_match(
    client: Client, store: Store
) -> None:
    pdf, close = (
        Launch(catalogue()[name].model_validate({"rid": ROOM}), "desk", CLOSER, ReplyTo())
        for name in ("rocketchat.request_pdf_transcript", "rocketchat.close_room")
    )
    await store.accept([pdf] * 3 + [close] * (BULK_OF_A_KEY + 1))
    which = {"asker": "key:closer"}

    first = await client.post("/api/v1/jobs/cancel", json=which, headers=bearer("closer"))
    second = await client.post("/api/v1/jobs/cancel", json=which, headers=bearer("closer"))

    counted = [(said["count"], said["more"]) for said in (await first.json(), await second.json())]
    assert counted == [(BULK_OF_A_KEY, True), (1, False)]


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"force": True},
        {"sate": ["done"]},
        [],
        5,
        {"state": [{}]},
        {"room": "x", "until": None},
    ],
)
async def test_many_are_never_all_by_mistake(client: Client, body: Any) -> None:
    await launch(client)

    response = await client.post("/api/v1/jobs/cancel", json=body, headers=bearer())

    await problem(response, 422, "invalid-fields")
    assert await ids(client, "state=cancelled") == []


async def test_a_key_whose_scope_shrank_cannot_retry(client: Client, store: Store) -> None:
    action = catalogue()["rocketchat.request_pdf_transcript"].model_validate({"rid": ROOM})
    (accepted,) = await store.accept([Launch(action, "desk", CLOSER, ReplyTo())])

    response = await client.post(f"/api/v1/jobs/{accepted.job.id}/cancel", headers=bearer("closer"))

    await problem(response, 403, "not-covered")


async def test_events_end_with_the_job(client: Client, finish: Finish) -> None:
    job = await launch(client)
    response = await client.get(f"/api/v1/jobs/{job}/events", headers=bearer())
    assert response.content_type == "text/event-stream"
    first = await response.content.readuntil(b"\n\n")
    await finish(job)
    rest = await asyncio.wait_for(response.content.read(), 5)

    states = [
        json.loads(line.removeprefix("data: "))["state"]
        for line in (first + rest).decode().splitlines()
        if line.startswith("data: ")
    ]
    assert states == ["queued", "done"]


async def test_a_silent_stream_has_a_heartbeat(
    client: Client, clock: Clock, store: Store, finish: Finish
) -> None:
    job = await launch(client)
    response = await client.get(f"/api/v1/jobs/{job}/events", headers=bearer())
    await response.content.readuntil(b"\n\n")
    clock.now += 16
    store.changed(job)  # nothing did: the same is not told twice

    assert await response.content.readuntil(b"\n\n") == b": still here\n\n"
    await finish(job)
    await response.content.read()


def _iso(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
