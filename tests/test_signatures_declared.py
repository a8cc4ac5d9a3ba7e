"""Checks as configuration declares them: what works, and what is refused without telling a secret."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

import pytest
from pydantic import SecretStr, ValidationError

from bridge.signatures import (
    CHECK,
    HmacCheck,
    Secret,
    Verified,
)
from tests.signed import BODY, NOW, STAMP


def mac(message: bytes) -> str:
    return hmac.new(b"k", message, hashlib.sha256).hexdigest()


def test_where_the_timestamp_stands_is_declared() -> None:
    check = HmacCheck(
        header="X-Sig",
        timestamp_header="X-At",
        signed="v0:{timestamp}:{body}:end",
        secrets=(Secret(value=SecretStr("k")),),
    )
    digest = mac(b"v0:" + STAMP.encode() + b":" + BODY + b":end")
    assert isinstance(check.verify(BODY, {"X-Sig": digest, "X-At": STAMP}, NOW), Verified)


@pytest.mark.parametrize(
    "declared",
    [
        {"kind": "hmac", "header": "X", "signed": "{timestamp}.{body}"},
        {"kind": "hmac", "header": "X", "timestamp_header": "T", "signed": "{body}"},
        {"kind": "hmac", "header": "X", "signed": "{body}{body}"},
        {"kind": "hmac", "header": "X", "signed": "none"},
        {"kind": "hmac", "header": "X", "algorithm": "sha1"},
        {"kind": "hmac", "header": "X", "algoritm": "sha256"},
        {"kind": "hmac"},
        {"kind": "md5", "header": "X"},
        {"kind": "slack", "secrets": [{"value": "  "}]},
        {"kind": "standard", "secrets": [{"value": "whsec_"}]},
        {"kind": "standard", "secrets": [{"value": "whsec_CANARY!"}]},
        {"kind": "basic", "username": "a:b"},
        {"kind": "token", "header": "X", "secrets": [{"value": ""}]},
    ],
)
def test_a_declaration_that_cannot_work_is_refused(declared: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        CHECK.validate_python(declared)
    assert "CANARY" not in str(caught.value)


def test_a_declaration_as_toml_gives_it() -> None:
    declared = {
        "kind": "github",
        "secrets": [{"id": "2026", "value": "k", "not_after": datetime(2030, 1, 1)}],  # noqa: DTZ001
    }
    check = CHECK.validate_python(declared)
    assert isinstance(
        check.verify(BODY, {"X-Hub-Signature-256": "sha256=" + mac(BODY)}, NOW), Verified
    )
    assert "k'" not in repr(check)
