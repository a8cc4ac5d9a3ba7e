"""A system user's JSON Web Token is believed only when it is whole, SuperOffice's and of now."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bridge.sandbox.superoffice.signing import (
    json_web_keys,
    json_web_token,
    partner_key_pem,
    verified,
)
from bridge.upstreams.superoffice.refusal import Refusal
from bridge.upstreams.superoffice.system_user import read_key, read_token, sign

NOW = 1_750_000_000.0
CLAIMS: dict[str, Any] = {
    "iss": "SuperOffice AS",
    "aud": "spn:1234567890",
    "iat": "1750000000",
    "nbf": 1_750_000_000,
    "exp": 1_750_000_360,
}
KEYS = json_web_keys()["keys"]


def test_a_good_token() -> None:
    assert read_token(json_web_token(CLAIMS), KEYS, NOW)["iss"] == "SuperOffice AS"
    assert read_token(json_web_token(CLAIMS), None, NOW)  # keys out of reach


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "Somebody"},
        {"aud": "another"},
        {"exp": 1_749_999_000},
        {"nbf": 1_750_001_000},
        {"exp": "soon"},
        {"exp": None},
    ],
)
def test_a_token_of_somebody_else_or_another_time(change: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        read_token(json_web_token(CLAIMS | change), KEYS, NOW)


def _tampered() -> list[str]:
    good = json_web_token(CLAIMS)
    header, claims, signature = good.split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).decode().rstrip("=")
    mac = base64.urlsafe_b64encode(json.dumps({"alg": "HS256"}).encode()).decode().rstrip("=")
    other = base64.urlsafe_b64encode(json.dumps(CLAIMS | {"aud": "spn:2"}).encode()).decode()
    return [
        *("", ".", "..", "a.b.c", "ä.ö.ü", good[:-9], f"{header}.{claims}", f"{good}.x"),
        *(f"{none}.{claims}.", f"{mac}.{claims}.{signature}", f"{header}.{other}.{signature}"),
        f"{header}.W10.{signature}",
    ]


@pytest.mark.parametrize("token", _tampered())
def test_a_token_that_was_changed(token: str) -> None:
    with pytest.raises(Refusal):
        read_token(token, KEYS, NOW)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [{}],
        [{"kid": "sandbox-1"}],
        [KEYS[0] | {"kid": "other"}],
        [KEYS[0] | {"n": "AQAB"}],
        [KEYS[0] | {"n": 7}],
    ],
)
def test_a_token_that_no_key_signed(keys: list[dict[str, Any]]) -> None:
    with pytest.raises(Refusal):
        read_token(json_web_token(CLAIMS), keys, NOW)


def test_the_signed_system_token() -> None:
    key = read_key(partner_key_pem())
    assert isinstance(key, rsa.RSAPrivateKey)
    message, _, signature = sign("App-1", key, NOW).rpartition(".")
    assert message == "App-1.202506151506"
    assert verified(message, base64.b64decode(signature))
