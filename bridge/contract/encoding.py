"""JSON text of our own values, for what is written so often that the standard library's encoder is felt."""

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
