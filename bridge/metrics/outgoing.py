"""What goes out: calls to upstreams, and telling people."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

from bridge.metrics.collectors import (
    LONG,
    USUAL,
    counter,
    histogram,
    labels,
    remembered,
    status_class,
)

_UPSTREAM = histogram(
    "upstream_seconds",
    "Calls to upstreams by connection, route pattern and status class; none: no answer came.",
    ("connection", "route", "status"),
    USUAL,
)
_DELIVERIES = counter(
    "deliveries",
    "Tries to tell somebody, by kind (slack, callback) and result (how it was told, later,"
    " ambiguous, kept).",
    *("kind", "result"),
)
_FINAL = histogram(
    "final_message_seconds",
    "From acceptance to the final message, by action and asker (person, program).",
    ("action", "asker"),
    LONG,
)


def upstream_answered(connection: str, route: str, status: int, seconds: float) -> None:
    """A call ended; `status` 0 when no answer came."""
    _upstream(connection, route, status).observe(seconds)


def delivered(kind: str, result: str) -> None:
    """One try to tell somebody ended."""
    _deliveries(kind, result).inc()


def final_message(action: str, seconds: float, *, person: bool) -> None:
    """An asker has the final message."""
    asker = "person" if person else "program"
    _final(action, asker).observe(max(0.0, seconds))


@remembered
def _upstream(connection: str, route: str, status: int) -> Histogram:
    found = labels(connection=connection, route=route, status=status_class(status))
    return _UPSTREAM.labels(**found)


@remembered
def _deliveries(kind: str, result: str) -> Counter:
    return _DELIVERIES.labels(**labels(kind=kind, result=result))


@remembered
def _final(action: str, asker: str) -> Histogram:
    return _FINAL.labels(**labels(action=action, asker=asker))
