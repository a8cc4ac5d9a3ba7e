"""SuperID's sign-in: authorize with PKCE, codes, access and refresh tokens, revocation, discovery.

Docs: api/authentication/online/sign-in-user/auth-code-flow.md. A refresh answer has no refresh_token: the
old one stays good until consent is revoked. Parameters are taken from the form body and, since SuperOffice's
own clients do that, from the query string. INFER: the JSON of token errors, which is OAuth's (RFC 6749).
"""

from __future__ import annotations

import hashlib
import html
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from aiohttp import web
from yarl import URL

from bridge.sandbox.emulator import Clock
from bridge.sandbox.superoffice.answers import page
from bridge.sandbox.superoffice.credentials import Credentials, split_basic
from bridge.sandbox.superoffice.desk import Desk, Record
from bridge.sandbox.superoffice.entities import Associate
from bridge.sandbox.superoffice.seed import CLIENT_ID, CLIENT_SECRET, SYSTEM_TOKEN, TENANT
from bridge.sandbox.superoffice.signing import json_web_keys, json_web_token, url_base64
from bridge.sandbox.superoffice.switches import Switches
from bridge.sandbox.superoffice.tenants import Tenants

CLAIM: Final = "http://schemes.superoffice.net/identity/"
CODE_LIFE_S: Final = 600.0
_ID_TOKEN_LIFE_S: Final = 360
_BASES: Final = ("/login", "/Login")


@dataclass(frozen=True, slots=True)
class Code:
    """One authorization code, good once and for ten minutes."""

    associate_id: int
    redirect_uri: str
    challenge: str
    expires_at: float


