"""Leases: what a worker holds is its own while it gives signs of life, and is taken back when it falls silent.

Leases are judged by the database's clock on Postgres, so hosts need not agree on the time. A worker that
comes back late finds its fence outdated (`finishing`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Float, Select, func, literal, or_, select, text, update

from bridge.jobs import statements
from bridge.jobs.tables import deliveries, is_postgres, jobs

CLOCK = "extract(epoch FROM clock_timestamp())::float8"  # of Postgres


@dataclass(slots=True)
class Beat:
    """A sign of life: the jobs and deliveries that a worker really has in its hands.

    What it owns only on paper (a claim whose answer got lost) is not renewed, so it is swept.
    """

    owner: str
    now: float
    lease_s: float
    jobs: Collection[int]
    deliveries: Collection[str] = ()


def beat(connection: Connection, items: Sequence[Beat]) -> Sequence[set[int]]:
    """Renew leases; the jobs that are still held."""
    held = []
    for item in items:
        until = lease_clock(connection, item.now) + item.lease_s
        rows = connection.execute(
            update(jobs)
            .where(
                text("state = 'running'"),
                jobs.c.owner == item.owner,
                jobs.c.seq.in_(sorted(item.jobs)),
            )
            .values(lease_until=until)
            .returning(jobs.c.seq)
        )
        held.append({row.seq for row in rows})
        if item.deliveries:
            connection.execute(
                update(deliveries)
                .where(
                    text("state = 'telling'"),
                    deliveries.c.owner == item.owner,
                    deliveries.c.id.in_(sorted(item.deliveries)),
                )
                .values(lease_until=until)
            )
    return held


@dataclass(slots=True)
class Sweep:
    """Look for lost leases; what the sweeping worker has in its own hands is not lost."""

    now: float
    everything: bool = False  # no other process can be alive
    jobs: Collection[int] = ()
    deliveries: Collection[str] = ()


def sweep(connection: Connection, items: Sequence[Sweep]) -> Sequence[int]:
    """Take jobs and deliveries from workers that fell silent; how many jobs."""
    total = []
    for item in items:
        now, everything = item.now, item.everything
        clock = lease_clock(connection, now)
        lost = select(jobs.c.seq).where(text("state = 'running'"))
        mute = select(deliveries.c.id).where(text("state = 'telling'"))
        if not everything:
            lost = lost.where(or_(jobs.c.lease_until.is_(None), jobs.c.lease_until < clock))
            mute = mute.where(
                or_(deliveries.c.lease_until.is_(None), deliveries.c.lease_until < clock)
            )
        found = connection.scalars(unlocked(connection, lost))
        seqs = [seq for seq in found if seq not in item.jobs]
        silent = connection.scalars(unlocked(connection, mute))
        quiet = [name for name in silent if name not in item.deliveries]
        followers = update(jobs).values(state="pending", run_at=now, owner=None)
        flows = update(jobs).values(state="queued", ready=1, owner=None)
        for part in _parts(seqs):
            connection.execute(followers.where(jobs.c.seq.in_(part), jobs.c.phase == "follow"))
            connection.execute(flows.where(jobs.c.seq.in_(part), jobs.c.phase == "flow"))
        again = update(deliveries).values(state="due", run_at=now, owner=None, repeated=1)
        for part in _parts(quiet):
            connection.execute(again.where(deliveries.c.id.in_(part)))
        total.append(len(seqs))
    return total


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + 500] for start in range(0, len(values), 500))


def unlocked(connection: Connection, which: Select[Any]) -> Select[Any]:
    """Only rows that no other process is claiming at this moment."""
    return which.with_for_update(skip_locked=True) if is_postgres(connection) else which


def lease_clock(connection: Connection, now: float) -> Any:
    """Leases are judged by the database's clock, so hosts need not agree on the time."""
    if is_postgres(connection):
        return func.extract("epoch", func.clock_timestamp()).cast(Float)
    return literal(now)


def lease_now(connection: Connection, now: float) -> float:
    """The same clock, read."""
    if not is_postgres(connection):
        return now
    [(moment,)] = statements.run(connection, f"SELECT {CLOCK}")
    return float(moment)
