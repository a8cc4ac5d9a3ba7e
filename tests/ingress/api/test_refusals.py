"""What the API refuses, and how it says so: a problem document, and nothing stored."""

from __future__ import annotations

import asyncio
import gzip
import io
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge import metrics
from bridge.jobs.store import Store
from bridge.settings import Api
from tests.clock import Clock
from tests.ingress.api.conftest import Serve
from tests.ingress.api.house import CLOSE, ROOM, Client, bearer, count, problem, settings


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


async def test_a_token_in_the_address_opens_nothing(client: Client, store: Store) -> None:
    token = bearer()["Authorization"].removeprefix("Bearer ")
    for name in ("access_token", "token", "key"):
        response = await client.post(CLOSE, json={"rid": ROOM}, params={name: token})
        await problem(response, 401, "unauthenticated")
    assert await count(store) == 0


async def test_without_any_token_the_door_is_closed(serve: Serve) -> None:
    client = await serve(settings(api=Api()))

    response = await client.post(CLOSE, json={"rid": ROOM}, headers=bearer())

    assert "BRIDGE_API_TOKEN" in (await problem(response, 503, "not-configured"))["detail"]


async def test_wrong_keys_of_one_address_are_bounded_and_the_right_one_passes(
    serve: Serve, clock: Clock
) -> None:
    behind = settings().server.model_copy(update={"trusted_proxies": ["127.0.0.0/8"]})
    client = await serve(settings(server=behind))

    async def ask(headers: dict[str, str], address: str = "203.0.113.9") -> Any:
        sent = {**headers, "X-Forwarded-For": f"192.0.2.1, {address}"}
        return await client.get("/api/v1/jobs", headers=sent)

    with capture_logs() as lines:
        statuses = [(await ask({"Authorization": f"Bearer {n}"})).status for n in range(11)]
        assert statuses == [401] * 10 + [429]
        late = await ask({})
        assert (await ask(bearer())).status == 200
        assert (await ask(bearer("anna"))).status == 200
        assert (await ask({}, "203.0.113.10")).status == 401

    document = await problem(late, 429, "too-many-requests")
    assert late.headers["Retry-After"] == "60"
    assert "the right one passes" in document["detail"]
    refused = [line for line in lines if line["event"] == "ingress.refused"]
    assert [line["remote"] for line in refused] == ["203.0.113.9"] * 10 + ["203.0.113.10"]
    assert {line["door"] for line in refused} == {"api"}
    assert {line["log_level"] for line in refused} == {"warning"}
    clock.now += 61
    assert (await ask(bearer("old"))).status == 401


@pytest.mark.parametrize(
    ("headers", "reason", "key_name"),
    [
        ({}, "missing", ""),
        ({"Authorization": "Bearer wrong-SECRET"}, "mismatch", ""),
        (bearer("old"), "expired", "old"),
    ],
)
async def test_a_refusal_leaves_a_line_and_a_count_and_no_key(
    client: Client, headers: dict[str, str], reason: str, key_name: str
) -> None:
    def counted() -> float:
        name = "bridge_api_rejected_total"
        return metrics.REGISTRY.get_sample_value(name, {"reason": reason}) or 0.0

    before = counted()
    with capture_logs() as lines:
        await client.get("/api/v1/jobs", headers=headers)

    (line,) = (line for line in lines if line["event"] == "ingress.refused")
    assert (line["reason"], line["key_name"]) == (reason, key_name)
    assert line["remote"] == "127.0.0.1"
    assert "SECRET" not in str(lines)
    assert "old-secret" not in str(lines)
    assert counted() == before + 1


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
