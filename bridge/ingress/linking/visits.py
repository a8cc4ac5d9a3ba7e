"""What a browser keeps between the steps of one visit: a sealed cookie for ten minutes, one per ticket.

It proves that the form was ours, and that whoever comes back from SuperOffice is who went there: a code
that somebody else obtained is of no use without the cookie that holds the other half (PKCE's verifier).
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import asdict, dataclass
from typing import Final

from aiohttp import web

from bridge.vault import Unreadable, Vault

_PURPOSE: Final = "link visit v1"
_STATE: Final = re.compile(r"([A-Za-z0-9_-]{16,64})\.[A-Za-z0-9_-]{16,64}")


@dataclass(frozen=True, slots=True)
class Visit:
    """One browser with one ticket."""

    ticket: str  # as it stands in the address
    ticket_id: str
    csrf: str
    state: str
    verifier: str

    def is_form_of(self, csrf: object) -> bool:
        return isinstance(csrf, str) and _same(csrf, self.csrf)


class Visits:
    """Begins visits and recognises them."""

    def __init__(self, vault: Vault, *, secure: bool, keep_s: float) -> None:
        self._vault = vault
        self._secure = secure
        self._keep_s = keep_s

    def begin(self, ticket: str, ticket_id: str) -> Visit:
        return Visit(
            ticket=ticket,
            ticket_id=ticket_id,
            csrf=secrets.token_urlsafe(24),
            state=f"{ticket_id}.{secrets.token_urlsafe(24)}",
            verifier=secrets.token_urlsafe(48),
        )

    def keep(self, response: web.Response, visit: Visit) -> None:
        """Let the browser keep it. Lax, so that it is there on the way back from SuperOffice."""
        response.set_cookie(
            _name(visit.ticket_id),
            self._vault.seal([_PURPOSE, asdict(visit)]),
            path="/link",
            max_age=int(self._keep_s),
            httponly=True,
            secure=self._secure,
            samesite="Lax",
        )

    def end(self, response: web.Response, visit: Visit) -> None:
        response.del_cookie(_name(visit.ticket_id), path="/link")

    def of_ticket(self, request: web.Request, ticket_id: str) -> Visit | None:
        """This browser's visit with this ticket."""
        try:
            purpose, held = self._vault.open(request.cookies.get(_name(ticket_id), ""))
            visit = Visit(**held) if purpose == _PURPOSE else None
        except (Unreadable, ValueError, TypeError):
            return None
        return visit if visit is not None and visit.ticket_id == ticket_id else None

    def of_state(self, request: web.Request, state: str) -> Visit | None:
        """This browser's visit that went away with this state."""
        found = _STATE.fullmatch(state)
        visit = self.of_ticket(request, found[1]) if found else None
        return visit if visit is not None and _same(state, visit.state) else None


def _name(ticket_id: str) -> str:
    return f"link_{ticket_id}"


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), known.encode())
