"""A person's consent by OAuth: where the browser is sent, with PKCE, and what its code is exchanged for.

Source: https://docs.superoffice.com/en/authentication/online/sign-in-user/auth-code-flow.html
"""

from __future__ import annotations

import base64
import hashlib

from pydantic import SecretStr
from yarl import URL

from bridge.contract import Unsent
from bridge.outbound import Outbound
from bridge.settings import SuperOffice as Settings
from bridge.upstreams.superoffice.refusal import Refusal
from bridge.upstreams.superoffice.signin import Granted, bearer, grant, renew_after_s
from bridge.upstreams.superoffice.tenant import login_base

__all__ = [
    "Granted",
    "Refusal",
    "address",
    "bearer",
    "exchange",
    "possible",
    "renew",
    "renew_after_s",
]


def possible(settings: Settings) -> bool:
    """Whether people can sign in here: only online tenants have OAuth, and it needs a client."""
    return bool(settings.client_id and settings.client_secret)


def address(settings: Settings, *, redirect_uri: str, state: str, verifier: str) -> str:
    """The page at SuperID where the person signs in and consents."""
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "client_id": settings.client_id,
        "scope": "openid",
        "redirect_uri": redirect_uri,
        "response_type": "code",
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    if settings.tenant:
        asked["acr_values"] = f"tenant:{settings.tenant}"
    return str(URL(f"{login_base(settings)}/login/common/oauth/authorize").with_query(asked))


async def exchange(
    settings: Settings, outbound: Outbound, *, code: str, redirect_uri: str, verifier: str
) -> Granted:
    """Tokens for the code. Raises `Refusal`, or `Unsent` when SuperID cannot be asked."""
    given = await grant(
        settings,
        outbound,
        grant_type="authorization_code",
        code=code,
        redirect_uri=redirect_uri,
        code_verifier=verifier,
    )
    if given.refresh_token is None:
        raise Unsent("sign-in: SuperID gave no refresh token")
    return given


async def renew(settings: Settings, outbound: Outbound, refresh_token: SecretStr) -> Granted:
    """A new access token for a person. Raises `Refusal` when the consent was revoked, or `Unsent`."""
    token = refresh_token.get_secret_value()
    return await grant(settings, outbound, grant_type="refresh_token", refresh_token=token)
