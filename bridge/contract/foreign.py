"""Foreign JSON, read without believing its shape: what is not there, or is of another type, is empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def json_part(data: Any, key: str) -> Mapping[str, Any]:
    """The object under this key."""
    value = data.get(key) if isinstance(data, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def json_text(data: Mapping[str, Any], key: str) -> str:
    """The text under this key."""
    value = data.get(key)
    return value if isinstance(value, str) else ""
