"""Installing the app in a workspace: `/slack/install`, the way back, and being thrown out again.

The flow is Bolt's (state cookie, state store, exchange of the code); ours are the stores, the pages'
failure when the store is down, and what the door forgets when a workspace uninstalls or revokes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from bridge.contract import Lost, Unsent
from bridge.delivery.client import web_client
from bridge.ingress.http.limits import Limits
from bridge.ingress.http.problems import Problem
from bridge.ingress.slack.usergroups import Usergroups
from bridge.ingress.slack.workspaces import Workspaces
from bridge.jobs.auditing import Actor, Audit
from bridge.outbound import Outbound
from bridge.settings import Settings
from bridge.signatures.origin import Senders
from bridge.vault import Vault

if TYPE_CHECKING:
    from bridge.ingress.linking import Linking
from bridge.ingress.slack.installations import StoredInstallations

log = structlog.get_logger()

SCOPES = (
    "app_mentions:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:write",
    "im:write",
    "usergroups:read",
    "users:read",
    "users:read.email",
)
_QUIET = "bridge.ingress.slack.bolt"  # the SDK logs codes and answers
VISITS_PER_MINUTE = 30  # from one address: each writes to the database or asks Slack
INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"


class OAuthClient(AsyncWebClient):
    """The Web API with the app's credentials in the form body, which Slack takes as well as a header.

    The SDK would put them into aiohttp's BasicAuth, which is deprecated and which our session ignores.
    """

    async def oauth_v2_access(
        self, *, client_id: str, client_secret: str, **form: Any
    ) -> AsyncSlackResponse:
        given = {name: value for name, value in form.items() if value is not None}
        credentials = {"client_id": client_id, "client_secret": client_secret}
        return await self.api_call("oauth.v2.access", data={**given, **credentials})


def oauth_client(outbound: Outbound, api_url: str) -> OAuthClient:
    """The client that exchanges codes and refresh tokens, on our way out."""
    plain = web_client(outbound, api_url, "")
    return OAuthClient(
        base_url=api_url, session=plain.session, retry_handlers=[], logger=logging.getLogger(_QUIET)
    )


def installations_of(
    settings: Settings, engine: Engine, vault: Vault, outbound: Outbound
) -> StoredInstallations | None:
    """The stored installations, when the settings ask for many workspaces."""
    slack = settings.slack
    if not slack.client_id or slack.client_secret is None:
        return None
    from bridge.ingress.slack.installations import StoredInstallations  # brings SQLAlchemy's ORM

    return StoredInstallations(
        engine,
        vault,
        client=oauth_client(outbound, slack.api_url),
        client_id=slack.client_id,
        client_secret=slack.client_secret.get_secret_value(),
    )


def oauth_flow(
    settings: Settings, installations: StoredInstallations, outbound: Outbound
) -> AsyncOAuthFlow:
    """Bolt's flow on our stores and our way out. Everything is passed, so that it reads no environment."""
    slack = settings.slack
    secret = slack.client_secret.get_secret_value() if slack.client_secret else ""
    public_url = settings.server.public_url.rstrip("/")
    return AsyncOAuthFlow(
        client=oauth_client(outbound, slack.api_url),
        logger=logging.getLogger(_QUIET),
        settings=AsyncOAuthSettings(
            client_id=slack.client_id,
            client_secret=secret,
            scopes=list(SCOPES),
            user_scopes=[],
            redirect_uri=f"{public_url}{REDIRECT}" if public_url else None,
            install_path=INSTALL,
            redirect_uri_path=REDIRECT,
            installation_store=installations.threaded,
            installation_store_bot_only=True,
            state_store=installations.states,
        ),
    )


class Install:
    """The two pages, and the events that undo them."""

    def __init__(
        self,
        *,
        flow: AsyncOAuthFlow | None,
        installations: StoredInstallations | None,
        workspaces: Workspaces,
        usergroups: Usergroups,
        trusted_proxies: Sequence[str],
        clock: Callable[[], float],
        linking: Linking | None = None,
        audit: Audit | None = None,
    ) -> None:
        self._flow = flow
        self._installations = installations
        self._workspaces = workspaces
        self._usergroups = usergroups
        self._linking = linking
        self._audit = audit
        self._limits = Limits(clock)
        self._senders = Senders(trusted_proxies)

    def register(self, app: AsyncApp) -> None:
        app.event("app_uninstalled")(self.uninstalled)
        app.event("tokens_revoked")(self.revoked)

    def routes(self) -> list[web.RouteDef]:
        if self._flow is None:
            return []
        return [web.get(INSTALL, self._install), web.get(REDIRECT, self._redirect)]

    async def uninstalled(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Forgotten before the ack: should the store be down, Slack sends the event again."""
        team_id, enterprise_id = _where(body)
        self._workspaces.forget(team_id, enterprise_id)
        self._usergroups.forget(team_id)
        if self._installations is not None:
            await self._installations.remove(team_id, enterprise_id)
        if self._linking is not None:
            await self._linking.remove_all(f"slack:{team_id or enterprise_id}")
        log.info("slack.uninstalled", team=team_id)
        await self._note("workspace.uninstall", team_id or enterprise_id)
        await ack()

    async def revoked(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        team_id, enterprise_id = _where(body)
        tokens = (body.get("event") or {}).get("tokens") or {}
        if tokens.get("bot"):
            self._workspaces.forget(team_id, enterprise_id)
            if self._installations is not None:
                await self._installations.remove_bot(team_id, enterprise_id)
            log.info("slack.token_revoked", team=team_id)
            await self._note("workspace.revoke", team_id or enterprise_id)
        await ack()

    async def _note(self, what: str, team: str) -> None:
        if self._audit is not None:  # Slack does not say which of its admins it was
            await self._audit.note(Actor("slack", "workspace", f"slack:{team}"), what, target=team)

    async def _install(self, request: web.Request) -> web.Response:
        return await self._answer(request, redirected=False)

    async def _redirect(self, request: web.Request) -> web.Response:
        return await self._answer(request, redirected=True)

    async def _answer(self, request: web.Request, *, redirected: bool) -> web.Response:
        if self._flow is None:
            raise web.HTTPNotFound
        try:
            self._limits.take(self._senders.address(request), VISITS_PER_MINUTE)
        except Problem as problem:
            return web.Response(status=429, text=problem.detail, headers=problem.headers)
        asked = AsyncBoltRequest(body="", query=request.query_string, headers=dict(request.headers))
        try:
            answer: BoltResponse = await (
                self._flow.handle_callback(asked)
                if redirected
                else self._flow.handle_installation(asked)
            )
        except SQLAlchemyError as error:
            # Bolt catches only its own errors here; Slack may already have issued the token.
            log.warning("slack.install_not_stored", error=type(error).__name__)
            text = "The installation could not be stored. Nothing is lost: please install again."
            return web.Response(status=503, text=text)
        except (Unsent, Lost):
            text = "Slack could not be asked just now. Please install again in a minute."
            return web.Response(status=503, text=text)
        return await to_aiohttp_response(answer)


def _where(body: dict[str, Any]) -> tuple[str, str]:
    return str(body.get("team_id") or ""), str(body.get("enterprise_id") or "")
