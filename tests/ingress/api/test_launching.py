from __future__ import annotations

import asyncio

from bridge.jobs.store import Store
from bridge.jobs.tables import jobs
from bridge.settings import RocketChat
from tests.clock import Clock
from tests.ingress.api.conftest import Finish, Serve
from tests.ingress.api.house import CLOSE, ROOM, Client, bearer, count, problem, settings


async def test_bare_fields_become_a_stored_job(client: Client, store: Store) -> None:
    response = await client.post(CLOSE, json={"rid": ROOM, "comment": "bye"}, headers=bearer())

    assert response.status == 202
    job = await response.json()
    assert response.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert response.headers["Retry-After"] == "1"
    assert job["args"] == {"rid": ROOM, "comment": "bye"}
    assert (job["action"], job["connection"], job["state"]) == (
        "rocketchat.close_room",
        "desk",
        "queued",
    )
    stored = await store.get(job["id"])
    assert stored is not None
    assert stored.asker.scope == "api"
    assert stored.priority == 1

    again = await client.get(response.headers["Location"], headers=bearer())
    assert again.status == 200
    assert await again.json() == job


async def test_an_envelope_says_where_and_whom_to_tell(client: Client, store: Store) -> None:
    body = {
        "args": {"rid": ROOM},
        "connection": "desk",
        "reply_to": {"slack_channel": "C1", "callback_url": "https://example.org/told"},
    }
    response = await client.post(CLOSE, json=body, headers=bearer("anna"))

    assert response.status == 202
    job = await store.get((await response.json())["id"])
    assert job is not None
    assert job.asker.scope == "key:anna"
    assert job.reply_to.slack_channel == "C1"
    assert job.reply_to.callback_url == "https://example.org/told"


async def test_personal_fields_are_masked(client: Client) -> None:
    path = "/api/v1/actions/rocketchat.email_transcript"
    body = {"rid": ROOM, "email": "anna@example.com"}
    response = await client.post(path, json=body, headers=bearer())

    assert response.status == 202
    assert "anna@" not in await response.text()


async def test_of_several_connections_one_must_be_named(serve: Serve) -> None:
    some = settings()
    second = RocketChat(url="https://b.example", user_id="u", auth_token="t")
    client = await serve(settings(connections={**some.connections, "desk2": second}))

    unclear = await client.post(CLOSE, json={"rid": ROOM}, headers=bearer())
    unknown = await client.post(
        CLOSE, json={"args": {"rid": ROOM}, "connection": "office"}, headers=bearer()
    )
    named = await client.post(
        CLOSE, json={"args": {"rid": ROOM}, "connection": "desk2"}, headers=bearer()
    )

    assert (await problem(unclear, 422, "which-connection"))["choices"] == ["desk", "desk2"]
    detail = (await problem(unknown, 422, "which-connection"))["detail"]
    assert "no Rocket.Chat connection of this name. Use one of: desk, desk2." in detail
    assert (await named.json())["connection"] == "desk2"


async def test_a_callback_needs_a_secret_to_sign_with(serve: Serve) -> None:
    from bridge.settings import Webhooks

    client = await serve(settings(webhooks=Webhooks()))
    body = {"args": {"rid": ROOM}, "reply_to": {"callback_url": "https://example.org"}}

    document = await problem(
        await client.post(CLOSE, json=body, headers=bearer()), 422, "invalid-fields"
    )

    assert "BRIDGE_WEBHOOK_SECRET" in document["errors"][0]["detail"]


async def test_a_key_is_worth_one_job(client: Client, store: Store) -> None:
    headers = {**bearer(), "Idempotency-Key": "order-17"}

    answers = await asyncio.gather(
        *(client.post(CLOSE, json={"rid": ROOM}, headers=headers) for _ in range(20))
    )
    bodies = {await answer.text() for answer in answers}
    other = await client.post(CLOSE, json={"rid": "other"}, headers=headers)
    stranger = await client.post(
        CLOSE, json={"rid": "other"}, headers={**headers, **bearer("anna")}
    )

    assert len(bodies) == 1
    assert [answer.status for answer in answers] == [202] * 20
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 19
    await problem(other, 409, "key-conflict")
    assert stranger.status == 202
    assert await count(store) == 2


async def test_an_unusable_idempotency_key_is_refused(client: Client) -> None:
    headers = {**bearer(), "Idempotency-Key": "x" * 256}

    await problem(
        await client.post(CLOSE, json={"rid": ROOM}, headers=headers), 400, "malformed-header"
    )


async def test_waiting_brings_the_end(client: Client, store: Store, finish: Finish) -> None:
    headers = {**bearer(), "Prefer": "wait=20"}
    asking = asyncio.create_task(client.post(CLOSE, json={"rid": ROOM}, headers=headers))
    while not (found := await store.read(lambda c: c.execute(jobs.select()).mappings().all())):  # noqa: ASYNC110 - the row is what is waited for
        await asyncio.sleep(0)
    await finish(found[0]["id"])
    response = await asking

    assert response.status == 200
    assert response.headers["Preference-Applied"] == "wait=20"
    assert (await response.json())["state"] == "done"


async def test_waiting_is_bounded(serve: Serve) -> None:
    some = settings()
    client = await serve(settings(api=some.api.model_copy(update={"max_wait_s": 0.05})))
    headers = {**bearer(), "Prefer": 'respond-async, wait="9999"'}

    response = await client.post(CLOSE, json={"rid": ROOM}, headers=headers)

    assert response.status == 202
    assert response.headers["Preference-Applied"] == "wait=0.05"


async def test_a_rate_is_told_and_kept(client: Client, clock: Clock) -> None:
    answers = [
        await client.post(CLOSE, json={"rid": ROOM}, headers=bearer("slow")) for _ in range(3)
    ]

    assert answers[0].headers["RateLimit-Policy"] == '"minute";q=2;w=60'
    assert answers[0].headers["RateLimit"] == '"minute";r=1;t=60'
    await problem(answers[2], 429, "too-many-requests")
    assert answers[2].headers["Retry-After"] == "60"
    assert (
        "RateLimit" not in (await client.post(CLOSE, json={"rid": ROOM}, headers=bearer())).headers
    )

    clock.now += 60
    later = await client.post(CLOSE, json={"rid": ROOM}, headers=bearer("slow"))
    assert later.status == 202
