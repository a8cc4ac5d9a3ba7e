"""Prometheus metrics: one function for each thing worth counting, called by the room where it happens.

Labels are bounded. They are names that an operator configured or the code declares (connections, routes
with their `{placeholders}`, actions, sources), never ids, addresses, codes of others or texts; and should
something else slip in, a label that has shown `MOST_VALUES` values shows `other` from then on. Times are
seconds, names end as https://prometheus.io/docs/practices/naming asks. Nothing here knows a room.

May import: no other room.
"""

from bridge.metrics.collectors import REGISTRY, render, table
from bridge.metrics.doors import (
    accepted,
    api_rejected,
    http_answered,
    not_verified,
    secret_ends,
    slack_acked,
    slack_rejected,
    slack_socket,
    verified,
)
from bridge.metrics.outgoing import delivered, final_message, upstream_answered
from bridge.metrics.process import about, reloaded, watch_event_loop
from bridge.metrics.work import (
    attempt_ended,
    breaker,
    fenced,
    heartbeat,
    job_ended,
    job_started,
    jobs_now,
    pace_waited,
    store,
    worker_seen,
)

__all__ = [
    "REGISTRY",
    "about",
    "accepted",
    "api_rejected",
    "attempt_ended",
    "breaker",
    "delivered",
    "fenced",
    "final_message",
    "heartbeat",
    "http_answered",
    "job_ended",
    "job_started",
    "jobs_now",
    "not_verified",
    "pace_waited",
    "reloaded",
    "render",
    "secret_ends",
    "slack_acked",
    "slack_rejected",
    "slack_socket",
    "store",
    "table",
    "upstream_answered",
    "verified",
    "watch_event_loop",
    "worker_seen",
]
