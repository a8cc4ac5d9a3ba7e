"""Who may open the playground: this machine's own browser, under a loopback name, and no page of another site.

The page can type as anybody and holds nothing worth protecting, but it acts on a bridge. A foreign page must
not be able to reach it by a name that points here (DNS rebinding) nor by a form that posts here.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler
from yarl import URL

SOURCES: Final[Mapping[str, str]] = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
POLICY: Final = "; ".join(f"{what} {whence}" for what, whence in SOURCES.items())
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
NAMES: Final = frozenset(("localhost", "127.0.0.1", "::1"))


@web.middleware
async def loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse whoever is not this machine, and whatever another site asks for."""
    if not _is_loopback(request.remote) or not _is_named_so(request.host):
        return web.Response(status=403, text="The playground answers this machine only.\n")
    if request.method != "GET" and not _is_own(request):
        return web.Response(status=403, text="Only the playground's own page may do this.\n")
    response = await handler(request)
    if not response.prepared:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
    return response


def _is_loopback(remote: str | None) -> bool:
    try:
        return ipaddress.ip_address(remote or "").is_loopback
    except ValueError:
        return False


def _is_named_so(host: str) -> bool:
    try:
        return URL(f"http://{host}").host in NAMES
    except ValueError:
        return False


def _is_own(request: web.Request) -> bool:
    """A browser names the origin of every POST; JSON besides cannot be sent by a form."""
    origin = request.headers.get("Origin", "")
    return origin == f"http://{request.host}" and request.content_type == "application/json"
