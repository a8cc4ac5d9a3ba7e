"""Every bad variant of a signed request, for every kind of signature: refused, one line, nothing done."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from bridge.jobs.store import Store
from tests.ingress.api.house import NOW
from tests.ingress.webhooks.conftest import Serve
from tests.ingress.webhooks.senders import (
    CLOSE_RULE,
    ROOM,
    digest,
    raw,
    slack,
    standard,
    stored,
    superoffice,
)

MARK = "CANARY-7f3"  # stands in each body and may stand in no log line
BODY = raw({"state": "solved", "room": ROOM, "Event": "x", "note": MARK})
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_b3RoZXJvdGhlcm90aGVy"

Sign = Callable[[bytes, float, str], dict[str, str]]


def _hmac(body: bytes, at: float, secret: str) -> dict[str, str]:
    stamp = str(int(at))
    return {"X-Time": stamp, "X-Sign": digest(f"{stamp}.".encode() + body, secret).hex()}


SCHEMES: dict[str, tuple[dict[str, Any], Sign]] = {
    "standard": (
        {"kind": "standard"},
        lambda body, at, secret: standard(body, at=at, secret=secret),
    ),
    "slack": ({"kind": "slack"}, lambda body, at, secret: slack(body, secret, int(at))),
    "hmac": ({"kind": "hmac", "header": "X-Sign", "timestamp_header": "X-Time"}, _hmac),
    "github": (
        {"kind": "github"},
        lambda body, _, secret: {"X-Hub-Signature-256": "sha256=" + digest(body, secret).hex()},
    ),
    "superoffice": (
        {"kind": "superoffice"},
        lambda body, _, secret: superoffice(body, secret),
    ),
    "rocketchat": (
        {"kind": "rocketchat"},
        lambda _body, _, secret: {"X-RocketChat-Livechat-Token": secret},
    ),
    "bearer": ({"kind": "bearer"}, lambda _body, _, secret: {"Authorization": f"Bearer {secret}"}),
}
TIMED = ("standard", "slack", "hmac")
SIGNED = (*TIMED, "github", "superoffice")


def variants(name: str) -> dict[str, tuple[bytes, dict[str, str]]]:
    """Bad requests of a scheme, by what is wrong with them."""
    _, sign = SCHEMES[name]
    good = sign(BODY, NOW, SECRET)
    bad: dict[str, tuple[bytes, dict[str, str]]] = {
        "missing": (BODY, {}),
        "wrong secret": (BODY, sign(BODY, NOW, OTHER)),
        "non-ASCII": (BODY, {key: "v1,é☃".encode().decode("latin-1") for key in good}),
        "empty": (BODY, dict.fromkeys(good, "")),
        "huge": (BODY, {key: value + "A" * 7000 for key, value in good.items()}),
    }
    for header in good:
        bad[f"without {header}"] = (BODY, {k: v for k, v in good.items() if k != header})
    if name in SIGNED:
        spaced = json.dumps(json.loads(BODY), indent=1).encode()
        cut = {key: value[:-3] for key, value in good.items()}
        bad |= {
            "truncated body": (BODY[:-2], good),
            "re-serialised body": (spaced, good),
            "truncated signature": (BODY, cut),
        }
    if name in TIMED:
        stamp = next(key for key in good if "time" in key.lower())
        bad |= {
            "stale": (BODY, sign(BODY, NOW - 301, SECRET)),
            "future": (BODY, sign(BODY, NOW + 301, SECRET)),
            "time moved": (BODY, {**good, stamp: str(int(NOW) + 1)}),
            "time in words": (BODY, {**good, stamp: "yesterday"}),
            "time in other digits": (
                BODY,
                {**good, stamp: "١٧٨٠٠٠٠٠٠٠".encode().decode("latin-1")},
            ),
        }
    return bad


CASES = [(name, what) for name in SCHEMES for what in variants(name)]


@pytest.mark.parametrize(("name", "what"), CASES, ids=[f"{a}: {b}" for a, b in CASES])
async def test_a_bad_variant_is_refused(serve: Serve, store: Store, name: str, what: str) -> None:
    check, _ = SCHEMES[name]
    client = await serve({"s": {"checks": [{**check, "secret": SECRET}], "rules": [CLOSE_RULE]}})
    body, headers = variants(name)[what]

    with capture_logs() as lines:
        response = await client.post("/hooks/s", data=body, headers=headers)

    assert response.status in (400, 401)
    assert response.content_type == "application/problem+json"
    assert await stored(store) == []
    assert len(lines) == 1
    assert lines[0]["event"] == "ingress.refused"
    said = json.dumps(lines) + await response.text()
    assert MARK not in said
    assert SECRET not in said
    assert len(json.dumps(lines)) < 300


@pytest.mark.parametrize("name", TIMED)
async def test_what_was_good_is_taken(serve: Serve, store: Store, name: str) -> None:
    check, sign = SCHEMES[name]
    client = await serve({"s": {"checks": [{**check, "secret": SECRET}], "rules": [CLOSE_RULE]}})

    early = await client.post("/hooks/s", data=BODY, headers=sign(BODY, NOW - 300, SECRET))

    assert early.status == 202
    assert len(await stored(store)) == 1


@pytest.mark.parametrize(
    ("name", "replays", "statuses"),
    [
        ("slack", "", (202, 401)),
        ("hmac", "", (202, 401)),
        ("standard", "", (202, 202)),  # its id says that it is the same event: answered as before
        ("standard", "refuse", (202, 401)),
        ("slack", "answer", (202, 202)),
    ],
)
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_replay_changes_nothing(
    *,
    serve: Serve,
    store: Store,
    name: str,
    replays: str,
    statuses: tuple[int, int],
    restarted: bool,
) -> None:
    check, sign = SCHEMES[name]
    source: dict[str, Any] = {"checks": [{**check, "secret": SECRET}], "rules": [CLOSE_RULE]}
    if replays:
        source["replays"] = replays
    client = await serve({"s": source})
    headers = sign(BODY, NOW, SECRET)

    first = await client.post("/hooks/s", data=BODY, headers=headers)
    if restarted:
        client = await serve({"s": source})  # remembers nothing but what is stored
    second = await client.post("/hooks/s", data=BODY, headers=headers)

    assert (first.status, second.status) == statuses
    assert len(await stored(store)) == 1


@pytest.mark.parametrize("name", ["github", "superoffice"])
async def test_the_same_bytes_without_a_time_are_the_same_event(
    serve: Serve, store: Store, name: str
) -> None:
    check, sign = SCHEMES[name]
    client = await serve({"s": {"checks": [{**check, "secret": SECRET}], "rules": [CLOSE_RULE]}})

    answers = [
        await client.post("/hooks/s", data=BODY, headers=sign(BODY, NOW, SECRET)) for _ in range(3)
    ]

    assert {answer.status for answer in answers} == {202}
    assert len({await answer.text() for answer in answers}) == 1
    assert len(await stored(store)) == 1


async def test_whoever_only_knows_a_word_may_name_the_event(serve: Serve, store: Store) -> None:
    check, _ = SCHEMES["bearer"]
    client = await serve({"s": {"checks": [{**check, "secret": SECRET}], "rules": [CLOSE_RULE]}})
    word = {"Authorization": f"Bearer {SECRET}"}

    for _ in range(2):
        await client.post("/hooks/s", data=BODY, headers={**word, "Idempotency-Key": "a"})
    assert len(await stored(store)) == 1
    await client.post("/hooks/s", data=BODY, headers=word)  # said again on purpose
    assert len(await stored(store)) == 2


# https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/python/tests/test_webhooks.py
# and the worked example of https://docs.svix.com/receiving/verifying-payloads/how-manual
VECTORS = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
]


@pytest.mark.parametrize(("secret", "message_id", "at", "body", "signature"), VECTORS)
async def test_the_published_vectors_hold(
    *, serve: Serve, clock: Any, secret: str, message_id: str, at: int, body: bytes, signature: str
) -> None:
    clock.now = float(at)
    rule = {**CLOSE_RULE, "when": "test == `2432232314`", "args": {"rid": f"'{ROOM}'"}}
    checks = [{"kind": "standard", "secret": secret}]
    client = await serve({"s": {"checks": checks, "rules": [rule]}})
    headers = {"webhook-id": message_id, "webhook-timestamp": str(at)}
    other = base64.b64encode(b"x" * 32).decode()

    for given, status in (
        (signature, 202),
        (f"v1a,{other} v1,{other} {signature}", 202),  # several, as in a rotation
        (f"v1,{other}", 401),
        (signature.replace("v1,", "v2,"), 401),
        (signature.removeprefix("v1,"), 401),
    ):
        answer = await client.post(
            "/hooks/s", data=body, headers={**headers, "webhook-signature": given}
        )
        assert answer.status == status, given


@pytest.mark.parametrize(
    ("check", "query"),
    [
        ({"kind": "bearer", "secret": "word"}, {"Authorization": "Bearer word"}),
        ({"kind": "bearer", "secret": "word"}, {"access_token": "word", "token": "word"}),
        ({"kind": "token", "header": "X-Key", "secret": "word"}, {"X-Key": "word", "key": "word"}),
    ],
)
async def test_a_secret_in_the_address_proves_nothing(
    serve: Serve, store: Store, check: dict[str, Any], query: dict[str, str]
) -> None:
    client = await serve({"s": {"checks": [check], "rules": [CLOSE_RULE]}})

    assert (await client.post("/hooks/s", data=BODY, params=query)).status == 401
    assert (await client.post("/hooks/s/word", data=BODY)).status == 404
    assert await stored(store) == []
