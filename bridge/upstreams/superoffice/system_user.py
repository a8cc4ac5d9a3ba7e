"""The system user: a token signed with our key is exchanged for a ticket that lives as long as it is used.

The ticket stands in a JSON Web Token, which is checked against SuperID's published keys. Note that a
system user is never a chat's agent: SuperOffice answers its transfers with 200 and does nothing.
Source: https://docs.superoffice.com/en/authentication/online/auth-application/index.html and
https://github.com/SuperOffice/devnet-python-system-user
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import SecretStr
from yarl import URL

from bridge.contract import Lost, Unsent, decode_json
from bridge.outbound import Outbound
from bridge.settings import SuperOffice as Settings
from bridge.upstreams.credential import Credential
from bridge.upstreams.superoffice.refusal import signed_out
from bridge.upstreams.superoffice.signin import ask, reveal, ticket
from bridge.upstreams.superoffice.tenant import login_base

log = structlog.get_logger(__name__)

CLAIM = "http://schemes.superoffice.net/identity/"
ISSUER = "SuperOffice AS"
TICKET_S = 6 * 3600.0  # from its last use
LEEWAY_S = 300.0
UNVERIFIED = "SuperOffice gave a ticket that is not signed as it should be."


class SystemUser:
    """Gets tickets for a system user token. A key that cannot be read is a `ValueError` at once."""

    def __init__(self, settings: Settings, outbound: Outbound, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._outbound = outbound
        self._clock = clock
        self._key = read_key(reveal(settings.private_key))

    async def __call__(self) -> tuple[Credential, float]:
        asked = {
            "SignedSystemToken": sign(
                reveal(self._settings.system_token), self._key, self._clock()
            ),
            "ApplicationToken": reveal(self._settings.client_secret),
            "ContextIdentifier": self._settings.tenant,
            "ReturnTokenType": "JWT",
        }
        url = f"{login_base(self._settings)}/Login/api/PartnerSystemUser/Authenticate"
        answer = await ask(self._outbound, url, json.dumps(asked).encode(), "application/json")
        said = decode_json(answer.body)
        token = said.get("Token") if isinstance(said, dict) and said.get("IsSuccessful") else None
        if answer.status != 200 or not isinstance(token, str):
            raise signed_out("SuperOffice gave no ticket to the system user.")
        claims = read_token(token, await self._keys(), self._clock())
        value = claims.get(f"{CLAIM}ticket")
        context = str(claims.get(f"{CLAIM}ctx", self._settings.tenant))
        if not isinstance(value, str) or context.lower() != self._settings.tenant.lower():
            raise signed_out(UNVERIFIED)
        log.info("superoffice.ticket_renewed")
        app_token = self._settings.app_token or self._settings.client_secret
        return ticket(SecretStr(value), app_token), TICKET_S

    async def _keys(self) -> list[Mapping[str, Any]] | None:
        """SuperID's keys; None when they cannot be had just now.

        The ticket came from the same host over TLS, so then it is taken as it is rather than refused.
        """
        url = URL(f"{login_base(self._settings)}/login/.well-known/jwks", encoded=True)
        try:
            answer = await self._outbound.send("GET", url, route="GET /login/.well-known/jwks")
        except (Lost, Unsent):
            answer = None
        said = decode_json(answer.body) if answer is not None and answer.status == 200 else None
        keys = said.get("keys") if isinstance(said, dict) else None
        if not isinstance(keys, list):
            log.warning("superoffice.ticket_unverified")
            return None
        return [key for key in keys if isinstance(key, dict)]


def read_key(pem: str) -> rsa.RSAPrivateKey:
    """The RSA key in a PEM text, also one with escaped line breaks, as environments hold them."""
    try:
        key = load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("private_key is no unencrypted RSA key in PEM")  # noqa: TRY004 - a setting
    return key


def sign(system_token: str, key: rsa.RSAPrivateKey, now: float) -> str:
    """`token.YYYYMMDDHHmm.base64(RSA-SHA256)`, the minute in UTC."""
    message = f"{system_token}.{datetime.fromtimestamp(now, UTC):%Y%m%d%H%M}"
    signature = key.sign(message.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{message}.{base64.b64encode(signature).decode()}"


def read_token(
    token: str, keys: Sequence[Mapping[str, Any]] | None, now: float
) -> Mapping[str, Any]:
    """The claims of a JSON Web Token that is whole, ours and of now. Raises `Refusal`."""
    parts = token.split(".")
    try:
        header, claims = (json.loads(_unpacked(part)) for part in parts[:2])
        signature = _unpacked(parts[2])
        until, since = float(claims["exp"]), float(claims.get("nbf", 0))
        issued = claims["iss"] == ISSUER and str(claims["aud"]).startswith("spn:")
        algorithm, key_id = header["alg"], header.get("kid")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise signed_out(UNVERIFIED) from None
    signed = keys is None or any(
        _verifies(key, f"{parts[0]}.{parts[1]}".encode(), signature)
        for key in keys
        if key_id in (None, key.get("kid"))
    )
    timely = since - LEEWAY_S <= now <= until + LEEWAY_S
    if len(parts) != 3 or algorithm != "RS256" or not (issued and timely and signed):
        raise signed_out(UNVERIFIED)
    return dict(claims)


def _verifies(key: Mapping[str, Any], message: bytes, signature: bytes) -> bool:
    try:
        numbers = rsa.RSAPublicNumbers(
            int.from_bytes(_unpacked(key["e"])), int.from_bytes(_unpacked(key["n"]))
        )
        public = numbers.public_key()
        public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def _unpacked(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise ValueError("no base64") from error
