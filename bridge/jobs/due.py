"""Deliveries that are due: claimed like jobs, under a lease; what cannot be told now is kept for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog
from sqlalchemy import Connection, select, text, update

from bridge.contract import Job
from bridge.jobs import leases
from bridge.jobs.rows import as_readable
from bridge.jobs.tables import deliveries, jobs
from bridge.vault import Vault

log = structlog.get_logger()

AT_ONCE = 20
Kind = Literal["slack", "callback"]


@dataclass(slots=True)
class Telling:
    """A delivery this worker holds."""

    id: str
    kind: Kind
    fence: int
    created_at: float
    attempts: int = 0
    repeated: bool = False
    row: dict[str, Any] = field(default_factory=dict)  # when it is new


def claim(
    connection: Connection, owner: str, now: float, lease_s: float, vault: Vault
) -> tuple[Sequence[tuple[Job, Telling]], bool]:
    """(some that are due, in this worker's hands now; whether there may be more)."""
    which = (
        select(deliveries.c.id)
        .where(text("state = 'due'"), deliveries.c.run_at <= now)
        .order_by(deliveries.c.run_at)
        .limit(AT_ONCE)
    )
    claimed = connection.execute(
        update(deliveries)
        .where(deliveries.c.id.in_(leases.unlocked(connection, which)))
        .values(
            state="telling",
            owner=owner,
            fence=deliveries.c.fence + 1,
            lease_until=leases.lease_clock(connection, now) + lease_s,
        )
        .returning(deliveries)
    ).mappings()
    rows = claimed.all()
    found = []
    for row in rows:
        chosen = select(jobs).where(jobs.c.seq == row["job_seq"])
        job_row = dict(connection.execute(chosen).mappings().one())
        job = as_readable(job_row, vault)
        telling = Telling(
            row["id"],
            row["kind"],
            row["fence"],
            row["created_at"],
            row["attempts"],
            bool(row["repeated"]),
        )
        if reason := _why_not(job_row, job):
            _keep(connection, telling, job, reason)
        else:
            found.append((job, telling))
    return found, len(rows) == AT_ONCE


def _why_not(row: Mapping[str, Any], job: Job) -> str:
    """Why nobody can be told of this job now; empty: they can."""
    if job.finished_at is None:
        return "superseded: the job goes on"
    if row["outcome"] and job.outcome is None:
        return "unreadable: a later release stored the outcome"
    return ""


def _keep(connection: Connection, telling: Telling, job: Job, reason: str) -> None:
    log.warning("delivery.kept", job_id=job.id, kind=telling.kind, reason=reason)
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id == telling.id)
        .values(state="kept", owner=None, lease_until=None, how=reason)
    )
