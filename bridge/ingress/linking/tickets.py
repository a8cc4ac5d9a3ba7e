"""Tickets: who may link which connection until when, sealed into an address.

Sealed rather than signed, because the address says who the person is. A ticket is bound to one person in
one workspace and to one connection, names the address that Slack verified for them, and carries a number
of its own, by which the store knows whether it was used.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass

from bridge.vault import Unreadable, Vault

KEEP_S = 600.0
LONGEST = 2000
_PURPOSE = "link v1"  # other sealed values must not pass for a ticket


@dataclass(frozen=True, slots=True)
class Ticket:
    """A permission to link one account."""

    scope: str
    user_id: str
    connection: str
    team_id: str = ""
    enterprise_id: str = ""
    name: str = ""  # the person's, for the page
    email: str = ""  # verified by Slack; empty when Slack would not say
    id: str = ""
    until: float = 0.0


class BadTicket(Exception):
    """Forged or damaged, or too old when `late`."""

    def __init__(self, *, late: bool) -> None:
        super().__init__("too old" if late else "no ticket")
        self.late = late


class Tickets:
    """Issues tickets and reads them back."""

    def __init__(self, vault: Vault, *, clock: Callable[[], float], keep_s: float = KEEP_S) -> None:
        self._vault = vault
        self._clock = clock
        self._keep_s = keep_s

    def issue(self, ticket: Ticket) -> str:
        """The ticket as text that fits an address."""
        held = asdict(ticket) | {
            "id": secrets.token_urlsafe(16),
            "until": self._clock() + self._keep_s,
        }
        return self._vault.seal([_PURPOSE, held]).rstrip("=")

    def read(self, text: str) -> Ticket:
        """The ticket that we issued not too long ago. Raises `BadTicket`."""
        if len(text) > LONGEST or not text.isascii():
            raise BadTicket(late=False)
        try:
            purpose, held = self._vault.open(text + "=" * (-len(text) % 4))
            ticket = Ticket(**held) if purpose == _PURPOSE else None
        except (Unreadable, ValueError, TypeError):
            ticket = None
        if ticket is None:
            raise BadTicket(late=False)
        if self._clock() > ticket.until:
            raise BadTicket(late=True)
        return ticket
