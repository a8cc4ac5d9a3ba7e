"""Standard Webhooks: the reference vector, senders in rotation, and what only looks like v1."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from bridge.signatures import (
    Reason,
    Rejected,
    StandardCheck,
    Verified,
    sign_standard,
)
from tests.signed import BODY, NOW, OTHER_WHSEC, STAMP, WHSEC, secret


def test_the_standard_webhooks_vector() -> None:
    """The vector of the reference libraries: github.com/standard-webhooks/standard-webhooks."""
    at, body = 1_614_265_330.0, b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert sign_standard([secret(WHSEC)], headers["webhook-id"], at, body) == headers
    unprefixed = secret(WHSEC.removeprefix("whsec_"))
    assert sign_standard([unprefixed], headers["webhook-id"], at, body) == headers
    verdict = StandardCheck(secrets=(secret(WHSEC),)).verify(body, headers, at)
    assert verdict == Verified("default", headers["webhook-id"], at)


def test_several_signatures_of_a_sender_in_rotation() -> None:
    both = sign_standard([secret(OTHER_WHSEC, "b"), secret(WHSEC, "a")], "msg_1", NOW, BODY)
    assert both["webhook-signature"].count("v1,") == 2
    for one in (WHSEC, OTHER_WHSEC):
        check = StandardCheck(secrets=(secret(one),))
        assert isinstance(check.verify(BODY, both, NOW), Verified)
        unknown = {
            **both,
            "webhook-signature": "v1a,xxx v9,=== nonsense " + both["webhook-signature"],
        }
        assert isinstance(check.verify(BODY, unknown, NOW), Verified)
        many = {**both, "webhook-signature": " ".join([both["webhook-signature"]] * 15)}
        assert isinstance(check.verify(BODY, many, NOW), Rejected)


def test_only_v1_counts() -> None:
    headers = sign_standard([secret(WHSEC)], "msg_1", NOW, BODY)
    for other in ("v1a", "v2", "V1", ""):
        changed = headers["webhook-signature"].replace("v1", other, 1)
        check = StandardCheck(secrets=(secret(WHSEC),))
        verdict = check.verify(BODY, {**headers, "webhook-signature": changed}, NOW)
        assert verdict == Rejected(Reason.MISMATCH)


def test_an_id_cannot_lend_its_end_to_the_timestamp() -> None:
    key = base64.b64decode(WHSEC.removeprefix("whsec_"))
    digest = hmac.new(key, f"a.b.{STAMP}.".encode() + BODY, hashlib.sha256).digest()
    headers = {
        "webhook-id": "a.b",
        "webhook-timestamp": STAMP,
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
    verdict = StandardCheck(secrets=(secret(WHSEC),)).verify(BODY, headers, NOW)
    assert verdict == Rejected(Reason.MALFORMED, "webhook-id")
    with pytest.raises(ValueError, match="dot"):
        sign_standard([secret(WHSEC)], "a.b", NOW, BODY)


def test_signing_needs_a_live_secret() -> None:
    with pytest.raises(ValueError, match="nothing to sign with"):
        sign_standard([secret(WHSEC, not_after=NOW)], "msg_1", NOW, BODY)
