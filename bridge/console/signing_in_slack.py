"""Sign in with Slack: OpenID Connect's code flow, told by the SDK and bound to this browser.

A sealed cookie that lives ten minutes holds `state` and `nonce`. The identity token comes straight from
Slack's token endpoint over TLS, which OpenID Connect Core (3.1.3.7, point 6) accepts in place of checking
its signature; its audience, nonce and age are checked, and the person is the one whom `userInfo` names
for the very token that was issued. https://docs.slack.dev/authentication/sign-in-with-slack
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

import structlog
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.oauth import OpenIDConnectAuthorizeUrlGenerator

from bridge.console import wording
from bridge.console.headers import UNSTORED
from bridge.console.pages import page
from bridge.console.roles import Role, Staff
from bridge.console.session import Sessions
from bridge.console.signing_in import SigningIn
from bridge.console.visit import Gate, Visit
from bridge.contract import Lost, Unsent
from bridge.delivery.client import web_client
from bridge.outbound import Outbound
from bridge.settings import Settings
from bridge.vault import Unreadable, Vault

log = structlog.get_logger()

START, BACK = "/console/slack/start", "/console/slack/back"
COOKIE: Final = "deskbridge-console-slack"
PURPOSE: Final = "console slack"
LASTS_S: Final = 600.0
USER, TEAM = "https://slack.com/user_id", "https://slack.com/team_id"
ENTERPRISE = "https://slack.com/enterprise_id"


class NotSignedIn(Exception):
    """Slack, or what came back through the browser, did not prove who is there."""


class SlackSigningIn:
    """The way to Slack and back."""

    def __init__(
        self,
        *,
        settings: Settings,
        gate: Gate,
        staff: Staff,
        sign_in: SigningIn,
        outbound: Outbound,
        vault: Vault,
        clock: Callable[[], float],
    ) -> None:
        self._slack = settings.slack
        self._public_url = settings.server.public_url.rstrip("/")
        self._gate = gate
        self._staff = staff
        self._sign_in = sign_in
        self._outbound = outbound
        self._vault = vault
        self._clock = clock

    @property
    def _sessions(self) -> Sessions:
        return self._gate.sessions

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get(START, self._gate(self._start, needs=Role.NOBODY)),
            web.get(BACK, self._gate(self._back, needs=Role.NOBODY)),
        ]

    async def _start(self, visit: Visit) -> web.StreamResponse:
        state, nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        authorize = OpenIDConnectAuthorizeUrlGenerator(
            client_id=quote(self._slack.client_id, safe=""),
            redirect_uri=quote(self._redirect_uri(visit.request), safe=""),
            scopes=["openid", "profile"],
            authorization_url=_beside(self._slack.api_url, "openid/connect/authorize"),
        )
        response = web.Response(
            status=303, headers={**UNSTORED, "Location": authorize.generate(state, nonce)}
        )
        until = self._clock() + LASTS_S
        sealed = {"purpose": PURPOSE, "state": state, "nonce": nonce, "until": until}
        response.set_cookie(
            COOKIE,
            self._vault.seal(sealed),
            max_age=int(LASTS_S),
            path="/console/slack",
            httponly=True,
            samesite="Lax",  # Slack sends the browser back from its own site
            secure=self._sessions.is_secure(visit.request),
        )
        return response

    async def _back(self, visit: Visit) -> web.StreamResponse:
        query = visit.request.query
        try:
            nonce = self._nonce(visit.request)
            claims = await self._claims(query.get("code", ""), visit.request, nonce)
        except NotSignedIn as error:
            log.warning("console.sign_in_failed", how="slack", remote=visit.request.remote)
            return self._sign_in.refuse(visit, str(error), 403)
        user_id, team_id = str(claims.get(USER, "")), str(claims.get(TEAM, ""))
        enterprise_id = str(claims.get(ENTERPRISE, ""))
        if self._staff.role(user_id, team_id, enterprise_id) is Role.NOBODY:
            log.warning("console.stranger", user_id=user_id, team_id=team_id)
            sentence = wording.SIGN_IN["stranger"].format(user_id=user_id)
            return self._sign_in.refuse(visit, sentence, 403)
        response = page("onward.html", {"address": "/console"})
        session = self._sessions.with_slack(
            user_id=user_id,
            team_id=team_id,
            enterprise_id=enterprise_id,
            name=str(claims.get("name", "")),
        )
        await self._sign_in.admit(visit, response, session)
        response.del_cookie(COOKIE, path="/console/slack")
        return response

    def _nonce(self, request: web.Request) -> str:
        """The nonce of the sign-in that this browser began."""
        try:
            kept = self._vault.open(request.cookies.get(COOKIE, ""))
        except Unreadable:
            kept = None
        if not isinstance(kept, dict) or kept.get("purpose") != PURPOSE:
            raise NotSignedIn(wording.SIGN_IN["stale"])
        given = request.query.get("state", "")
        same = hmac.compare_digest(str(kept["state"]).encode(), given.encode("utf-8", "replace"))
        if not same or kept["until"] <= self._clock():
            raise NotSignedIn(wording.SIGN_IN["stale"])
        return str(kept["nonce"])

    async def _claims(self, code: str, request: web.Request, nonce: str) -> dict[str, Any]:
        """Who Slack says is there."""
        if refused := request.query.get("error", ""):
            raise NotSignedIn(wording.SIGN_IN["denied"].format(reason=refused[:60]))
        secret = self._slack.client_secret.get_secret_value() if self._slack.client_secret else ""
        try:
            # The SDK's own method would send the secret as Basic authentication through a part of
            # aiohttp that is going away; Slack takes it as a parameter just as well.
            granted = await web_client(self._outbound, self._slack.api_url, "").api_call(
                "openid.connect.token",
                data={
                    "client_id": self._slack.client_id,
                    "client_secret": secret,
                    "code": code,
                    "redirect_uri": self._redirect_uri(request),
                },
            )
            self._check(_payload(str(granted.get("id_token", ""))), nonce)
            token = str(granted.get("access_token", ""))
            info = await web_client(
                self._outbound, self._slack.api_url, token
            ).openid_connect_userInfo()
        except SlackApiError as error:
            reason = str(error.response.get("error", "no reason given"))[:60]
            raise NotSignedIn(wording.SIGN_IN["denied"].format(reason=reason)) from None
        except (Unsent, Lost):
            reason = "Slack does not answer"
            raise NotSignedIn(wording.SIGN_IN["denied"].format(reason=reason)) from None
        return dict(info.data) if isinstance(info.data, dict) else {}

    def _check(self, claims: dict[str, Any], nonce: str) -> None:
        said = str(claims.get("nonce", ""))
        audience = claims.get("aud")
        fits = (
            audience in (self._slack.client_id, [self._slack.client_id])
            and isinstance(claims.get("exp"), (int, float))
            and claims["exp"] > self._clock()
            and hmac.compare_digest(said.encode(), nonce.encode())
        )
        if not fits:
            raise NotSignedIn(wording.SIGN_IN["stale"])

    def _redirect_uri(self, request: web.Request) -> str:
        return f"{self._public_url or request.url.origin()}{BACK}"


def _beside(api_url: str, path: str) -> str:
    """An address of the host whose Web API stands at `api_url` (…/api/)."""
    return f"{api_url.rstrip('/').removesuffix('/api')}/{path}"


def _payload(token: str) -> dict[str, Any]:
    """The claims of a JSON Web Token that came from its issuer itself."""
    parts = token.split(".")
    try:
        raw = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = json.loads(raw)
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
