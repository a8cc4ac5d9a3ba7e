"""Who is asking: Basic, SOTicket, Bearer, and the browser session with its X-XSRF-TOKEN.

Docs: api/web-services/webapi/index.md and endpoints/rest-webapi/index.md. Basic is for onsite only, Bearer
for online only, a ticket online needs SO-AppToken as well, a ticket lives 6 hours from its last use.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from bridge.sandbox.emulator import Clock
from bridge.sandbox.superoffice.answers import ApiError
from bridge.sandbox.superoffice.desk import Desk
from bridge.sandbox.superoffice.entities import Associate
from bridge.sandbox.superoffice.seed import CLIENT_SECRET, TENANT, login_of
from bridge.sandbox.superoffice.switches import Switches

TICKET_LIFE_S: Final = 6 * 60 * 60


@dataclass(slots=True)
class Pass:
    """One access token or ticket: whose it is and until when it opens the door."""

    associate_id: int
    expires_at: float


@dataclass(frozen=True, slots=True)
class Principal:
    """The authenticated caller, and by which credential."""

    associate: Associate
    credential: str


def split_basic(value: str) -> tuple[str, str]:
    """User name and password of a Basic credential; two empty strings when it is none."""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    user, _, password = text.partition(":")
    return user, password


class Credentials:
    """Every password, token, ticket and browser session that is valid now."""

    def __init__(self, desk: Desk, switches: Switches, clock: Clock) -> None:
        self._desk = desk
        self._switches = switches
        self._clock = clock
        self.access_tokens: dict[str, Pass] = {}
        self.tickets: dict[str, Pass] = {}
        self.refresh_tokens: dict[str, int] = {}
        self.reseed()

    def reseed(self) -> None:
        self.access_tokens.clear()
        self.tickets.clear()
        self.refresh_tokens.clear()
        for who in self._desk.associates.values():
            self.welcome(who)

    def welcome(self, who: Associate) -> None:
        """Give an associate the credentials of `login_of(who.name)`."""
        now, login = self._clock(), login_of(who.name)
        token = Pass(who.associate_id, now + self._switches.expires_in)
        self.access_tokens[login.access_token] = token
        self.tickets[login.ticket] = Pass(who.associate_id, now + TICKET_LIFE_S)
        self.refresh_tokens[login.refresh_token] = who.associate_id

    def new_access_token(self, associate_id: int) -> str:
        """An opaque token that contains the tenant id: `8A:Cust12345.xxx`."""
        token = f"8A:{TENANT}.{secrets.token_urlsafe(24)}"
        expires_at = self._clock() + self._switches.expires_in
        self.access_tokens[token] = Pass(associate_id, expires_at)
        return token

    def new_refresh_token(self, associate_id: int) -> str:
        token = f"KSam{secrets.token_urlsafe(24)}"
        self.refresh_tokens[token] = associate_id
        return token

    def new_ticket(self, associate_id: int) -> str:
        """A ticket with the characters that tempt a client to re-encode it."""
        ticket = f"7T:{base64.b64encode(secrets.token_bytes(24)).decode()}+/=="
        self.tickets[ticket] = Pass(associate_id, self._clock() + TICKET_LIFE_S)
        return ticket

    def expire(self) -> None:
        """Let every access token and ticket be too old, as of now."""
        for held in (*self.access_tokens.values(), *self.tickets.values()):
            held.expires_at = self._clock()

    def principal(self, request: web.Request, *, onsite: bool) -> Principal:
        """The caller of this request, or a 401 or 403."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        value = value.strip()
        match scheme.lower():
            case "basic" if onsite:
                found = self._by_password(value), "Basic"
            case "soticket":
                found = self._by_ticket(request, value, onsite=onsite), "Ticket"
            case "bearer" if not onsite:
                found = self._by_access_token(value), "Bearer"
            case "" if "X-XSRF-TOKEN" in request.headers:
                found = self._by_browser_session(request), "Session"
            case "":
                raise _unauthorized("Authorization header or X-XSRF-TOKEN is missing")
            case _:
                raise _unauthorized(f"Authorization scheme '{scheme}' is not supported here")
        associate, credential = found
        if associate is None or associate.deleted:
            raise _unauthorized("Failed to authenticate")
        return Principal(associate, credential)

    def _by_password(self, value: str) -> Associate | None:
        user, password = split_basic(value)
        who = self._desk.named(user)
        return who if who is not None and password == login_of(who.name).password else None

    def _by_ticket(self, request: web.Request, ticket: str, *, onsite: bool) -> Associate | None:
        if not onsite and request.headers.get("SO-AppToken") != CLIENT_SECRET:
            raise _unauthorized("SO-AppToken is missing or unknown")
        held = self.tickets.get(ticket)
        if held is None or held.expires_at <= self._clock():
            return None
        held.expires_at = self._clock() + TICKET_LIFE_S  # sliding: each use resets it
        return self._desk.associate(held.associate_id)

    def _by_access_token(self, token: str) -> Associate | None:
        held = self.access_tokens.get(token)
        if held is None:
            return None
        if held.expires_at <= self._clock():
            # "continue to use access tokens until an HTTP 403 error occurs": credential-management.md
            status = self._switches.expired_token_status
            raise ApiError(status, "SoSessionException", "The access token has expired")
        return self._desk.associate(held.associate_id)

    def _by_browser_session(self, request: web.Request) -> Associate | None:
        """The header must repeat the cookie XSRF-TOKEN. INFER: the session cookie's own name."""
        token = request.headers["X-XSRF-TOKEN"]
        if request.cookies.get("XSRF-TOKEN") != token:
            return None
        name = request.cookies.get("SoSession", "").removeprefix("session-")
        who = self._desk.named(name)
        return who if who is not None and token == login_of(who.name).xsrf_token else None


def _unauthorized(message: str) -> ApiError:
    return ApiError(401, "SoSessionException", message)
