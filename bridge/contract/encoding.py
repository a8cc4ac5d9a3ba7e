"""JSON in and out: our own values quickly, since the standard library's encoder is felt, and what others sent."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import to_json


def encode_json(value: Any) -> str:
    """Compact JSON. Half a surrogate pair, which an upstream may send and no UTF-8 holds, is escaped."""
    try:
        return to_json(value).decode()
    except ValueError:
        return json.dumps(value, separators=(",", ":"))


def decode_json(text: bytes | str) -> Any:
    """The value of JSON; None when it is none, or nested too deeply to be read (and for `null`)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
