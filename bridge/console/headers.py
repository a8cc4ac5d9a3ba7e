"""What every page tells the browser: run and load only what we serve, stand in nobody's frame, keep nothing.

The policy needs no nonce, because no page has an inline script or style. `form-action 'self'` also binds
the redirect after a form, which is why signing in with Slack begins with a link.
https://www.w3.org/TR/CSP3/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
ALWAYS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
UNSTORED: Final[Mapping[str, str]] = {**ALWAYS, "Cache-Control": "no-store"}
FOR_EVER: Final[Mapping[str, str]] = {
    **ALWAYS,
    "Cache-Control": "public, max-age=31536000, immutable",
}
