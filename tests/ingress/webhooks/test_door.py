from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge.ingress.http.limits import InFlight
from bridge.jobs.store import Store
from bridge.settings import Webhooks
from tests.clock import Clock
from tests.ingress.api.house import NOW
from tests.ingress.webhooks.conftest import Serve
from tests.ingress.webhooks.senders import (
    CLOSE_RULE,
    ROOM,
    basic,
    digest,
    raw,
    slack,
    standard,
    stored,
)

BODY = raw({"action": "rocketchat.close_room", "args": {"rid": ROOM}})
SOLVED = raw({"state": "solved", "room": ROOM})


async def test_the_built_in_source_takes_an_action(serve: Serve, store: Store) -> None:
    client = await serve()

    response = await client.post("/hooks/actions", data=BODY, headers=standard(BODY))

    assert response.status == 202
    job = await response.json()
    assert response.headers["Location"] == f"/api/v1/jobs/{job['id']}"
    assert job["state"] == "queued"
    kept = await store.get(job["id"])
    assert kept is not None
    assert kept.asker.scope == "source:actions"


async def test_the_same_id_is_one_event_however_often_it_comes(serve: Serve, store: Store) -> None:
    client = await serve()

    answers = await asyncio.gather(
        *(client.post("/hooks/actions", data=BODY, headers=standard(BODY)) for _ in range(20))
    )
    later = await client.post("/hooks/actions", data=BODY, headers=standard(BODY, at=NOW + 30))
    other = raw({"action": "rocketchat.close_room", "args": {"rid": "other"}})
    conflict = await client.post("/hooks/actions", data=other, headers=standard(other))

    assert {answer.status for answer in answers} == {202}
    assert len({await answer.text() for answer in (*answers, later)}) == 1
    assert later.headers["Idempotency-Replayed"] == "true"
    assert conflict.status == 409
    assert len(await stored(store)) == 1


@pytest.mark.parametrize(
    ("payload", "status", "words"),
    [
        (
            {"action": "rocketchat.close_rom", "args": {}},
            404,
            "Did you mean rocketchat.close_room?",
        ),
        ({"action": "rocketchat.close_room", "args": {}}, 422, "#/args/rid"),
        ({"action": "rocketchat.close_room", "arguments": {}}, 422, "#/arguments"),
        ({"args": {}}, 422, "#/action"),
        ([], 422, "object"),
        ({"action": 7}, 422, "#/action"),
        (
            {"action": "rocketchat.close_room", "args": {"rid": ROOM}, "connection": "office"},
            422,
            "connection",
        ),
    ],
)
async def test_mistakes_are_told_as_the_api_tells_them(
    serve: Serve, store: Store, payload: Any, status: int, words: str
) -> None:
    client = await serve()
    body = raw(payload)

    response = await client.post("/hooks/actions", data=body, headers=standard(body))

    assert response.status == status
    assert response.content_type == "application/problem+json"
    assert words in await response.text()
    assert await stored(store) == []


async def test_without_a_secret_the_source_is_shut(serve: Serve, store: Store) -> None:
    client = await serve(webhooks=Webhooks())

    response = await client.post("/hooks/actions", data=BODY, headers=standard(BODY))

    assert response.status == 503
    assert await stored(store) == []


async def test_a_missing_variable_shuts_only_its_source(serve: Serve) -> None:
    check = {"kind": "bearer", "secret_env": "NO_SUCH_VARIABLE_HERE"}
    open_check = {"kind": "bearer", "secret": "word"}
    client = await serve(
        {
            "shut": {"checks": [check], "rules": [CLOSE_RULE]},
            "open": {"checks": [open_check], "rules": [CLOSE_RULE]},
        }
    )
    headers = {"Authorization": "Bearer word"}

    assert (await client.post("/hooks/shut", data=SOLVED, headers=headers)).status == 503
    assert (await client.post("/hooks/open", data=SOLVED, headers=headers)).status == 202
    assert (await client.post("/hooks/nobody", data=SOLVED, headers=headers)).status == 404
    assert (await client.get("/hooks/open")).status == 405


