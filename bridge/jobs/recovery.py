"""Retry and cancel, each one transaction over many jobs: lanes stay in order, and nobody is told twice.

A job may end at the same moment. Its lane is locked whatever its state was, and whatever its end was
going to tell is taken back in the transaction that changes the job.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, insert, or_, select, true, update

from bridge.contract import JobState
from bridge.jobs import lanes, notifications
from bridge.jobs.auditing import Actor, Event, add
from bridge.jobs.rows import delivery_rows, open_reply_to
from bridge.jobs.tables import deliveries, jobs, listed_state
from bridge.vault import Vault

RETRYABLE = (JobState.PARKED, JobState.UNKNOWN)
BY_FORCE = (JobState.DONE, JobState.REFUSED, JobState.CANCELLED, JobState.PENDING)
CANCELLABLE = (JobState.QUEUED, JobState.WAITING, JobState.PENDING, JobState.PARKED)
RETRIED, CANCELLED = "job.retry", "job.cancel"


def may_be_retried(*, force: bool) -> ColumnElement[bool]:
    """The condition of a query for jobs that a retry is for."""
    allowed = (*RETRYABLE, *BY_FORCE) if force else RETRYABLE
    return and_(
        listed_state.in_([state.value for state in allowed]),
        or_(jobs.c.state != "pending", jobs.c.finished_at.is_not(None)),
    )


def may_be_cancelled() -> ColumnElement[bool]:
    """The condition of a query for jobs that have not ended and are not being worked on."""
    return and_(
        listed_state.in_([state.value for state in CANCELLABLE]),
        or_(jobs.c.state != "pending", jobs.c.finished_at.is_(None)),
    )


def retry(
    connection: Connection,
    ids: Sequence[str],
    by: Actor,
    now: float,
    *,
    force: bool,
    never_repeated: Collection[str],
) -> list[str]:
    """Give those of them that may be retried another chance; their ids."""
    # a person decides to send a lost call again; where a check can be made it still comes first
    afresh = true() if force else jobs.c.action.in_(never_repeated)
    names = _lock_lanes(connection, ids)
    rows = connection.execute(
        update(jobs)
        .where(jobs.c.id.in_(ids), may_be_retried(force=force))
        .values(
            state="queued",
            phase="flow",
            ready=0,
            fence=jobs.c.fence + 1,
            run_at=None,
            attempts=0,
            looks=0,
            sent_at=case((afresh, None), else_=jobs.c.sent_at),
            pending_at=None,
            finished_at=None,
            outcome=None,
            memo="{}",
            rank=now,
            tried_since=now,
        )
        .returning(jobs.c.id, jobs.c.seq, jobs.c.action, jobs.c.connection, jobs.c.lane)
    ).all()
    add(connection, [_deed(row, RETRIED, by, now, force=force) for row in rows])
    _supersede(connection, [row.seq for row in rows], "the job was tried again")
    lanes.promote(connection, names)
    notifications.notify(connection, [row.id for row in rows])
    return [row.id for row in rows]


def cancel(
    connection: Connection, ids: Sequence[str], by: Actor, now: float, vault: Vault
) -> list[tuple[str, str, str]]:
    """Stop those of them that have not ended and are not being worked on: (id, action, connection)."""
    names = _lock_lanes(connection, ids)
    rows = connection.execute(
        update(jobs)
        .where(jobs.c.id.in_(ids), may_be_cancelled())
        .values(state="cancelled", run_at=None, finished_at=now)
        .returning(jobs)
    ).all()
    add(connection, [_deed(row, CANCELLED, by, now) for row in rows])
    _supersede(connection, [row.seq for row in rows], "the job was cancelled")
    told = [
        delivery
        for row in rows
        for delivery in delivery_rows(open_reply_to(row.reply_to, vault), row.seq, now)
    ]
    if told:
        connection.execute(insert(deliveries), told)
    lanes.promote(connection, names)
    notifications.notify(connection, [row.id for row in rows])
    return [(row.id, row.action, row.connection) for row in rows]


def _lock_lanes(connection: Connection, ids: Sequence[str]) -> set[str]:
    """The lanes of these jobs, whatever their state: it may change until the lock is had."""
    names = set(connection.scalars(select(jobs.c.lane).where(jobs.c.id.in_(ids))))
    lanes.lock(connection, names)
    return names


def _supersede(connection: Connection, seqs: Sequence[int], why: str) -> None:
    """What was not told yet of the end before, or is being told, is not told again beside the new one."""
    connection.execute(
        update(deliveries)
        .where(deliveries.c.job_seq.in_(seqs), deliveries.c.state.in_(("due", "telling")))
        .values(state="kept", how=f"superseded: {why}")
    )


def _deed(row: Any, what: str, by: Actor, now: float, *, force: bool = False) -> Event:
    room, detail = row.lane.partition(":")[2], f"{row.action}{' with force' if force else ''}"
    return Event(now, by, what, room, row.connection, row.id, detail=detail)
