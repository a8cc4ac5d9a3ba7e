"""Telling one person something beside a job: a denial after a click, a mistake in a mention, a list.

By the first way that is open: the payload's own `response_url` (works where the bot is no member), then a
message only they see, then a direct message. Nothing is retried: whoever was not told asks again.
"""

from __future__ import annotations

from collections.abc import Collection

import structlog

from bridge.delivery import response_url
from bridge.delivery.posting import Posted, WebApi, respond
from bridge.delivery.render import Message
from bridge.ingress.slack.place import Place
from bridge.ingress.slack.workspaces import NotInstalled, Workspaces
from bridge.outbound import Outbound

log = structlog.get_logger()


class Telling:
    """Tells a person; for background tasks only, since it does I/O."""

    def __init__(
        self,
        *,
        outbound: Outbound,
        workspaces: Workspaces,
        api_url: str,
        hosts: Collection[str],
    ) -> None:
        self._outbound = outbound
        self._workspaces = workspaces
        self._api_url = api_url
        self._hosts = hosts

    async def tell(self, place: Place, message: Message) -> bool:
        """Tell it once, by the first way that is open; False when none is."""
        if place.response_url and response_url.is_allowed(place.response_url, self._hosts):
            posted = await respond(self._outbound, place.response_url, message, replace=False)
            if isinstance(posted, Posted):
                return True
        try:
            bot = await self._workspaces.bot(place.team_id, place.enterprise_id)
        except NotInstalled:
            log.warning("slack.not_told", reason="not_installed")
            return False
        api = WebApi(self._outbound, self._api_url, bot.token)
        if place.channel_id:
            posted = await api.whisper(place.channel_id, place.user_id, message, place.thread_ts)
            if isinstance(posted, Posted):
                return True
        opened = await api.open_direct(place.user_id)
        if isinstance(opened, Posted):
            posted = await api.post(opened.channel, message)
            if isinstance(posted, Posted):
                return True
        log.warning(
            "slack.not_told", reason=type(posted).__name__ if place.channel_id else "direct"
        )
        return False
