"""The W3C trace context: reading a stranger's traceparent and making one of our own.

https://www.w3.org/TR/trace-context/: what is malformed is ignored and a new trace begins. Future versions
may append fields, so only their first four are read; version ff is invalid.
"""

from __future__ import annotations

import random
import re
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from structlog.contextvars import bind_contextvars

_HEADER = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.{0,400})?")
HERE: Final[ContextVar[str]] = ContextVar("traceparent", default="")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


@dataclass(frozen=True, slots=True)
class Trace:
    """Where in which trace something happens."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def parse(traceparent: str) -> Trace | None:
    """The trace that a header names; None when it is no valid one."""
    found = _HEADER.fullmatch(traceparent.strip()) if len(traceparent) < 512 else None
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if version == "ff" or (version == "00" and rest) or trace_id == _NO_TRACE:
        return None
    if span_id == _NO_SPAN:
        return None
    return Trace(trace_id, span_id, sampled=bool(int(flags, 16) & 1))


def make(parent: Trace | None = None) -> Trace:
    """A new span: of the parent's trace, or of a new one."""
    digits = f"{random.getrandbits(192):048x}"
    if parent is not None:
        return Trace(parent.trace_id, digits[:16], parent.sampled)
    return Trace(digits[16:], digits[:16])


def enter(traceparent: str, **ids: str) -> None:
    """What this task does from here on belongs to this trace, and its log lines carry its ids.

    A connection that is kept alive serves one request after another in one task, so each of them enters
    anew over what the last one left behind.
    """
    HERE.set(traceparent)
    bind_contextvars(trace_id=traceparent[3:35], **ids)


def here() -> str:
    """The traceparent of what is being done; a new trace when nobody has begun one."""
    return HERE.get() or make().traceparent
