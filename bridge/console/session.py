"""Sessions: a sealed cookie that says who is there, until when, and which token their forms must carry.

The vault seals it, so nobody can read or make one; a fingerprint of the API token inside lets a rotated
token end the sessions that began with the old one. A session is replaced at sign-in (no fixation) and
forgotten at sign-out; what was signed out is remembered until it would have expired, per process and
across its reloads.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final, Literal

from aiohttp import web

from bridge.console.roles import Role, Staff
from bridge.jobs.auditing import Actor
from bridge.vault import Unreadable, Vault

PURPOSE: Final = "console session"
LASTS_S: Final = 12 * 3600.0
ANONYMOUS_S: Final = 3600.0
MOST_LEFT: Final = 10_000
FIELD: Final = "csrf"

How = Literal["nobody", "token", "slack"]


@dataclass(frozen=True, slots=True)
class Session:
    """Who is there, as the cookie says it."""

    id: str
    csrf: str
    until: float
    how: How = "nobody"
    key: str = ""  # which API token it began with
    name: str = ""
    user_id: str = ""
    team_id: str = ""
    enterprise_id: str = ""

    @property
    def actor(self) -> Actor:
        """As the audit trail names them; many may share the token."""
        team = self.team_id or self.enterprise_id
        return Actor("console", self.user_id or self.how, f"slack:{team}" if team else "api")


class Sessions:
    """Issues, reads and ends sessions."""

    def __init__(
        self,
        *,
        vault: Vault,
        staff: Staff,
        token: str,
        https: bool,
        clock: Callable[[], float],
    ) -> None:
        self._vault = vault
        self._staff = staff
        self._key = hashlib.sha256(b"console\0" + token.encode()).hexdigest()[:16] if token else ""
        self._https = https
        self._clock = clock
        self._left: dict[str, float] = {}  # signed out, until when that matters

    def read(self, request: web.Request) -> Session:
        """Whose request it is; a fresh session of nobody when the cookie is missing or not good."""
        sealed = request.cookies.get(self._cookie(request), "")
        return self._open(sealed) or self._new("nobody", ANONYMOUS_S)

    def role(self, session: Session) -> Role:
        """What they may do, as the settings are now."""
        if session.until <= self._clock() or session.id in self._left:
            return Role.NOBODY
        match session.how:
            case "token":
                same = bool(self._key) and hmac.compare_digest(session.key, self._key)
                return Role.OPERATOR if same else Role.NOBODY
            case "slack":
                return self._staff.role(session.user_id, session.team_id, session.enterprise_id)
        return Role.NOBODY

    def with_token(self) -> Session:
        """A session for whoever knows the API token."""
        return self._new("token", LASTS_S, key=self._key, name="API token")

    def with_slack(
        self, *, user_id: str, team_id: str, enterprise_id: str = "", name: str = ""
    ) -> Session:
        """A session for somebody whom Slack vouched for."""
        return self._new(
            "slack",
            LASTS_S,
            name=name[:80] or user_id,
            user_id=user_id,
            team_id=team_id,
            enterprise_id=enterprise_id,
        )

    def keep(self, request: web.Request, response: web.StreamResponse, session: Session) -> None:
        """Give the browser the session."""
        response.set_cookie(
            self._cookie(request),
            self._vault.seal({"purpose": PURPOSE, **asdict(session)}),
            max_age=max(1, int(session.until - self._clock())),
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self.is_secure(request),
        )

    def end(self, request: web.Request, response: web.StreamResponse, session: Session) -> None:
        """Sign out, also for a copy of the cookie."""
        self.leave(session)
        response.del_cookie(
            self._cookie(request),
            path="/",
            httponly=True,
            samesite="Strict",
            secure=self.is_secure(request),
        )

    def leave(self, session: Session) -> None:
        """From now on nobody is there by this session."""
        if session.how == "nobody":
            return  # it opens nothing, and strangers make as many as they like: they push no other out
        now = self._clock()
        for sid in [sid for sid, until in self._left.items() if until <= now]:
            del self._left[sid]
        if len(self._left) >= MOST_LEFT:
            self._left.pop(next(iter(self._left)))
        self._left[session.id] = session.until

    def take_over(self, before: Sessions) -> None:
        """Another console takes this one's place after a reload: who was signed out stays out."""
        self._left = before._left

    def is_secure(self, request: web.Request) -> bool:
        """Whether the browser speaks https to us, directly or through a proxy."""
        return self._https or request.secure

    def _cookie(self, request: web.Request) -> str:
        # a __Host- cookie can neither be set by a neighbouring subdomain nor travel unencrypted
        return "__Host-deskbridge-console" if self.is_secure(request) else "deskbridge-console"

    def _open(self, sealed: str) -> Session | None:
        if not sealed or len(sealed) > 4096:
            return None
        try:
            values = self._vault.open(sealed)
            if not isinstance(values, dict) or values.pop("purpose", "") != PURPOSE:
                return None
            session = Session(**values)
        except (Unreadable, TypeError, ValueError):
            return None
        if session.until <= self._clock() or session.id in self._left:
            return None
        return session

    def _new(
        self,
        how: How,
        lasts_s: float,
        *,
        key: str = "",
        name: str = "",
        user_id: str = "",
        team_id: str = "",
        enterprise_id: str = "",
    ) -> Session:
        return Session(
            id=secrets.token_urlsafe(16),
            csrf=secrets.token_urlsafe(24),
            until=self._clock() + lasts_s,
            how=how,
            key=key,
            name=name,
            user_id=user_id,
            team_id=team_id,
            enterprise_id=enterprise_id,
        )


def is_ours(session: Session, request: web.Request, given: str) -> bool:
    """Whether a form came from a page of this session: its token, and what the browser says itself."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    return bool(given) and hmac.compare_digest(given.encode(), session.csrf.encode())
