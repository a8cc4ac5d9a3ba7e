"""What a door may ask about links: which connections can be linked, what is linked, a ticket, an end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from bridge.contract import Lost, Unsent
from bridge.ingress.linking import words
from bridge.ingress.linking.accounts import end_token
from bridge.ingress.linking.tickets import Ticket, Tickets
from bridge.jobs.links import Link, Links
from bridge.outbound import Outbound
from bridge.settings import Settings, SuperOffice
from bridge.upstreams.superoffice import consent
from bridge.vault import Vault

log = structlog.get_logger()

PATH = "/link"


class Linking:
    """Links of people, as far as a door needs them."""

    def __init__(
        self,
        settings: Settings,
        links: Links,
        vault: Vault,
        outbound: Outbound,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._outbound = outbound
        self._links = links
        self.tickets = Tickets(vault, clock=clock)

    @property
    def is_open(self) -> bool:
        """Whether any account can be linked at all."""
        return any(not self.obstacle(name) for name in self._settings.connections)

    def obstacle(self, connection: str) -> str:
        """Why nobody can link an account of this connection, for whoever runs it; empty when one can."""
        settings = self._settings.connections.get(connection)
        if settings is None:
            return words.NO_CONNECTION.format(connection=connection)
        if settings.act_as == "service":
            return words.SERVICE_ONLY.format(connection=connection)
        if not self._settings.server.public_url:
            return words.NO_PUBLIC_URL
        if isinstance(settings, SuperOffice) and not consent.possible(settings):
            return words.NO_CLIENT.format(connection=connection)
        return ""

    def address(self, ticket: Ticket) -> str:
        """A page that is good once, for ten minutes, for this person and connection."""
        public_url = self._settings.server.public_url.rstrip("/")
        return f"{public_url}{PATH}/{self.tickets.issue(ticket)}"

    async def of(self, scope: str, user_id: str) -> Sequence[Link]:
        """Everything this person has linked. Raises `StoreDown`."""
        return await self._links.of(scope, user_id)

    async def remove(self, scope: str, user_id: str, connection: str) -> str | None:
        """Forget a link; in words what became of the credential upstream, None when there was none.

        Raises `StoreDown`.
        """
        link = await self._links.find(scope, user_id, connection)
        if link is None or not await self._links.remove(scope, user_id, connection):
            return None
        settings = self._settings.connections.get(connection)
        if isinstance(settings, SuperOffice):
            return words.CONSENT_STAYS
        if settings is None or link.credential is None:
            return words.STAYS_THERE
        try:
            ended = await end_token(connection, settings, self._outbound, link.credential)
        except (Lost, Unsent):
            ended = False
        log.info("links.revoked", user_id=user_id, connection=connection, ended=ended)
        return words.ENDED_THERE if ended else words.STAYS_THERE

    async def remove_all(self, scope: str) -> None:
        """Forget a workspace that threw the app out. Raises `StoreDown`."""
        await self._links.remove_all(scope)
