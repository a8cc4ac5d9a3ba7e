"""Where a tenant lives: read from its state, kept until the state says so, read again when it moved.

"Integrations must always resolve the tenant's current environment dynamically." The state is public, but
the token goes to the address it names, so only https below superoffice.com is believed, or the host that
`login_url` names, for a sandbox.
Source: https://docs.superoffice.com/en/developer-portal/best-practices/tenant-status/check-status.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from yarl import URL

from bridge.contract import Lost, Unsent, decode_json
from bridge.outbound import Outbound
from bridge.settings import SuperOffice as Settings
from bridge.upstreams.shared import Shared
from bridge.upstreams.superoffice.refusal import not_running, wrong_address

log = structlog.get_logger(__name__)

TENANT = re.compile(r"[A-Za-z0-9]{1,64}")
LEAST_S, USUAL_S, MOST_S = 60.0, 3600.0, 86_400.0


def login_base(settings: Settings) -> str:
    """SuperID's address; un-numbered hosts are for signing in, numbered ones for the API."""
    return (settings.login_url or f"https://{settings.environment}.superoffice.com").rstrip("/")


class Tenant:
    """The API's base address of one connection, looked up when the settings name a tenant."""

    def __init__(self, settings: Settings, outbound: Outbound, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._outbound = outbound
        self._clock = clock
        self._reading = Shared(self._read)
        self._api = settings.url.rstrip("/")
        self._until = float("inf") if settings.url else 0.0

    @property
    def can_move(self) -> bool:
        return bool(self._settings.tenant)

    async def api(self) -> str:
        """The base up to and including `/api`. Raises `Refusal`, or `Unsent` when it cannot be read."""
        if self._clock() >= self._until:
            await self._reading()
        return self._api

    async def moved_from(self, api: str) -> str:
        """The base after this one has failed: the state is read again, once for all who failed."""
        if self._api == api:
            await self._reading()
        return self._api

    async def _read(self) -> None:
        state = await self._state()
        if not state.get("IsRunning"):
            self._until = 0.0  # ask again next time
            raise not_running(str(state.get("State") or "Unknown")[:40])
        self._api = f"{self._accepted(state.get('Endpoint'))}/api"
        self._until = self._clock() + self._valid_for(state.get("ValidUntil"))
        log.debug("superoffice.tenant_read", state=state.get("State"))

    async def _state(self) -> dict[str, Any]:
        if not TENANT.fullmatch(self._settings.tenant):
            raise not_running("Unknown")
        url = URL(f"{login_base(self._settings)}/api/state/{self._settings.tenant}", encoded=True)
        try:
            answer = await self._outbound.send(
                "GET", url, headers={"Accept": "application/json"}, route="GET /api/state/{tenant}"
            )
        except Lost as error:  # the request that waits for this address was not sent
            raise Unsent(f"tenant state: {error}") from None
        if answer.status == 404:
            raise not_running("Unknown")
        state = decode_json(answer.body)
        if answer.status != 200 or not isinstance(state, dict):
            raise Unsent(f"tenant state: not readable (status {answer.status})")
        return state

    def _accepted(self, endpoint: Any) -> str:
        try:
            url = URL(endpoint) if isinstance(endpoint, str) else URL()
            origin = url.origin() if url.absolute else None
        except ValueError:
            origin = None
        if origin is None or url.raw_user is not None or url.raw_query_string or url.raw_fragment:
            raise wrong_address()
        host = (url.host or "").rstrip(".")
        ours = url.scheme == "https" and host.endswith(".superoffice.com")
        sandbox = (
            bool(self._settings.login_url) and origin == URL(self._settings.login_url).origin()
        )
        if not (ours or sandbox):
            raise wrong_address()
        return str(url).rstrip("/")

    def _valid_for(self, until: Any) -> float:
        try:
            moment = datetime.fromisoformat(str(until))
        except ValueError:
            return USUAL_S
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return min(max(aware.timestamp() - self._clock(), LEAST_S), MOST_S)
