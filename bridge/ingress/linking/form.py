"""What was typed on the page, read from the form's body; the token is a secret from the first moment."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of the form; empty when they are missing."""

    csrf: str
    user_id: str
    token: SecretStr


def read_form(body: bytes) -> Form:
    """The fields; what cannot be read counts as missing, and so does what no header may hold."""
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=10))
    except ValueError:
        fields = {}
    user_id, token = (_printable(fields.get(name, "")) for name in ("user_id", "token"))
    return Form(fields.get("csrf", ""), user_id[:64], SecretStr(token[:200]))


def _printable(text: str) -> str:
    text = text.strip()
    return text if text.isascii() and text.isprintable() else ""
