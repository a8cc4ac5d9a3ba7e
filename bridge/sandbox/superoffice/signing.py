"""RSA keys and JSON Web Tokens: SuperID's own key, and the partner's key that signs system user tokens.

Keys are made once per process, because making one takes a noticeable moment. Docs:
api/authentication/online/validate-security-tokens.md (RS256, `/login/.well-known/jwks`).
"""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

KEY_ID: Final = "sandbox-1"


@cache
def superid_key() -> rsa.RSAPrivateKey:
    """The key with which SuperID signs; its public half is the JWKS."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def partner_key() -> rsa.RSAPrivateKey:
    """The key pair that the application's owner registered with SuperOffice."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def partner_key_pem() -> str:
    """The partner's private key as a file would hold it."""
    return (
        partner_key()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def verified(message: str, signature: bytes) -> bool:
    """Whether the partner signed this message with RSA-SHA256, PKCS #1 v1.5."""
    try:
        partner_key().public_key().verify(
            signature, message.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        return False
    return True


def json_web_token(claims: dict[str, Any]) -> str:
    """A token signed RS256 with SuperID's key."""
    header = {"typ": "JWT", "alg": "RS256", "kid": KEY_ID}
    signed = f"{_part(header)}.{_part(claims)}"
    signature = superid_key().sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{url_base64(signature)}"


def json_web_keys() -> dict[str, Any]:
    """The JWKS document."""
    numbers = superid_key().public_key().public_numbers()
    key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID}
    return {"keys": [key | {"n": _number(numbers.n), "e": _number(numbers.e)}]}


def url_base64(data: bytes) -> str:
    """URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _part(value: dict[str, Any]) -> str:
    return url_base64(json.dumps(value, separators=(",", ":")).encode())


def _number(value: int) -> str:
    return url_base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))
