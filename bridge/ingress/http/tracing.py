"""The trace that a request brings along (https://www.w3.org/TR/trace-context/)."""

from __future__ import annotations

import re
from typing import Final

_TRACE: Final = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_of(traceparent: str) -> str:
    """A W3C traceparent, or nothing."""
    return traceparent if _TRACE.fullmatch(traceparent) else ""
