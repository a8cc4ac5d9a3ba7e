"""Each check believes its own sender and nobody else, and no input makes it raise."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from bridge.signatures import (
    BasicCheck,
    BearerCheck,
    Check,
    GitHubCheck,
    HmacCheck,
    Reason,
    Rejected,
    RocketChatCheck,
    SlackCheck,
    StandardCheck,
    SuperOfficeCheck,
    TokenCheck,
    Verified,
    sign_standard,
)
from tests.signed import BODY, NOW, OTHER_WHSEC, STAMP, WHSEC, secret


def mac(key: str, message: bytes, algorithm: str = "sha256") -> hmac.HMAC:
    return hmac.new(key.encode(), message, algorithm)


def slack_headers(key: str, at: float = NOW, body: bytes = BODY) -> dict[str, str]:
    stamp = str(int(at))
    signature = SignatureVerifier(key).generate_signature(timestamp=stamp, body=body)
    assert signature
    return {"X-Slack-Signature": signature, "X-Slack-Request-Timestamp": stamp}


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


TIMED = HmacCheck(header="X-Sig", timestamp_header="X-At", secrets=(secret("k"),))
WIDE = HmacCheck(
    header="X-Sig", prefix="v2=", encoding="base64", algorithm="sha512", secrets=(secret("k"),)
)
WIDE_HEADERS = {"x-sig": "v2=" + base64.b64encode(mac("k", BODY, "sha512").digest()).decode()}
GOOD: dict[str, tuple[Check, Mapping[str, str]]] = {
    "slack": (SlackCheck(secrets=(secret("s"),)), slack_headers("s")),
    "standard": (
        StandardCheck(secrets=(secret(WHSEC),)),
        sign_standard([secret(WHSEC)], "msg_1", NOW, BODY),
    ),
    "github": (
        GitHubCheck(secrets=(secret("k"),)),
        {"X-Hub-Signature-256": "sha256=" + mac("k", BODY).hexdigest()},
    ),
    "superoffice": (
        SuperOfficeCheck(secrets=(secret("k"),)),
        {"X-SuperOffice-Signature": base64.b64encode(mac("k", BODY).digest()).decode()},
    ),
    "hmac": (
        HmacCheck(header="X-Sig", secrets=(secret("k"),)),
        {"X-Sig": mac("k", BODY).hexdigest()},
    ),
    "hmac sha512 base64": (WIDE, WIDE_HEADERS),
    "hmac timed": (
        TIMED,
        {"X-Sig": mac("k", STAMP.encode() + b"." + BODY).hexdigest(), "X-At": STAMP},
    ),
    "bearer": (BearerCheck(secrets=(secret("tok"),)), {"authorization": "bearer tok"}),
    "basic": (BasicCheck(username="u", secrets=(secret("p:ä"),)), basic("u:p:ä")),
    "token": (TokenCheck(header="X-Tok", secrets=(secret("tok"),)), {"X-Tok": "tok"}),
    "rocketchat": (
        RocketChatCheck(secrets=(secret("tok"),)),
        {"X-RocketChat-Livechat-Token": "tok"},
    ),
}
DIGESTS = [name for name in GOOD if name not in ("bearer", "basic", "token", "rocketchat")]
TIMED_ONES = {
    "slack": lambda at: slack_headers("s", at),
    "standard": lambda at: sign_standard([secret(WHSEC)], "msg_1", at, BODY),
    "hmac timed": lambda at: {
        "X-Sig": mac("k", str(int(at)).encode() + b"." + BODY).hexdigest(),
        "X-At": str(int(at)),
    },
}
ODD = [
    "",
    " ",
    ",",
    "v1,",
    "v0=",
    "=",
    "ä",
    "\ud800",
    "\udcff",
    "\x00",
    "\u0663",
    "x" * 10_000,
    "a,b,c",
]


@pytest.mark.parametrize("name", GOOD)
def test_the_right_sender_is_believed(name: str) -> None:
    check, headers = GOOD[name]
    verdict = check.verify(BODY, headers, NOW)
    assert isinstance(verdict, Verified)
    assert verdict.secret_id == "default"


@pytest.mark.parametrize("name", GOOD)
def test_without_a_secret_nobody_is_believed(name: str) -> None:
    check, headers = GOOD[name]
    verdict = check.model_copy(update={"secrets": ()}).verify(BODY, headers, NOW)
    assert verdict == Rejected(Reason.NO_SECRET)
    assert verdict.status == 503


@pytest.mark.parametrize("name", GOOD)
def test_an_absent_or_doubled_header(name: str) -> None:
    check, headers = GOOD[name]
    for gone in headers:
        left = {key: value for key, value in headers.items() if key != gone}
        verdict = check.verify(BODY, left, NOW)
        assert isinstance(verdict, Rejected)
        assert (verdict.reason, verdict.detail.lower()) == (Reason.MISSING, gone.lower())
        doubled = check.verify(BODY, {**headers, gone.swapcase(): "x"}, NOW)
        assert isinstance(doubled, Rejected)
        assert doubled.reason is Reason.MALFORMED


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_header_is_rejected_and_not_told(name: str, odd: str) -> None:
    check, headers = GOOD[name]
    for key in headers:
        verdict = check.verify(BODY, {**headers, key: odd}, NOW)
        assert isinstance(verdict, Rejected)
        assert verdict.status == 401
        assert not odd.strip() or odd not in verdict.detail or odd in key


@pytest.mark.parametrize("name", DIGESTS)
@pytest.mark.parametrize(
    "body",
    [b"", BODY[:-1], BODY + b" ", b'{"a":1,"b":"\xc3\xa4"}', b"\xff", BODY.replace(b"1", b"2")],
)
def test_a_changed_body(name: str, body: bytes) -> None:
    check, headers = GOOD[name]
    verdict = check.verify(body, headers, NOW)
    assert isinstance(verdict, Rejected)
    assert verdict.reason in (Reason.MISMATCH, Reason.MALFORMED)


@pytest.mark.parametrize("name", DIGESTS)
def test_a_cut_or_changed_signature(name: str) -> None:
    check, headers = GOOD[name]
    key = next(key for key in headers if "sig" in key.lower())
    value = headers[key]
    flipped = value[:-9] + ("a" if value[-9] != "a" else "b") + value[-8:]
    for bad in (value[:-1], value[:8], flipped, value + "0", value.upper() + "x", "00" * 32):
        assert isinstance(check.verify(BODY, {**headers, key: bad}, NOW), Rejected)


@pytest.mark.parametrize("name", TIMED_ONES)
@pytest.mark.parametrize(
    ("off", "reason"),
    [
        (-301, Reason.STALE),
        (-300, None),
        (300, None),
        (301, Reason.FUTURE),
        (-(10**9), Reason.STALE),
    ],
)
def test_the_window_goes_both_ways(name: str, off: int, reason: Reason | None) -> None:
    headers = TIMED_ONES[name](NOW + off)
    verdict = GOOD[name][0].verify(BODY, headers, NOW)
    assert (verdict.reason if isinstance(verdict, Rejected) else None) is reason
    if isinstance(verdict, Verified):
        assert verdict.signed_at == NOW + off
        assert verdict.replay_key


@pytest.mark.parametrize("name", TIMED_ONES)
@pytest.mark.parametrize(
    "stamp",
    [
        "1e9",
        "-1",
        "0",
        "1750000000.0",
        "1_750_000_000",
        "\u0661\u0667",
        "9" * 13,
        "0x68",
        "nan",
        "inf",
    ],
)
def test_a_timestamp_that_is_none(name: str, stamp: str) -> None:
    check, headers = GOOD[name]
    key = next(key for key in headers if key.lower().endswith(("timestamp", "-at")))
    verdict = check.verify(BODY, {**headers, key: stamp}, NOW)
    assert isinstance(verdict, Rejected)
    assert verdict.reason is Reason.MALFORMED


@pytest.mark.parametrize("name", GOOD)
def test_rotation(name: str) -> None:
    check, headers = GOOD[name]
    right = check.secrets[0].value.get_secret_value()
    wrong = OTHER_WHSEC if name == "standard" else "another"
    old, new = secret(right, "old", NOW + 1), secret(wrong, "new")
    both = check.model_copy(update={"secrets": (new, old)})
    verdict = both.verify(BODY, headers, NOW)
    assert isinstance(verdict, Verified)
    assert verdict.secret_id == "old"
    ended = check.model_copy(update={"secrets": (new, secret(right, "old", NOW))})
    assert ended.verify(BODY, headers, NOW) == Rejected(Reason.EXPIRED, secret_id="old")
    only_ended = check.model_copy(update={"secrets": (secret(right, "old", NOW),)})
    assert only_ended.verify(BODY, headers, NOW) == Rejected(Reason.NO_SECRET)
    stranger = check.model_copy(update={"secrets": (new,)})
    assert stranger.verify(BODY, headers, NOW) == Rejected(Reason.MISMATCH)


@pytest.mark.parametrize(
    "text",
    ["u:wrong", "wrong:p:ä", "u", "", ":", "u:", ":p:ä", "U:p:ä"],
)
def test_basic_needs_both(text: str) -> None:
    assert isinstance(GOOD["basic"][0].verify(BODY, basic(text), NOW), Rejected)


@pytest.mark.parametrize(
    "value", ["tok", "Bearer", "Bearer ", "Basic tok", "Bearer tok2", "Bearertok"]
)
def test_bearer_needs_its_scheme(value: str) -> None:
    assert isinstance(GOOD["bearer"][0].verify(BODY, {"Authorization": value}, NOW), Rejected)


@pytest.mark.parametrize("name", GOOD)
@given(raw=st.binary(max_size=50), values=st.lists(st.text(max_size=60), min_size=3, max_size=3))
def test_nothing_makes_a_check_raise(name: str, raw: bytes, values: list[str]) -> None:
    check, headers = GOOD[name]
    odd: Callable[[], dict[str, str]] = lambda: dict(zip(headers, values, strict=False))  # noqa: E731
    assert isinstance(check.verify(raw, odd(), NOW), Rejected)
    partly = {**headers, next(iter(headers)): values[0]}
    assert isinstance(check.verify(raw, partly, NOW), Rejected)