class Login:
    """The routes under /login."""

    def __init__(
        self, desk: Desk, credentials: Credentials, tenants: Tenants, switches: Switches,
        clock: Clock, record: Record,
    ) -> None:  # fmt: skip
        self._desk = desk
        self._credentials = credentials
        self._tenants = tenants
        self._switches = switches
        self._clock = clock
        self._record = record
        self.codes: dict[str, Code] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            definition
            for base in _BASES
            for definition in (
                web.get(f"{base}/common/oauth/authorize", self._authorize),
                web.post(f"{base}/common/oauth/tokens", self._tokens),
                web.post(f"{base}/common/oauth/revoke", self._revoke),
                web.get(f"{base}/.well-known/openid-configuration", self._discovery),
                web.get(f"{base}/.well-known/jwks", self._keys),
            )
        ]

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        redirect_uri = query.get("redirect_uri", "")
        if query.get("client_id") != CLIENT_ID:
            return page(400, "Unknown client_id")
        if not redirect_uri.startswith(("http://", "https://")):
            return page(400, "Error 2: InvalidRedirectUrl")
        back = URL(redirect_uri)
        state = {"state": query["state"]} if "state" in query else {}
        method = query.get("code_challenge_method", "S256")
        if query.get("response_type") != "code" or method != "S256":
            raise web.HTTPFound(back.update_query(error="invalid_request", **state))
        if self._switches.consent == "denied":
            # Error 4 is Denied; INFER: how it reaches the redirect_uri.
            raise web.HTTPFound(
                back.update_query(error="access_denied", error_description="4: Denied", **state)
            )
        chosen = query.get("sign_in_as", "")
        if self._switches.consent == "page" and not chosen:
            return self._page(request)
        who = self._desk.named(chosen or "AA")
        if who is None:
            return page(400, "Unknown user")
        code = secrets.token_urlsafe(24)
        self.codes[code] = Code(
            who.associate_id,
            redirect_uri,
            query.get("code_challenge", ""),
            self._clock() + CODE_LIFE_S,
        )
        raise web.HTTPFound(back.update_query(code=code, **state))

    def _page(self, request: web.Request) -> web.Response:
        links = "".join(
            f'<li><a href="{html.escape(str(request.rel_url.update_query(sign_in_as=who.name)))}">'
            f"{html.escape(who.full_name)}</a></li>"
            for who in self._desk.associates.values()
            if who.type == "InternalAssociate" and not who.deleted
        )
        text = (
            '<!DOCTYPE html><html lang="en"><head><title>SuperID (sandbox)</title></head>'
            f"<body><h1>Sign in and allow Deskbridge</h1><ul>{links}</ul></body></html>"
        )
        return web.Response(text=text, content_type="text/html")

    async def _tokens(self, request: web.Request) -> web.Response:
        asked = await _parameters(request)
        if not _client_known(request, asked):
            return _refused("invalid_client", "Unknown client_id or client_secret", 401)
        match asked.get("grant_type"):
            case "authorization_code":
                return self._by_code(request, asked)
            case "refresh_token":
                return self._by_refresh_token(request, asked)
        return _refused("unsupported_grant_type", "Only authorization_code and refresh_token")

    def _by_code(self, request: web.Request, asked: Mapping[str, str]) -> web.Response:
        code = self.codes.pop(asked.get("code", ""), None)
        if code is None or code.expires_at <= self._clock():
            return _refused("invalid_grant", "The code is unknown, used or expired")
        if asked.get("redirect_uri") != code.redirect_uri:
            return _refused("invalid_grant", "redirect_uri differs from that of the code")
        verifier = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        if code.challenge and url_base64(verifier) != code.challenge:
            return _refused("invalid_grant", "code_verifier does not match")
        refresh_token = self._credentials.new_refresh_token(code.associate_id)
        return self._granted(request, code.associate_id, "issue_token", refresh_token)

    def _by_refresh_token(self, request: web.Request, asked: Mapping[str, str]) -> web.Response:
        associate_id = self._credentials.refresh_tokens.get(asked.get("refresh_token", ""))
        if associate_id is None:
            return _refused("invalid_grant", "The refresh token is unknown or revoked")
        return self._granted(request, associate_id, "refresh_token")

    def _granted(
        self, request: web.Request, associate_id: int, kind: str, refresh_token: str | None = None
    ) -> web.Response:
        who = self._desk.associates.get(associate_id)
        if who is None or who.deleted:
            return _refused("invalid_grant", "The user cannot sign in")
        body = {
            "token_type": "Bearer",
            "access_token": self._credentials.new_access_token(associate_id),
            "expires_in": self._switches.expires_in,
            "id_token": self._id_token(request, who),
        }
        if refresh_token is not None:
            body["refresh_token"] = refresh_token
        self._record(kind, who.name, associate_id=associate_id)
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    def _id_token(self, request: web.Request, who: Associate) -> str:
        now = int(self._clock())
        return json_web_token(
            {
                "iss": str(request.url.origin()),
                "aud": CLIENT_ID,
                "sub": who.user_name,
                "iat": str(now),  # a string, as in the documented sample
                "nbf": now,
                "exp": now + _ID_TOKEN_LIFE_S,
                f"{CLAIM}associateid": str(who.associate_id),
                f"{CLAIM}ctx": TENANT,
                f"{CLAIM}webapi_url": f"{self._tenants.endpoint(request)}/api/",
                f"{CLAIM}system_token": SYSTEM_TOKEN,
                f"{CLAIM}email": who.user_name,
                f"{CLAIM}upn": who.user_name,
                f"{CLAIM}is_administrator": str(who.name == "ADM0"),
                f"{CLAIM}serial": "1234567890",
            }
        )

    async def _revoke(self, request: web.Request) -> web.Response:
        """INFER: RFC 7009; documented is only that revoked consent ends a refresh token."""
        asked = await _parameters(request)
        if not _client_known(request, asked):
            return _refused("invalid_client", "Unknown client_id or client_secret", 401)
        token = asked.get("token", "")
        self._credentials.refresh_tokens.pop(token, None)
        self._credentials.access_tokens.pop(token, None)
        return web.Response(status=200)

    async def _discovery(self, request: web.Request) -> web.Response:
        origin = str(request.url.origin())
        return web.json_response(
            {
                "issuer": origin,
                "authorization_endpoint": f"{origin}/login/common/oauth/authorize",
                "token_endpoint": f"{origin}/login/common/oauth/tokens",
                "jwks_uri": f"{origin}/login/.well-known/jwks",
                "scopes_supported": ["openid"],
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "client_secret_basic",
                ],
            }
        )

    async def _keys(self, _: web.Request) -> web.Response:
        return web.json_response(json_web_keys())


async def _parameters(request: web.Request) -> dict[str, str]:
    form = await request.post()
    asked = dict(request.query)
    asked.update({key: value for key, value in form.items() if isinstance(value, str)})
    return asked


def _client_known(request: web.Request, asked: Mapping[str, str]) -> bool:
    """client_secret_post or client_secret_basic."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    given = (asked.get("client_id", ""), asked.get("client_secret", ""))
    if scheme.lower() == "basic":
        user, password = split_basic(value)
        given = (unquote(user), unquote(password))
    return given == (CLIENT_ID, CLIENT_SECRET)


def _refused(error: str, description: str, status: int = 400) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=status)
