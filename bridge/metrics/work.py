"""What the worker counts: waits, attempts, ends, the pace, the breaker, its own pulse."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import Counter, Histogram

from bridge.metrics.collectors import (
    LONG,
    Moment,
    counter,
    gauge,
    histogram,
    labels,
    remembered,
)

_QUEUE_WAIT = histogram(
    "queue_wait_seconds",
    "From the moment a job could start to its start, by connection and asker (person, program).",
    ("connection", "asker"),
    LONG,
)
_ATTEMPTS = counter(
    "attempts",
    "Attempts by action, connection and outcome: done, pending, refused, retry, unknown, postponed.",
    *("action", "connection", "outcome"),
)
_ENDED = counter(
    "jobs_ended",
    "Jobs that ended, by action, connection and state: done, refused, unknown, parked,"
    " cancelled, pending (its end was not waited for any longer).",
    *("action", "connection", "state"),
)
_JOBS = gauge("jobs", "Jobs that have not ended, and parked ones, by state.", "state")
_OLDEST = gauge(
    "jobs_oldest_queued_seconds",
    "For how long the oldest job could have started: neither pace nor breaker held it.",
)
_PACE_WAIT = histogram(
    "pace_wait_seconds",
    "Waits because an upstream route allows no call yet, by connection and route.",
    ("connection", "route"),
    LONG,
)
_BREAKER = gauge("breaker_open", "1 while calls to a connection are held back.", "connection")
_HEARTBEAT = Moment(
    "worker_heartbeat_seconds",
    "When the worker of this process last renewed its leases (epoch); none without a worker.",
)
_WORKER_SEEN = Moment(
    "worker_seen_seconds",
    "When a worker of any process last said in the store that it works (epoch); none: never.",
)
_FENCED = counter("fenced", "Results thrown away because another worker held the job by then.")
_STORE_UP = gauge("store_up", "1 while the database can be written.")


def job_started(connection: str, waited_s: float, *, person: bool) -> None:
    """A worker took a job up; `waited_s` since it could have been."""
    asker = "person" if person else "program"
    _queue_wait(connection, asker).observe(max(0.0, waited_s))


def attempt_ended(action: str, connection: str, outcome: str) -> None:
    """An attempt ended; `outcome` is an outcome's kind, or postponed."""
    _attempts(action, connection, outcome).inc()


def job_ended(action: str, connection: str, state: str) -> None:
    """A job ended or was parked."""
    _ended(action, connection, state).inc()


def jobs_now(by_state: Mapping[str, int], oldest_queued_s: float) -> None:
    """What the store holds, counted when somebody asks; a state that is not named has none."""
    for state in ("queued", "running", "waiting", "pending", "parked"):
        _JOBS.labels(state=state).set(by_state.get(state, 0))
    _OLDEST.set(max(0.0, oldest_queued_s))


def pace_waited(connection: str, route: str, seconds: float) -> None:
    """A call was held back for the pace."""
    _PACE_WAIT.labels(**labels(connection=connection, route=route)).observe(seconds)


def breaker(connection: str, *, is_open: bool) -> None:
    """A connection's breaker opened or closed."""
    _BREAKER.labels(**labels(connection=connection)).set(is_open)


def heartbeat(at: float) -> None:
    """The worker of this process renewed its leases."""
    _HEARTBEAT.set(at)


def worker_seen(at: float | None) -> None:
    """When, by the store, any worker was last there."""
    _WORKER_SEEN.set(at)


def fenced() -> None:
    """A late result was thrown away."""
    _FENCED.inc()


def store(*, up: bool) -> None:
    """The database can, or cannot, be written."""
    _STORE_UP.set(up)


@remembered
def _queue_wait(connection: str, asker: str) -> Histogram:
    return _QUEUE_WAIT.labels(**labels(connection=connection, asker=asker))


@remembered
def _attempts(action: str, connection: str, outcome: str) -> Counter:
    return _ATTEMPTS.labels(**labels(action=action, connection=connection, outcome=outcome))


@remembered
def _ended(action: str, connection: str, state: str) -> Counter:
    return _ENDED.labels(**labels(action=action, connection=connection, state=state))
