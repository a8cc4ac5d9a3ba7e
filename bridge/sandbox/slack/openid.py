"""Sign in with Slack: OpenID Connect with a signed id_token.

https://docs.slack.dev/authentication/sign-in-with-slack. Slack signs with RS256 and publishes its keys, so
this does too; the user and team ids stand in claims whose names are URLs.
"""

from __future__ import annotations

import base64
import json
from functools import cache

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from bridge.sandbox.slack.install import check_client, take_code
from bridge.sandbox.slack.methods import ApiError, Call, method
from bridge.sandbox.slack.model import Json, Token, User
from bridge.sandbox.slack.workspace import Workspace

KEY_ID = "sandbox-key"


@method("openid.connect.token", takes_json=False, needs_token=False)
async def openid_connect_token(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/openid.connect.token."""
    check_client(call)
    grant = take_code(call)
    scopes = grant.scope.replace(",", " ").split()
    if "openid" not in scopes:
        raise ApiError("invalid_scope")
    slack = call.slack
    user = slack.users[grant.user]
    value = slack.new_id("xoxp-").lower()
    slack.tokens[value] = Token(value, user.team_id, "user", scopes, user.id)
    now = int(slack.clock())
    claims = {
        "iss": "https://slack.com",
        "aud": slack.client_id,
        "exp": now + 300,
        "iat": now,
        "auth_time": now,
        **_claims(call, user, scopes),
    }
    if grant.nonce:
        claims["nonce"] = grant.nonce
    return {"access_token": value, "token_type": "Bearer", "id_token": _signed(claims)}


@method("openid.connect.userInfo", "openid", kinds=("user",))
async def openid_connect_user_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/openid.connect.userInfo."""
    token = call.token
    if token is None:
        raise ApiError("not_authed")
    return _claims(call, call.slack.users[token.user_id], token.scopes)


def _claims(call: Call, user: User, scopes: list[str]) -> Json:
    team = call.slack.teams[user.team_id]
    claims: Json = {
        "sub": user.id,
        "https://slack.com/user_id": user.id,
        "https://slack.com/team_id": team.id,
        "https://slack.com/team_name": team.name,
        "https://slack.com/team_domain": team.domain,
    }
    if "email" in scopes:
        claims |= {"email": user.email, "email_verified": True}
    if "profile" in scopes:
        claims |= {"name": user.real_name, "locale": user.locale}
    return claims


class OpenId(Workspace):
    """The two documents a relying party reads."""

    async def configuration(self, _: web.Request) -> web.Response:
        """https://slack.com/.well-known/openid-configuration, with this emulator's addresses."""
        here = self.public_url
        return web.json_response(
            {
                "issuer": "https://slack.com",
                "authorization_endpoint": f"{here}/openid/connect/authorize",
                "token_endpoint": f"{here}/api/openid.connect.token",
                "userinfo_endpoint": f"{here}/api/openid.connect.userInfo",
                "jwks_uri": f"{here}/openid/connect/keys",
                "scopes_supported": ["openid", "profile", "email"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def keys(self, _: web.Request) -> web.Response:
        numbers = _key().public_key().public_numbers()
        modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
        exponent = numbers.e.to_bytes(3, "big")
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID}
        return web.json_response({"keys": [key | {"n": _b64(modulus), "e": _b64(exponent)}]})


@cache
def _key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=2048)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signed(claims: Json) -> str:
    header = {"alg": "RS256", "typ": "JWT", "kid": KEY_ID}
    body = f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}"
    return f"{body}.{_b64(_key().sign(body.encode(), PKCS1v15(), SHA256()))}"
