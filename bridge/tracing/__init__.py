"""Traces: one id from the door to the upstream call to the delivery, exported only when asked for.

`span` costs little when OpenTelemetry is not configured and still hands on a W3C traceparent, so that logs
and upstreams can be joined; a `stage` further in costs next to nothing then. `start` looks at the standard OTEL_* variables and imports the SDK
only when they name a receiver; it also sends the Prometheus metrics there, for processes that nobody
scrapes.

May import: log.
"""

from bridge.tracing.context import enter, here, make, parse
from bridge.tracing.exporting import is_asked_for, start, stop
from bridge.tracing.spans import span, stage

__all__ = [
    "enter",
    "here",
    "is_asked_for",
    "make",
    "parse",
    "span",
    "stage",
    "start",
    "stop",
]
