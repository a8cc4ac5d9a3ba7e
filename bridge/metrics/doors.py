"""What the doors count: acks, accepts, answers, and who was not believed."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

from bridge.metrics.collectors import (
    OTHER,
    QUICK,
    USUAL,
    counter,
    gauge,
    histogram,
    labels,
    remembered,
    status_class,
)

# A stranger may send any word as a method.
METHODS: Final = frozenset(("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"))

_ACK = histogram(
    "slack_ack_seconds",
    "From a Slack request's arrival to its answer, by kind: command, interaction, options, event.",
    ("kind",),
    QUICK,
)
_ACCEPT = histogram(
    "accept_seconds", "How long it took to have a launch on disk, by door.", ("door",), QUICK
)
_ACCEPTS = counter(
    "accepts",
    "Wishes that reached the store, by door and result: stored, joined, repeated, conflict,"
    " not_stored.",
    *("door", "result"),
)
_HTTP = histogram(
    "http_seconds",
    "Requests to every route, by method, route template and status class.",
    ("method", "route", "status"),
    USUAL,
)
_SLACK_REJECTED = counter(
    "slack_rejected", "Requests to the Slack door that were not believed, by reason.", "reason"
)
_SLACK_SOCKET_DOWN = gauge(
    "slack_socket_down",
    "1 while Socket Mode is set up and has no socket, so that no command arrives.",
)
_API_REJECTED = counter(
    "api_rejected",
    "Requests to the API without a key that counts, by reason: missing, mismatch, expired, no-secret.",
    "reason",
)
_VERIFIED = counter(
    "webhook_verifications",
    "Payloads by source and result: verified, or the reason why not.",
    *("source", "result"),
)
_SECRET_USED = counter(
    "secret_used",
    "Verified requests by source and the id of the secret that matched.",
    "source",
    "secret_id",
)
_SECRET_ENDS = gauge(
    "secret_not_after_seconds",
    "When a secret with an end stops to be accepted (epoch seconds).",
    *("source", "secret_id"),
)


def slack_acked(kind: str, seconds: float) -> None:
    """A Slack request was answered."""
    _ack(kind).observe(seconds)


def accepted(door: str, result: str, seconds: float) -> None:
    """The store has, or has not, taken a wish: stored, joined, repeated, conflict, not_stored."""
    count, times = _accept(door, result)
    count.inc()
    times.observe(seconds)


def http_answered(method: str, route: str, status: int, seconds: float) -> None:
    """A request was answered; `route` is the template, never the path."""
    _http(method if method in METHODS else OTHER, route, status).observe(seconds)


def slack_rejected(reason: str) -> None:
    """The Slack door did not believe a request."""
    _SLACK_REJECTED.labels(**labels(reason=reason)).inc()


def slack_socket(*, down: bool) -> None:
    """Socket Mode has lost its socket, or has one; without Socket Mode nothing is missing."""
    _SLACK_SOCKET_DOWN.set(down)


def api_rejected(reason: str) -> None:
    """The API did not know who asked."""
    _API_REJECTED.labels(**labels(reason=reason)).inc()


def verified(source: str, secret_id: str) -> None:
    """A request was believed. Slack's own requests count with the source `slack`."""
    used, count = _verified(source, secret_id)
    used.inc()
    count.inc()


def not_verified(source: str, reason: str) -> None:
    """A payload was not believed."""
    _VERIFIED.labels(**labels(source=source, result=reason)).inc()


def secret_ends(source: str, secret_id: str, at: float) -> None:
    """A configured secret has an end."""
    _SECRET_ENDS.labels(**labels(source=source, secret_id=secret_id)).set(at)


@remembered
def _ack(kind: str) -> Histogram:
    return _ACK.labels(**labels(kind=kind))


@remembered
def _accept(door: str, result: str) -> tuple[Counter, Histogram]:
    found = labels(door=door, result=result)
    return _ACCEPTS.labels(**found), _ACCEPT.labels(door=found["door"])


@remembered
def _http(method: str, route: str, status: int) -> Histogram:
    return _HTTP.labels(**labels(method=method, route=route, status=status_class(status)))


@remembered
def _verified(source: str, secret_id: str) -> tuple[Counter, Counter]:
    found = labels(source=source, secret_id=secret_id)
    count = _VERIFIED.labels(source=found["source"], result="verified")
    return _SECRET_USED.labels(**found), count
