"""What a refusal says: its reason, and the header at fault spelled as the sender's documents spell it."""

from __future__ import annotations

import base64
import hmac
import time
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from bridge.signatures import (
    CHECK,
    BasicCheck,
    BearerCheck,
    Check,
    GitHubCheck,
    HmacCheck,
    Reason,
    Rejected,
    RocketChatCheck,
    Secret,
    SlackCheck,
    StandardCheck,
    SuperOfficeCheck,
    TokenCheck,
    Verified,
    sign_standard,
)

NOW = 1_750_000_000.0
STAMP = str(int(NOW))
BODY = b'{"a": 1}'
K = (Secret(value=SecretStr("k")),)
WHSEC = (Secret(value=SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),)
SLACK = SlackCheck(secrets=K)
STANDARD = StandardCheck(secrets=WHSEC)
PLAIN = HmacCheck(header="X-Sig", prefix="sha256=", secrets=K)
TIMED = HmacCheck(header="X-Sig", timestamp_header="X-At", window_s=60, secrets=K)
DIGEST = hmac.new(b"k", BODY, "sha256").hexdigest()
TIMED_DIGEST = hmac.new(b"k", STAMP.encode() + b"." + BODY, "sha256").hexdigest()
SIGNED = sign_standard(WHSEC, "msg_1", NOW, BODY)
SLACK_SIGNED = {"X-Slack-Signature": "v0=x", "X-Slack-Request-Timestamp": STAMP}

# Each check with the headers it wants, in the order it asks for them.
WANTED: list[tuple[Check, dict[str, str]]] = [
    (SLACK, SLACK_SIGNED),
    (STANDARD, {"webhook-id": "m", "webhook-timestamp": STAMP, "webhook-signature": "v1,x"}),
    (GitHubCheck(secrets=K), {"X-Hub-Signature-256": "sha256=" + DIGEST}),
    (SuperOfficeCheck(secrets=K), {"X-SuperOffice-Signature": "x"}),
    (TIMED, {"X-Sig": TIMED_DIGEST, "X-At": STAMP}),
    (RocketChatCheck(secrets=K), {"X-RocketChat-Livechat-Token": "k"}),
    (TokenCheck(header="X-Tok", secrets=K), {"X-Tok": "k"}),
    (BearerCheck(secrets=K), {"Authorization": "Bearer k"}),
    (BasicCheck(username="u", secrets=K), {"Authorization": "Basic dTpr"}),
]


@pytest.mark.parametrize(("check", "headers"), WANTED, ids=lambda one: getattr(one, "kind", ""))
def test_what_is_missing_is_spelled_as_documented(check: Check, headers: dict[str, str]) -> None:
    for gone in headers:
        left = {key: value for key, value in headers.items() if key != gone}
        assert check.verify(BODY, left, NOW) == Rejected(Reason.MISSING, gone)
        folded = {key.lower(): value for key, value in headers.items()}
        assert check.verify(BODY, folded, NOW) == check.verify(BODY, headers, NOW)


