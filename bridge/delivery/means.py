"""What every way of telling in Slack needs: settings, the way out, words, tokens, clocks and the pace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bridge.contract import Job, ReplyTo
from bridge.delivery import response_url
from bridge.delivery.client import TokenFor
from bridge.delivery.pace import Pace, Sleep
from bridge.delivery.posting import WebApi
from bridge.delivery.render import Renderer
from bridge.outbound import Outbound
from bridge.settings import Slack


@dataclass(frozen=True, slots=True)
class Means:
    """Shared by all calls of one `SlackDelivery`."""

    settings: Slack
    outbound: Outbound
    renderer: Renderer
    token_for: TokenFor
    clock: Callable[[], float]
    sleep: Sleep
    pace: Pace

    async def api(self, job: Job, target: ReplyTo) -> WebApi | None:
        """The Web API of the target's workspace; None without a token."""
        token = await self.token_for(
            target.team_id or job.asker.team_id, target.enterprise_id or job.asker.enterprise_id
        )
        return WebApi(self.outbound, self.settings.api_url, token) if token else None

    def why_closed(self, job: Job, target: ReplyTo, uses: int) -> str:
        """Why the response_url may not be used; empty when it may."""
        issued = target.response_url_at or job.created_at
        hosts = self.settings.response_hosts
        return response_url.closed(target, uses, issued, self.clock(), hosts)
