from __future__ import annotations

import asyncio
import gzip
import io
from typing import Any

import pytest

from bridge.jobs.store import Store
from bridge.jobs.tables import jobs
from bridge.settings import Api, RocketChat
from tests.ingress.api.conftest import Finish, Serve
from tests.ingress.api.house import Client, Clock, bearer, settings

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


@pytest.mark.parametrize(
    ("headers", "slug", "status"),
    [
        ({}, "unauthenticated", 401),
        ({"Authorization": "Bearer wrong"}, "unauthenticated", 401),
        ({"Authorization": "Basic bWFzdGVyLXRva2Vu"}, "unauthenticated", 401),
        ({"Authorization": "Bearer schlüssel".encode().decode("latin-1")}, "unauthenticated", 401),
        ({"Authorization": "Bearer " + "x" * 5000}, "unauthenticated", 401),
        (bearer("old"), "unauthenticated", 401),
        (bearer("office-only"), "not-covered", 403),
    ],
)
async def test_whoever_is_not_known_gets_nothing(
    client: Client, store: Store, headers: dict[str, str], slug: str, status: int
) -> None:
    response = await client.post(CLOSE, json={"rid": ROOM}, headers=headers)

    await problem(response, status, slug)
    assert await count(store) == 0
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


async def test_without_any_token_the_door_is_closed(serve: Serve) -> None:
    client = await serve(settings(api=Api()))

    response = await client.post(CLOSE, json={"rid": ROOM}, headers=bearer())

    assert "BRIDGE_API_TOKEN" in (await problem(response, 503, "not-configured"))["detail"]


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({}, "#/rid", "needed"),
        ({"rid": 7}, "#/rid", "room's id"),
        ({"args": {"rid": "../x"}}, "#/args/rid", "room's id"),
        ({"rid": ROOM, "coment": "x"}, "#/coment", "Did you mean comment?"),
        (
            {"rid": ROOM, "transcriptEmail": {"sendToVisitr": True}},
            "#/transcriptEmail/sendToVisitr",
            "Did you mean sendToVisitor?",
        ),
        ({"args": []}, "#/args", "object"),
        ({"args": {"rid": ROOM}, "rid": "x"}, "#/rid", "envelope"),
        ({"args": {"rid": ROOM}, "connection": 5}, "#/connection", "text"),
        ([], "#", "object"),
        (
            {"args": {"rid": ROOM}, "reply_to": {"slack_channel": "#general"}},
            "#/reply_to/slack_channel",
            "",
        ),
        (
            {"args": {"rid": ROOM}, "reply_to": {"callback_url": "ftp://x"}},
            "#/reply_to/callback_url",
            "https",
        ),
        (
            {"args": {"rid": ROOM}, "reply_to": {"callback_url": "https://a:b@x"}},
            "#/reply_to/callback_url",
            "password",
        ),
        (
            {"args": {"rid": ROOM}, "reply_to": {"callback_url": "https://[::1"}},
            "#/reply_to/callback_url",
            "https",
        ),
        (
            {"args": {"rid": ROOM}, "reply_to": {"slak_channel": "C1"}},
            "#/reply_to/slak_channel",
            "slack_channel",
        ),
    ],
)
async def test_each_unusable_field_is_pointed_at(
    client: Client, store: Store, body: Any, pointer: str, words: str
) -> None:
    response = await client.post(CLOSE, json=body, headers=bearer())

    document = await problem(response, 422, "invalid-fields")
    by_pointer = {error["pointer"]: error["detail"] for error in document["errors"]}
    assert words in by_pointer[pointer]
    assert await count(store) == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"rid=1",
        b"\xff\xfe",
        b'{"rid": NaN}',
        b'{"rid": 1e999}',
        b'{"rid": ' + b"9" * 5000 + b"}",
        b'{"rid": "x", "comment": "\\ud800"}',
        b'{"rid": ' + b"[" * 40 + b"]" * 40 + b"}",
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
    ],
)
async def test_what_is_no_json_is_refused(client: Client, store: Store, raw: bytes) -> None:
    headers = {**bearer(), "Content-Type": "application/json"}
    response = await client.post(CLOSE, data=raw, headers=headers)

    await problem(response, 400, "malformed-json")
    assert await count(store) == 0


async def test_a_form_is_not_json(client: Client) -> None:
    response = await client.post(CLOSE, data={"rid": ROOM}, headers=bearer())

    await problem(response, 415, "not-json")


async def test_an_unknown_action_is_answered_with_the_nearest(client: Client) -> None:
    response = await client.post("/api/v1/actions/rocketchat.close_rom", json={}, headers=bearer())

    document = await problem(response, 404, "unknown-action")
    assert document["nearest"] == "rocketchat.close_room"


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
    await problem(unknown, 422, "which-connection")
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


async def test_a_large_body_is_refused_also_when_it_is_packed(client: Client) -> None:
    headers = {**bearer(), "Content-Type": "application/json"}
    large = b'{"rid": "' + b"x" * 3_000_000 + b'"}'

    plain = await client.post(CLOSE, data=io.BytesIO(large), headers=headers)
    packed = await client.post(
        CLOSE, data=gzip.compress(large), headers={**headers, "Content-Encoding": "gzip"}
    )
    broken = await client.post(
        CLOSE, data=b"no gzip at all", headers={**headers, "Content-Encoding": "gzip"}
    )

    await problem(plain, 413, "too-large")
    await problem(packed, 413, "too-large")
    await problem(broken, 400, "incomplete-body")


async def test_a_body_that_never_comes_is_not_waited_for(serve: Serve) -> None:
    some = settings()
    quick = some.server.model_copy(update={"body_deadline_s": 0.1})
    client = await serve(settings(server=quick))
    assert client.server is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", client.server.port)
    token = bearer()["Authorization"]
    writer.write(
        f"POST {CLOSE} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{".encode()
    )
    answer = await reader.readuntil(b"\r\n")
    writer.close()

    assert b" 408 " in answer


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", CLOSE, 405, "wrong-method"),
        ("DELETE", "/api/v1/jobs", 405, "wrong-method"),
        ("GET", "/api/v2/jobs", 404, "not-found"),
        ("GET", "/api/v1/jobs/01J00000000000000000000000", 404, "unknown-job"),
        ("GET", "/api/v1/jobs/%00", 404, "unknown-job"),
        ("POST", "/api/v1/jobs/nobody/retry", 404, "unknown-job"),
    ],
)
async def test_wrong_turns_are_problem_documents(
    client: Client, method: str, path: str, status: int, slug: str
) -> None:
    response = await client.request(method, path, headers=bearer())

    await problem(response, status, slug)
    assert ("Allow" in response.headers) is (status == 405)