SCHEMES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"kind": "bearer", "secret": "s"}, {"Authorization": "Bearer s"}),
    ({"kind": "basic", "username": "zap", "secret": "s"}, basic("zap", "s")),
    ({"kind": "token", "header": "X-Key", "secret": "s"}, {"X-Key": "s"}),
    (
        {"kind": "github", "secret": "s"},
        {"X-Hub-Signature-256": "sha256=" + digest(SOLVED, "s").hex()},
    ),
    (
        {"kind": "hmac", "header": "X-Sign", "algorithm": "sha512", "secret": "s"},
        {"X-Sign": digest(SOLVED, "s", "sha512").hex()},
    ),
    (
        {"kind": "hmac", "header": "X-Sign", "timestamp_header": "X-Time", "secret": "s"},
        {"X-Time": str(int(NOW)), "X-Sign": digest(f"{int(NOW)}.".encode() + SOLVED, "s").hex()},
    ),
    ({"kind": "slack", "secret": "s"}, slack(SOLVED, "s")),
    ({"kind": "standard", "secret": "whsec_c2VjcmV0"}, standard(SOLVED, secret="whsec_c2VjcmV0")),
]


@pytest.mark.parametrize(("check", "headers"), SCHEMES, ids=[one["kind"] for one, _ in SCHEMES])
async def test_every_scheme_opens_its_source(
    serve: Serve, store: Store, check: dict[str, Any], headers: dict[str, str]
) -> None:
    client = await serve({"s": {"checks": [check], "rules": [CLOSE_RULE]}})

    good = await client.post("/hooks/s", data=SOLVED, headers=headers)
    without = await client.post("/hooks/s", data=SOLVED)

    assert good.status == 202
    assert without.status == 401
    (row,) = await stored(store)
    assert (row["action"], row["scope"]) == ("rocketchat.close_room", "source:s")


async def test_all_checks_must_hold(serve: Serve, store: Store) -> None:
    checks = [{"kind": "bearer", "secret": "word"}, {"kind": "github", "secret": "s"}]
    client = await serve({"s": {"checks": checks, "rules": [CLOSE_RULE]}})
    signed = {"X-Hub-Signature-256": "sha256=" + digest(SOLVED, "s").hex()}
    word = {"Authorization": "Bearer word"}

    assert (await client.post("/hooks/s", data=SOLVED, headers=signed)).status == 401
    assert (await client.post("/hooks/s", data=SOLVED, headers=word)).status == 401
    assert await stored(store) == []
    assert (await client.post("/hooks/s", data=SOLVED, headers={**signed, **word})).status == 202


async def test_two_secrets_overlap_and_the_metric_says_which_is_used(
    serve: Serve, clock: Clock, used: list[tuple[str, str]]
) -> None:
    secrets = [
        {"id": "new", "secret": "n"},
        {"id": "old", "secret": "o", "not_after": "2026-05-29T00:00:00Z"},
    ]
    client = await serve(
        {"s": {"checks": [{"kind": "bearer", "secrets": secrets}], "rules": [CLOSE_RULE]}}
    )
    clock.now = 1_779_000_000.0  # before the old one ends

    first = await client.post("/hooks/s", data=SOLVED, headers={"Authorization": "Bearer o"})
    second = await client.post("/hooks/s", data=SOLVED, headers={"Authorization": "Bearer n"})
    clock.now = 1_780_100_000.0
    ended = await client.post("/hooks/s", data=SOLVED, headers={"Authorization": "Bearer o"})

    assert (first.status, second.status, ended.status) == (202, 202, 401)
    assert used == [("s", "old"), ("s", "new")]


