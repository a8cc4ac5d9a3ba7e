"""What the doors count: acks, accepts, answers, and who was not believed."""

from __future__ import annotations

from bridge.metrics.collectors import QUICK, USUAL, counter, gauge, histogram, labels, status_class

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
    "Requests to every route but Slack's, by method, route template and status class.",
    ("method", "route", "status"),
    USUAL,
)
_SLACK_REJECTED = counter(
    "slack_rejected", "Requests to the Slack door that were not believed, by reason.", "reason"
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
    _ACK.labels(**labels(kind=kind)).observe(seconds)


def accepted(door: str, result: str, seconds: float) -> None:
    """The store has, or has not, taken a wish: stored, joined, repeated, conflict, not_stored."""
    found = labels(door=door, result=result)
    _ACCEPTS.labels(**found).inc()
    _ACCEPT.labels(door=found["door"]).observe(seconds)


def http_answered(method: str, route: str, status: int, seconds: float) -> None:
    """A request was answered; `route` is the template, never the path."""
    _HTTP.labels(**labels(method=method, route=route, status=status_class(status))).observe(seconds)


def slack_rejected(reason: str) -> None:
    """The Slack door did not believe a request."""
    _SLACK_REJECTED.labels(**labels(reason=reason)).inc()


def verified(source: str, secret_id: str) -> None:
    """A request was believed. Slack's own requests count with the source `slack`."""
    found = labels(source=source, secret_id=secret_id)
    _SECRET_USED.labels(**found).inc()
    _VERIFIED.labels(source=found["source"], result="verified").inc()


def not_verified(source: str, reason: str) -> None:
    """A payload was not believed."""
    _VERIFIED.labels(**labels(source=source, result=reason)).inc()


def secret_ends(source: str, secret_id: str, at: float) -> None:
    """A configured secret has an end."""
    _SECRET_ENDS.labels(**labels(source=source, secret_id=secret_id)).set(at)
