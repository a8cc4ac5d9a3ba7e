"""The gate: whatever is not Slack's own, new and whole is refused shortly, and nothing is parsed first."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from structlog.testing import capture_logs

from bridge.ingress.slack.bodies import parse
from bridge.sandbox.slack import seed
from bridge.sandbox.slack.wire import sign
from tests.ingress.slack.conftest import Open
from tests.ingress.slack.reception import ROOM, Reception

COMMAND = urlencode(
    {"command": "/close", "text": ROOM, "team_id": "T1", "user_id": "U1", "trigger_id": "1.2"}
).encode()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Signature": None},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Signature": "v0=ünicode"},
        {"X-Slack-Signature": "\x80\xff"},
        {"X-Slack-Signature": "v1=abc"},
        {"X-Slack-Signature": "0" * 5000},
        {"X-Slack-Request-Timestamp": None},
        {"X-Slack-Request-Timestamp": ""},
        {"X-Slack-Request-Timestamp": "soon"},
        {"X-Slack-Request-Timestamp": "1e9"},
        {"X-Slack-Request-Timestamp": "-1700000010"},
        {"X-Slack-Request-Timestamp": "1700000010.5"},
        {"X-Slack-Request-Timestamp": "".join(chr(0x660 + int(d)) for d in "1700000010")},
        {"X-Slack-Request-Timestamp": "9" * 400},
    ],
)
async def test_every_malformed_header_is_401(at: Reception, headers: dict[str, str | None]) -> None:
    with capture_logs() as logs:
        answer = await at.slack.post_signed(COMMAND, headers)
    assert answer.status == 401
    assert len(answer.body) < 100
    refused = [entry for entry in logs if entry["event"] == "slack.refused"]
    assert len(refused) == 1
    assert ROOM not in json.dumps(logs)
    assert at.jobs == []


@pytest.mark.parametrize("shift", [-301, 301, -100_000, 100_000])
async def test_a_wrong_clock_is_401(at: Reception, shift: int) -> None:
    answer = await at.slack.post_signed(COMMAND, timestamp=int(at.clock.now) + shift)
    assert answer.status == 401
    assert (await at.slack.post_signed(COMMAND)).status == 200


async def test_a_changed_body_is_401(at: Reception) -> None:
    stamp = str(int(at.clock.now))
    headers = {"X-Slack-Signature": sign(seed.SIGNING_SECRET, stamp, COMMAND)}
    assert (await at.slack.post_signed(COMMAND + b" ", dict(headers))).status == 401


async def test_a_refusal_names_the_sender_and_not_our_proxy(open_door: Open) -> None:
    at = await open_door(server={"trusted_proxies": ["127.0.0.0/8"]})
    forwarded = {"X-Forwarded-For": "192.0.2.1, 203.0.113.9"}
    with capture_logs() as logs:
        await at.slack.post_signed(COMMAND, forwarded, secret="guessed")
        await at.slack.post_signed(b"{broken", forwarded)
    refused = [entry for entry in logs if entry["event"] == "slack.refused"]
    assert [entry["remote"] for entry in refused] == ["203.0.113.9"] * 2


GARBAGE = [
    (b"{broken", "application/json"),
    (b"[1, 2]", "application/json"),
    (b"payload=%7Bbad", "application/x-www-form-urlencoded"),
    (b"payload=%5B%5D", "application/x-www-form-urlencoded"),
    (b"payload=", "application/x-www-form-urlencoded"),
    (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
    (b"text=%ff%fe", "application/x-www-form-urlencoded"),
    (b"a=1", "text/plain; charset=klingon"),
    (b"", "application/json"),
    (b"{" * 50_000, "application/json"),
    (b'{"a":' * 50_000, "application/json"),
]


@pytest.mark.parametrize(("raw", "content_type"), GARBAGE)
async def test_unsigned_garbage_is_401(at: Reception, raw: bytes, content_type: str) -> None:
    answer = await at.slack.post_signed(raw, content_type=content_type, secret="guessed")
    assert answer.status == 401


@pytest.mark.parametrize(("raw", "content_type"), GARBAGE)
async def test_signed_garbage_is_refused_without_a_traceback(
    at: Reception, raw: bytes, content_type: str
) -> None:
    with capture_logs() as logs:
        answer = await at.slack.post_signed(raw, content_type=content_type)
    assert answer.status in {200, 400, 401}
    assert not [entry for entry in logs if entry["log_level"] == "error"]


@pytest.mark.parametrize("broken", [b"%ff%fe", b"%c3%28", b"M%f0%9fller", b"%ed%a0%80"])
async def test_a_signed_form_that_is_no_utf8_is_refused_instead_of_guessed(
    at: Reception, broken: bytes
) -> None:
    whole = COMMAND.replace(b"text=", b"text=" + broken)
    assert whole != COMMAND
    assert (await at.slack.post_signed(whole)).status == 400
    assert (await at.slack.post_signed(broken + b"=x&" + COMMAND)).status == 400
    assert at.jobs == []


def test_a_replacement_sign_that_somebody_typed_is_a_sign_like_others() -> None:
    assert parse(b"text=%EF%BF%BD+x&empty=") == {"text": "\ufffd x", "empty": ""}


async def test_the_same_signed_request_is_taken_once(at: Reception) -> None:
    assert (await at.slack.post_signed(COMMAND)).status == 200
    assert (await at.slack.post_signed(COMMAND)).status == 401
    assert len(at.jobs) == 1
    at.clock.now += 1  # signed again with the same trigger, as by another process's memory
    assert (await at.slack.post_signed(COMMAND)).status == 200
    assert len(at.jobs) == 1


async def test_two_secrets_live_during_rotation(open_door: Open) -> None:
    secrets = {"signing_secret": "new-secret", "signing_secret_previous": seed.SIGNING_SECRET}
    at = await open_door(slack=secrets)
    assert (await at.slack.post_signed(COMMAND, secret="new-secret")).status == 200
    assert (await at.slack.post_signed(COMMAND, secret=seed.SIGNING_SECRET)).status == 200
    assert (await at.slack.post_signed(COMMAND, secret="older")).status == 401


async def test_without_a_secret_nothing_is_believed(open_door: Open) -> None:
    at = await open_door(slack={"signing_secret": None})
    assert (await at.slack.post_signed(COMMAND, secret="x")).status == 503


async def test_a_body_that_is_too_large_or_too_late(open_door: Open) -> None:
    at = await open_door(server={"max_body_bytes": 2000, "body_deadline_s": 0.2})
    assert (await at.slack.post_signed(b"text=" + b"x" * 3000)).status == 413
    url = f"{at.slack.bridge_url}/slack/events"
    stamp = str(int(at.clock.now))
    headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": "v0=" + "0" * 64}

    async def slow() -> Any:
        yield b"text="
        await asyncio.sleep(5)

    async with aiohttp.ClientSession() as session:
        started = time.perf_counter()
        async with session.post(url, data=slow(), headers=headers) as answer:
            assert answer.status == 408
        assert time.perf_counter() - started < 2


async def test_ssl_check_and_url_verification(at: Reception) -> None:
    answer = await at.slack.ssl_check()
    assert (answer.status, answer.body) == (200, "")
    assert (await at.slack.url_verification()).error == ""
    sneaky = COMMAND + b"&ssl_check=1"
    assert (await at.slack.post_signed(sneaky, secret="guessed")).body == ""
    assert at.jobs == []
