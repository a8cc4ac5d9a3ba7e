"""The workspaces that the app is installed in: their bot tokens, cached, and a client for each.

Nothing here is asked before an ack. Bolt's own authorize calls `auth.test` and the store in front of
every command; `FromMemory` answers from what is known, since the
signature has already proven that the request is Slack's. A token is looked up when a call needs
one: single flight, kept for a while, forgotten when Slack revokes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bridge.contract import Lost, Unsent
from bridge.delivery.client import web_client
from bridge.outbound import Outbound

log = structlog.get_logger()

KEEP_S = 300.0
# What a call to Slack can end in besides an answer; all of them are "not now" to this room.
SLACK_FAILS = (SlackClientError, Unsent, Lost)


@dataclass(frozen=True, slots=True)
class Bot:
    """What is known of the app's bot in one workspace."""

    token: str
    user_id: str = ""


class Installations(Protocol):
    """Where the bots of many workspaces are kept."""

    async def bot(self, team_id: str, enterprise_id: str) -> Bot | None:
        """The bot of this workspace, a fresh token if they rotate; None when not installed."""
        ...


class NotInstalled(Exception):
    """The app has no token for this workspace (any more)."""


class Workspaces:
    """Bots by workspace, and Web API clients on the process's one way out."""

    def __init__(
        self,
        *,
        outbound: Outbound,
        token: str,
        installations: Installations | None,
        api_url: str,
        clock: Callable[[], float],
        keep_s: float = KEEP_S,
    ) -> None:
        self._outbound = outbound
        self._token = token
        self._installations = installations
        self._api_url = api_url
        self._clock = clock
        self._keep_s = keep_s
        self._known: dict[str, tuple[Bot, float]] = {}
        self._asking: dict[str, asyncio.Future[Bot | None]] = {}
        self.authorize = FromMemory(self)

    async def warm(self) -> None:
        """Learn the one bot's own id; failing is no reason not to take commands."""
        if not self._token:
            return
        try:
            answer = await self._client(self._token).auth_test()
        except SLACK_FAILS as error:
            log.warning("slack.warm_failed", error=type(error).__name__)
            return
        bot = Bot(self._token, str(answer.get("user_id") or ""))
        self._known[str(answer.get("team_id") or "")] = (bot, float("inf"))

    def teams(self) -> list[str]:
        """The workspaces that are known by now."""
        return [team_id for team_id in self._known if team_id]

    def remembered(self, team_id: str, enterprise_id: str) -> Bot | None:
        """What memory knows, however old; never any I/O."""
        known = self._known.get(team_id or enterprise_id)
        if known is not None:
            return known[0]
        return Bot(self._token) if self._token else None

    async def client(self, team_id: str, enterprise_id: str = "") -> AsyncWebClient:
        """A Web API client with the workspace's bot token. Raises `NotInstalled`."""
        return self._client((await self.bot(team_id, enterprise_id)).token)

    async def bot(self, team_id: str, enterprise_id: str = "") -> Bot:
        """The workspace's bot, from memory while it is fresh. Raises `NotInstalled`."""
        place = team_id or enterprise_id
        known = self._known.get(place)
        if known is not None and self._clock() < known[1]:
            return known[0]
        if self._token:
            return Bot(self._token)
        if place not in self._asking:
            self._asking[place] = asyncio.ensure_future(self._ask(team_id, enterprise_id))
        found = await asyncio.shield(self._asking[place])
        if found is None:
            raise NotInstalled(place)
        return found

    async def token_for(self, team_id: str, enterprise_id: str) -> str | None:
        """The bot token for the delivery; None when the app is not installed there."""
        try:
            return (await self.bot(team_id, enterprise_id)).token
        except NotInstalled:
            return None

    def forget(self, team_id: str, enterprise_id: str = "") -> None:
        """Drop what is known: the app was uninstalled or its token revoked."""
        self._known.pop(team_id or enterprise_id, None)

    async def _ask(self, team_id: str, enterprise_id: str) -> Bot | None:
        place = team_id or enterprise_id
        try:
            found = None
            if self._installations is not None:
                found = await self._installations.bot(team_id, enterprise_id)
            if found is None:
                self._known.pop(place, None)
            else:
                self._known[place] = (found, self._clock() + self._keep_s)
            return found
        finally:
            self._asking.pop(place, None)

    def _client(self, token: str) -> AsyncWebClient:
        return web_client(self._outbound, self._api_url, token)


class FromMemory(AsyncAuthorize):
    """Bolt's authorize without any I/O: who the bot is, as far as memory knows."""

    def __init__(self, workspaces: Workspaces) -> None:
        self._workspaces = workspaces

    async def __call__(
        self,
        *,
        context: AsyncBoltContext,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None,
        actor_enterprise_id: str | None = None,
        actor_team_id: str | None = None,
        actor_user_id: str | None = None,
    ) -> AuthorizeResult | None:
        del context, actor_enterprise_id, actor_team_id, actor_user_id
        bot = self._workspaces.remembered(team_id or "", enterprise_id or "")
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            user_id=user_id,
            bot_user_id=(bot.user_id or None) if bot else None,
            bot_token=bot.token if bot else None,
        )
