"""What every answer says, whichever door it comes from: no frame, no sniffing, no version of ours.

A page that knows better has its own policy (console, linking, /docs); this is the least for all others,
among them the page of Slack's library that offers to install the app.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

# Slack's button is an image of Slack's, its page has an inline style; there is no script anywhere else.
POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https://platform.slack-edge.com;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
LEAST: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
A_YEAR: Final = "max-age=31536000"


def hardening(
    public_url: Callable[[], str],
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """For `on_response_prepare`. `public_url` decides whether browsers are told to keep to https."""

    async def harden(_: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        headers.pop("Server", None)  # the library's and the interpreter's versions
        for name, value in LEAST.items():
            headers.setdefault(name, value)
        if public_url().startswith("https://"):
            headers.setdefault("Strict-Transport-Security", A_YEAR)

    return harden