@pytest.mark.parametrize(
    ("forwarded", "trusted", "status"),
    [
        ("", ["10.0.0.0/8"], 401),  # the peer itself is not allowed
        ("203.0.113.9", [], 401),  # nobody is trusted to forward
        ("203.0.113.9", ["127.0.0.0/8"], 202),
        ("203.0.113.9, 10.1.1.1", ["127.0.0.0/8", "10.0.0.0/8"], 202),
        ("203.0.113.9, 198.51.100.1", ["127.0.0.0/8"], 401),  # the left one is the sender's words
        ("nonsense", ["127.0.0.0/8"], 401),
    ],
)
async def test_networks_are_read_behind_trusted_proxies_only(
    serve: Serve, forwarded: str, trusted: list[str], status: int
) -> None:
    from tests.ingress.webhooks.senders import declared

    source = {
        "checks": [{"kind": "bearer", "secret": "w"}],
        "allow_from": ["203.0.113.0/24"],
        "rules": [CLOSE_RULE],
    }
    server = declared({}).server.model_copy(update={"trusted_proxies": trusted})
    client = await serve({"s": source}, server=server)
    headers = {"Authorization": "Bearer w", **({"X-Forwarded-For": forwarded} if forwarded else {})}

    with capture_logs() as lines:
        assert (await client.post("/hooks/s", data=SOLVED, headers=headers)).status == status

    seen = {
        "": "127.0.0.1",
        "nonsense": "",
        "203.0.113.9, 198.51.100.1": "198.51.100.1",
    }.get(forwarded, "203.0.113.9" if trusted else "127.0.0.1")
    refused = [line["remote"] for line in lines if line["event"] == "ingress.refused"]
    assert refused == ([seen] if status == 401 else [])


async def test_a_rate_and_repeated_failures_are_bounded(serve: Serve, clock: Clock) -> None:
    source = {"checks": [{"kind": "bearer", "secret": "w"}], "rules": [CLOSE_RULE], "per_minute": 2}
    client = await serve({"s": source})
    good = {"Authorization": "Bearer w"}

    statuses = [(await client.post("/hooks/s", data=SOLVED, headers=good)).status for _ in range(3)]
    limited = await client.post("/hooks/s", data=SOLVED, headers=good)
    clock.now += 61
    failures = [(await client.post("/hooks/s", data=SOLVED)).status for _ in range(62)]

    assert statuses == [202, 202, 429]
    assert limited.headers["Retry-After"] == "60"
    assert failures[:60] == [401] * 60
    assert failures[60:] == [429] * 2


async def test_what_is_in_flight_is_capped(serve: Serve) -> None:
    in_flight = InFlight(1)
    client = await serve(in_flight=in_flight)

    with in_flight:  # another request, at whichever door
        busy = await client.post("/hooks/actions", data=BODY, headers=standard(BODY))
    after = await client.post("/hooks/actions", data=BODY, headers=standard(BODY))

    assert (busy.status, busy.headers["Retry-After"]) == (503, "1")
    assert after.status == 202


async def test_a_full_store_is_never_a_false_success(serve: Serve, store: Store) -> None:
    client = await serve()
    store.draining = True

    response = await client.post("/hooks/actions", data=BODY, headers=standard(BODY))
    store.draining = False
    again = await client.post("/hooks/actions", data=BODY, headers=standard(BODY))

    assert response.status == 503
    assert response.headers["Retry-After"] == "5"
    assert again.status == 202


async def test_a_form_is_a_payload_too(serve: Serve, store: Store) -> None:
    client = await serve(
        {"s": {"checks": [{"kind": "bearer", "secret": "w"}], "rules": [CLOSE_RULE]}}
    )

    response = await client.post(
        "/hooks/s",
        data={"state": "solved", "room": ROOM},
        headers={"Authorization": "Bearer w"},
    )

    assert response.status == 202
    (row,) = await stored(store)
    assert json.loads(row["args"]) == {"rid": ROOM}
