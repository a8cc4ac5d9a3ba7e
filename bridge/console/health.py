"""How the upstreams and the workers are, read from what the workers themselves keep in the store.

Pace windows and breakers stand in the table `pace`; the last errors are among the newest attempts. Whoever
holds a running job or ended an attempt of late is a worker that is alive.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Connection, func, select, text

from bridge.contract import upstream_name
from bridge.jobs import windows
from bridge.jobs.pace import Window, current
from bridge.jobs.served import elsewhere
from bridge.jobs.tables import attempts, jobs, pace

LATEST: Final = 400  # attempts that are looked through
ERRORS: Final = 5
ALIVE_S: Final = 300.0
FINE: Final = ("done", "pending")


@dataclass(frozen=True, slots=True)
class Route:
    """The pace of one documented route."""

    method: str
    path: str
    calls: int
    used: int
    window_s: float
    resets_in_s: float
    source: str

    @property
    def share(self) -> float:
        return min(1.0, self.used / self.calls) if self.calls else 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that did not go well."""

    at: float
    job_id: str
    code: str
    kind: str
    detail: str


@dataclass(slots=True)
class Health:
    """One connection."""

    name: str
    upstream: str
    address: str
    breaker_open: bool = False
    breaker_failures: int = 0
    probe_in_s: float = 0.0
    routes: list[Route] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    last_good_at: float | None = None
    assumed: str = ""
    stranded: int = 0  # jobs that wait for a connection which these settings do not have

    @property
    def state(self) -> str:
        """One word: broken, troubled, busy, fine or quiet."""
        if self.breaker_open:
            return "broken"
        worst = self.failures[0].at if self.failures else None
        if worst is not None and (self.last_good_at is None or worst > self.last_good_at):
            return "troubled"
        return "fine" if self.last_good_at is not None else "quiet"


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker of any process."""

    name: str
    busy: int
    seen_at: float | None


def connections(
    db: Connection, configured: Mapping[str, Any], assumed: Mapping[str, Window], now: float
) -> list[Health]:
    """Every configured connection, and those that only the store remembers."""
    found = {name: _configured(name, one, assumed.get(name)) for name, one in configured.items()}
    for row in db.execute(select(pace).order_by(pace.c.connection, pace.c.route)):
        health = found.setdefault(row.connection, Health(row.connection, "", "not configured now"))
        window = Window(row.calls, row.window_s, row.used, row.resets_at, row.source)
        if row.route == windows.BREAKER:
            health.breaker_open = row.resets_at > 0
            health.breaker_failures = row.calls
            health.probe_in_s = window.probe_wait_s(now)
            continue
        window = current(window, assumed.get(row.connection, window), now).at(now)
        method, _, path = row.route.partition(" ")
        resets_in_s = max(0.0, window.resets_at - now) if window.resets_at else 0.0
        health.routes.append(
            Route(
                method, path, window.calls, window.used, window.window_s, resets_in_s, window.source
            )
        )
    newest = db.scalar(select(func.max(attempts.c.seq))) or 0
    rows = db.execute(
        select(
            attempts.c.ended_at,
            attempts.c.verdict,
            attempts.c.exchanges,
            jobs.c.id,
            jobs.c.connection,
        )
        .join(jobs, jobs.c.seq == attempts.c.job_seq)
        .where(attempts.c.seq > newest - LATEST)
        .order_by(attempts.c.seq.desc())
    )
    for row in rows:
        health = found.setdefault(row.connection, Health(row.connection, "", "not configured now"))
        kind, _, code = row.verdict.partition(": ")
        if kind in FINE:
            health.last_good_at = health.last_good_at or row.ended_at
        elif len(health.failures) < ERRORS:
            failure = Failure(row.ended_at, row.id, code, kind, _why(row.exchanges))
            health.failures.append(failure)
    for name, total in elsewhere(db, configured).items():
        health = found.setdefault(name, Health(name, "", "not configured now"))
        health.stranded = total
    return list(found.values())


def workers(db: Connection, now: float) -> Sequence[Worker]:
    """Who works, busiest first."""
    running = db.execute(
        select(jobs.c.owner, func.count().label("busy"))
        .where(text("state = 'running'"), jobs.c.owner.is_not(None))
        .group_by(jobs.c.owner)
    )
    busy = {row.owner: row.busy for row in running}
    newest = db.scalar(select(func.max(attempts.c.seq))) or 0
    seen: dict[str, float] = {}
    for row in db.execute(
        select(attempts.c.worker, func.max(attempts.c.ended_at).label("at"))
        .where(attempts.c.seq > newest - LATEST)
        .group_by(attempts.c.worker)
    ):
        if row.at >= now - ALIVE_S:
            seen[row.worker] = row.at
    names = sorted(busy.keys() | seen.keys(), key=lambda name: (-busy.get(name, 0), name))
    return [Worker(name, busy.get(name, 0), seen.get(name)) for name in names]


def _configured(name: str, connection: Any, window: Window | None) -> Health:
    address = connection.url or getattr(connection, "tenant", "")
    host = urlsplit(address).hostname or address
    pace_words = ""
    if window is not None and not window.unlimited:
        until = " until learnt" if window.source == "assumed" else " at most"
        pace_words = f"{window.calls} calls per {window.window_s:g} s and route{until}"
    return Health(name, upstream_name(connection.kind), host, assumed=pace_words)


def _why(exchanges: str) -> str:
    """What the last exchange of an attempt came to."""
    try:
        last = json.loads(exchanges)[-1]
    except (ValueError, IndexError, KeyError):
        return ""
    if "status" in last:
        return f"{last.get('method', '')} answered {last['status']}"
    return str(last.get("failure", ""))
