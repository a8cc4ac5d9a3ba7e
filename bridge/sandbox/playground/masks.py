"""Secrets taken out of what the page shows of a request: by the name they stand under, and by their value.

By name, because a real system's token would be nobody's constant; by value, because a token turns up where no
name announces it. What is left says that something was there, so a header never looks forgotten.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

MASK: Final = "••••"
HEADERS: Final = frozenset(
    (
        "authorization",
        "cookie",
        "set-cookie",
        "so-apptoken",
        "x-auth-token",
        "x-rocketchat-livechat-token",
        "x-xsrf-token",
    )
)
# A signature is no secret, and that there is one is worth seeing; its end is enough to be cut.
SIGNATURES: Final = frozenset(
    ("x-slack-signature", "webhook-signature", "x-superoffice-signature", "x-hub-signature-256")
)
NAMES: Final = frozenset(
    (
        "access_token",
        "app_token",
        "auth_token",
        "authtoken",
        "client_secret",
        "password",
        "private_metadata",
        "refresh_token",
        "secret",
        "sessionkey",
        "token",
    )
)
_HOOK: Final = re.compile(r"(/(?:commands|actions)/[TE][A-Z0-9]+/\d+/)[\w-]+")
MOST: Final = 12_000


class Masks:
    """Hides what must not be shown; `values` are the secrets that are known."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = sorted((v for v in values if len(v) > 5), key=len, reverse=True)

    def headers(self, headers: Mapping[str, str]) -> list[list[str]]:
        """Headers in their order."""
        return [[name, self._header(name.lower(), value)] for name, value in headers.items()]

    def body(self, text: str) -> str:
        """A body of any kind, cut when it is long."""
        stripped = text.lstrip()
        if stripped[:1] in ("{", "["):
            try:
                shown = json.dumps(self._inside(json.loads(text)), ensure_ascii=False)
            except ValueError:
                shown = text
        elif "=" in text and "\n" not in text and " " not in text:
            shown = self._form(text)
        else:
            shown = text
        shown = self.text(shown)
        return shown if len(shown) <= MOST else f"{shown[:MOST]}…"

    def text(self, text: str) -> str:
        """Any text without known secrets; the end of a `response_url` is one too."""
        for value in self._values:
            text = text.replace(value, MASK)
        return _HOOK.sub(rf"\1{MASK}", text)

    def _header(self, name: str, value: str) -> str:
        if name in HEADERS:
            scheme, space, _ = value.partition(" ")
            return f"{scheme} {MASK}" if space and name == "authorization" else MASK
        if name in SIGNATURES:
            return f"{value[:10]}…"
        return self.text(value)

    def _form(self, text: str) -> str:
        pairs = parse_qsl(text, keep_blank_values=True)
        if not pairs:
            return text
        shown = [(name, self._field(name, value)) for name, value in pairs]
        return urlencode(shown, safe=":/@").replace(quote(MASK), MASK)

    def _field(self, name: str, value: str) -> str:
        if name.lower() in NAMES:
            return MASK
        return self.body(value) if value[:1] in ("{", "[") else self.text(value)

    def _inside(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: MASK if name.lower() in NAMES and inner else self._inside(inner)
                for name, inner in value.items()
            }
        if isinstance(value, list):
            return [self._inside(inner) for inner in value]
        return value