@pytest.mark.parametrize(
    ("check", "changed", "body", "expected"),
    [
        (SLACK, {"X-Slack-Request-Timestamp": "1e9"}, BODY, "X-Slack-Request-Timestamp"),
        (STANDARD, {"webhook-timestamp": "1e9"}, BODY, "webhook-timestamp"),
        (STANDARD, {"webhook-id": "a.b"}, BODY, "webhook-id"),
        (STANDARD, {"webhook-id": "ä"}, BODY, "webhook-id"),
        (STANDARD, {"webhook-signature": " ".join(["v1,x"] * 21)}, BODY, "webhook-signature"),
        (STANDARD, {}, b"\xff", "body"),
        (PLAIN, {"X-Sig": DIGEST}, BODY, "X-Sig"),
        (PLAIN, {"X-Sig": "sha256=zz"}, BODY, "X-Sig"),
        (PLAIN, {"X-Sig": "sha256=00"}, BODY, "X-Sig"),
        (TIMED, {"X-At": "soon"}, BODY, "X-At"),
        (BearerCheck(secrets=K), {"Authorization": "Basic k"}, BODY, "Authorization"),
        (BearerCheck(secrets=K), {"Authorization": "Bearer  "}, BODY, "Authorization"),
        (BasicCheck(username="u", secrets=K), {"Authorization": "Basic dXI="}, BODY, "Authorization"),
        (BasicCheck(username="u", secrets=K), {"Authorization": "Basic dT!pr"}, BODY, "Authorization"),
        (BasicCheck(username="u", secrets=K), {"Authorization": "Basic d"}, BODY, "Authorization"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_malformed_and_named(
    check: Check, changed: dict[str, str], body: bytes, expected: str
) -> None:
    headers = {**SLACK_SIGNED, **SIGNED, "X-Sig": TIMED_DIGEST, "X-At": STAMP, **changed}
    assert check.verify(body, headers, NOW) == Rejected(Reason.MALFORMED, expected)


@pytest.mark.parametrize(
    ("off", "reason"), [(-61, Reason.FUTURE), (-60, None), (60, None), (61, Reason.STALE)]
)
def test_a_declared_window_is_kept_to(off: int, reason: Reason | None) -> None:
    verdict = TIMED.verify(BODY, {"X-Sig": TIMED_DIGEST, "X-At": STAMP}, NOW + off)
    if reason is None:
        assert verdict == Verified("default", TIMED_DIGEST, NOW)
    else:
        assert verdict == Rejected(reason, "X-At")


def test_only_what_is_signed_with_a_time_can_be_told_from_a_replay() -> None:
    standard = STANDARD.verify(BODY, SIGNED, NOW)
    assert standard == Verified("default", "msg_1", NOW)
    untimed: tuple[tuple[Check, dict[str, str]], ...] = (
        (PLAIN, {"X-Sig": "sha256=" + DIGEST}),
        (BearerCheck(secrets=K), {"Authorization": "Bearer k"}),
    )
    for check, headers in untimed:
        assert check.verify(BODY, headers, NOW) == Verified("default", "", None)


def test_one_of_twenty_signatures_is_enough_and_only_blanks_part_them() -> None:
    mine = SIGNED["webhook-signature"]
    crowded = {**SIGNED, "webhook-signature": " ".join(["v1,x"] * 19 + [mine])}
    assert isinstance(STANDARD.verify(BODY, crowded, NOW), Verified)
    tabbed = {**SIGNED, "webhook-signature": f"v1,x\t{mine}"}
    assert STANDARD.verify(BODY, tabbed, NOW) == Rejected(Reason.MISMATCH)


def test_a_word_with_a_blank_in_it_is_one_word() -> None:
    check = BearerCheck(secrets=(Secret(value=SecretStr("two words")),))
    assert isinstance(check.verify(BODY, {"Authorization": "Bearer two words"}, NOW), Verified)


@given(
    signature=st.sampled_from(["", "v0=00", "ä", "x" * 5000]),
    stamp=st.sampled_from(["", STAMP, "1", "soon", str(int(NOW) + 900)]),
    secrets=st.sampled_from([(), K]),
)
def test_what_is_hopeless_before_the_body_is_refused_in_the_same_words_after_it(
    signature: str, stamp: str, secrets: tuple[Secret, ...]
) -> None:
    check = SlackCheck(secrets=secrets)
    headers = {"X-Slack-Signature": signature, "X-Slack-Request-Timestamp": stamp}
    early, late = check.hopeless(headers, NOW), check.verify(BODY, headers, NOW)
    assert late == (early or Rejected(Reason.MISMATCH))


def test_all_secrets_ended_is_hopeless() -> None:
    ended = Secret(value=SecretStr("k"), not_after=datetime(2020, 1, 1))  # noqa: DTZ001
    assert SlackCheck(secrets=(ended,)).hopeless(SLACK_SIGNED, NOW) == Rejected(Reason.NO_SECRET)
    assert SlackCheck(secrets=(ended, *K)).hopeless(SLACK_SIGNED, NOW) is None


def test_an_end_without_a_zone_is_utc_and_one_with_a_zone_is_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        for text in ("2026-01-01T00:00:00", "2026-01-01T05:00:00+05:00"):
            ending = Secret(value=SecretStr("k"), not_after=datetime.fromisoformat(text))
            midnight = 1_767_225_600.0
            assert not ending.ended(midnight - 1)
            assert ending.ended(midnight)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("value", ["", "whsec_"])
def test_a_key_may_leave_out_its_padding_and_its_prefix(value: str) -> None:
    for length in (24, 25, 26):
        text = value + base64.b64encode(b"k" * length).decode().rstrip("=")
        StandardCheck(secrets=(Secret(value=SecretStr(text)),))


@pytest.mark.parametrize("value", ["whsec_a!b=", "whsec_ä", "whsec_="])
def test_a_secret_that_is_none_is_named_and_not_shown(value: str) -> None:
    declared = {"kind": "standard", "secrets": [{"id": "mine", "value": value}]}
    with pytest.raises(
        ValidationError,
        match=r"the secret mine is no Standard Webhooks secret \(whsec_ \+ base64\)",
    ) as caught:
        CHECK.validate_python(declared)
    assert value not in str(caught.value)


def test_what_cannot_be_signed_says_why() -> None:
    with pytest.raises(ValueError, match=r"^nothing to sign with$"):
        sign_standard((), "msg_1", NOW, BODY)
    with pytest.raises(ValueError, match=r"^the id may not hold a dot$"):
        sign_standard(WHSEC, "msg.1", NOW, BODY)
