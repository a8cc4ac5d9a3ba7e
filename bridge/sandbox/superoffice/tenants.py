"""Where the tenant lives: its state, its current endpoint, and 421 for whoever knocks at the old door.

Docs: developer-portal/best-practices/tenant-status/check-status.md. "Integrations must always resolve the
tenant's current environment dynamically": ValidUntil says when to ask again.
"""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from yarl import URL

from bridge.sandbox.emulator import Clock
from bridge.sandbox.superoffice.answers import ApiError, PageError
from bridge.sandbox.superoffice.dates import show_utc
from bridge.sandbox.superoffice.seed import ONSITE, TENANT
from bridge.sandbox.superoffice.switches import Switches

_RUNNING: Final = frozenset({"Running", "OnlineMaintenance"})
VERSION: Final = "Release_11.10_2026.02.24-02"


class Tenants:
    """The one online tenant and the onsite installation, and the paths at which they answer."""

    def __init__(self, switches: Switches, clock: Clock) -> None:
        self._switches = switches
        self._clock = clock
        self.moved_to = ""

    def is_onsite(self, request: web.Request) -> bool:
        return request.match_info["tenant"].lower() == ONSITE.lower()

    def context(self, request: web.Request) -> str:
        """The database context; it is called "Default" onsite."""
        return "Default" if self.is_onsite(request) else TENANT

    def endpoint(self, request: web.Request) -> URL:
        """Where the tenant answers now, as an absolute URL."""
        if self._elsewhere():
            return URL(self.moved_to.rstrip("/"))
        home = URL.build(scheme=request.scheme, authority=request.host)
        return home / self.moved_to / TENANT if self.moved_to else home / TENANT

    def _elsewhere(self) -> bool:
        return self.moved_to.startswith(("http://", "https://"))

    def check(self, request: web.Request) -> None:
        """Refuse a request that reached a place where its tenant is not served."""
        host = request.match_info.get("host", "")
        tenant = request.match_info["tenant"]
        if self.is_onsite(request):
            if host:
                raise PageError(404, "404 - File or directory not found.")
            return
        if tenant.lower() != TENANT.lower():  # INFER: the status for an unknown tenant
            raise PageError(404, "404 - File or directory not found.")
        endpoint = self.endpoint(request)
        asked = f"/{host}/{TENANT}" if host else f"/{TENANT}"
        if endpoint.path != asked or endpoint.authority != request.host:
            text = "Wrong subdomain used to access tenant"
            raise ApiError(421, "SoTenantException", text, reason=text)
        if self._switches.tenant_state not in _RUNNING:
            # INFER: clients are told to make no call at all then.
            raise PageError(503, f"Tenant is not available: {self._switches.tenant_state}")

    async def state(self, request: web.Request) -> web.Response:
        """GET /api/state/{tenant}, the newest sample's keys; asks for no credential."""
        if request.match_info["tenant"].lower() != TENANT.lower():
            return web.json_response(self._unknown(request.match_info["tenant"]), status=404)
        # As it was given: an Endpoint may carry `:443`, which a URL type would drop.
        endpoint = self.moved_to.rstrip("/") if self._elsewhere() else str(self.endpoint(request))
        return web.json_response(
            {
                "ContextIdentifier": TENANT,
                "Endpoint": endpoint,
                "State": self._switches.tenant_state,
                "IsRunning": self._switches.tenant_state in _RUNNING,
                "ValidUntil": show_utc(self._clock() + self._switches.state_valid_s),
                "Api": f"{endpoint}/api",
                "Version": VERSION,
            }
        )

    def _unknown(self, tenant: str) -> dict[str, Any]:
        return {
            "ContextIdentifier": tenant,
            "Endpoint": None,
            "State": "Unknown",
            "IsRunning": False,
            "ValidUntil": show_utc(self._clock()),
            "Api": None,
        }
