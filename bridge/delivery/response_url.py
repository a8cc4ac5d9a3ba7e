"""The rules of a `response_url`: whose address it may be, how often and for how long it works.

Five posts within thirty minutes (https://docs.slack.dev/interactivity/handling-user-interaction). It
comes from a verified request, but a stored job could be forged, so the host must be an allowed one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from yarl import URL

from bridge.contract import ReplyTo

USES = 5
LIFE_S = 30 * 60
_MARGIN_S = 10  # for the clocks and the way


def closed(target: ReplyTo, uses: int, issued: float, now: float, hosts: Collection[str]) -> str:
    """Why the response_url must not be used; empty when it may."""
    if not target.response_url:
        return "no_response_url"
    if not is_allowed(target.response_url, hosts):
        return "host_not_allowed"
    if uses >= USES:
        return "used_url"
    if now - issued > LIFE_S - _MARGIN_S:
        return "expired_url"
    return ""


def is_allowed(address: str, hosts: Collection[str]) -> bool:
    """Whether this is https on an allowed host; plain http only to an allowed host of this machine."""
    try:
        url = URL(address)
        host, port = (url.host or "").lower(), url.port
    except ValueError:
        return False
    if not host or url.user is not None or url.password is not None or "\\" in address:
        return False
    local = _is_loopback(host)
    if url.scheme != "https" and not (url.scheme == "http" and local):
        return False
    names = {entry.lower() for entry in hosts}
    if f"{host}:{port}" in names:
        return True
    return host in names and (local or url.is_default_port())


def is_of_command(address: str) -> bool:
    """A command's url replaces what the bridge said to it; a button's would replace the button's message."""
    return "/commands/" in address


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
