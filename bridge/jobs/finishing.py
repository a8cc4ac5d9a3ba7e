"""Every write of a worker about a job it holds: intent, end of an attempt, what was told.

Fencing: a write counts only while nobody claimed the row since. A worker that was stalled past its
lease while another took the job over finds its fence outdated; its late write changes nothing and says
so. Swept but not yet claimed again, a known outcome still counts: it is better than a second try.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, update

from bridge.jobs import lanes, notifications, statements
from bridge.jobs.leases import lease_now
from bridge.jobs.tables import LOOKING, attempts, deliveries, is_postgres, jobs


@dataclass(slots=True)
class Held:
    """A claimed row: which, by whom, under which claim."""

    seq: int
    owner: str
    fence: int


@dataclass(slots=True)
class EndItem:
    """The end of an attempt: the columns to set, its record, and whom to tell."""

    held: Held
    job_id: str
    lane: str
    values: dict[str, Any]
    leaves_lane: bool
    wrote: bool = False  # what it did may be what others wait for on this room
    attempt: dict[str, Any] | None = None
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    now: float = 0.0
    lease_s: float = 0.0  # of the deliveries, which are in the worker's hands from the start


@dataclass(slots=True)
class NoteItem:
    """Columns to set on a held job while it runs on: an intent, a memo, a progress message."""

    held: Held
    values: dict[str, Any]


@dataclass(slots=True)
class ToldItem:
    """What became of a delivery: all of `_TOLD_COLUMNS`."""

    delivery_id: str
    owner: str
    fence: int
    values: dict[str, Any]


_RUNNING, _LIVE = frozenset(("running",)), frozenset(("running", "queued", "pending"))
_END_COLUMNS = (
    "state",
    "phase",
    "run_at",
    "attempts",
    "looks",
    "sent_at",
    "pending_at",
    "finished_at",
    "memo",
    "outcome",
)
_LOOK_NOW = f"UPDATE jobs SET run_at = ? WHERE {LOOKING} AND run_at > ?"  # noqa: S608 - the same
_TOLD_COLUMNS = ("state", "run_at", "attempts", "repeated", "told_at", "how")
_TOLD = (
    f"UPDATE deliveries SET {', '.join(f'{name} = ?' for name in _TOLD_COLUMNS)},"  # noqa: S608 - names of ours
    " owner = NULL, lease_until = NULL"
    " WHERE id = ? AND owner = ? AND fence = ? AND state = 'telling' RETURNING id"
)
_outcome_of = itemgetter(*_TOLD_COLUMNS)


def end(connection: Connection, items: Sequence[EndItem]) -> Sequence[bool]:
    """End attempts; False for those whose fence is outdated."""
    mine = _still_held(connection, [item.held for item in items], or_swept=True)
    valid = [item for item in items if item.held.seq in mine]
    if valid:
        # first, for their own rows are none of them: those still run
        _look_now(connection, [item for item in valid if item.wrote])
        ended = [
            {name: item.values[name] for name in _END_COLUMNS} | {"seq": item.held.seq}
            for item in valid
        ]
        statements.update(connection, jobs, ended, "owner = NULL, lease_until = NULL")
        records = [item.attempt for item in valid if item.attempt is not None]
        if records:
            statements.insert(connection, attempts, records)
        told = [(item, row) for item in valid for row in item.deliveries]
        if told:
            now = lease_now(connection, valid[0].now)
            rows = [{**row, "lease_until": now + item.lease_s} for item, row in told]
            statements.insert(connection, deliveries, rows)
        lanes.promote(connection, {item.lane for item in valid if item.leaves_lane})
        notifications.notify(connection, [item.job_id for item in valid])
    return [item.held.seq in mine for item in items]


def _look_now(connection: Connection, items: Sequence[EndItem]) -> None:
    """What was just done may be what others wait for on its room: they look at once."""
    if items:
        now, rooms = items[0].now, {item.lane for item in items}
        statement = f"{_LOOK_NOW} AND lane IN ({statements.marks(len(rooms))})"
        statements.send(connection, statement, (now, now, *rooms))


def note(connection: Connection, items: Sequence[NoteItem]) -> Sequence[bool]:
    """Set columns of held jobs; False for those whose fence is outdated."""
    mine = _still_held(connection, [item.held for item in items])
    for item in items:
        if item.held.seq in mine:
            connection.execute(
                update(jobs).where(jobs.c.seq == item.held.seq).values(**item.values)
            )
    return [item.held.seq in mine for item in items]


def told(connection: Connection, items: Sequence[ToldItem]) -> Sequence[bool]:
    """Store what became of deliveries; False for those that another worker took over."""
    results = []
    for item in items:
        place = (item.delivery_id, item.owner, item.fence)
        results.append(bool(statements.run(connection, _TOLD, (*_outcome_of(item.values), *place))))
    return results


def _still_held(
    connection: Connection, held: Sequence[Held], *, or_swept: bool = False
) -> set[int]:
    query = (
        "SELECT seq, state, owner, fence FROM jobs"  # noqa: S608
        f" WHERE finished_at IS NULL AND seq IN ({statements.marks(len(held))})"
    )
    if is_postgres(connection):
        query += " ORDER BY seq FOR UPDATE"
    rows = statements.run(connection, query, tuple(item.seq for item in held))
    states = _LIVE if or_swept else _RUNNING
    known = {row[0]: tuple(row[1:]) for row in rows if row[1] in states}
    return {item.seq for item in held if item.seq in known and _is_his(item, *known[item.seq])}


def _is_his(held: Held, state: str, owner: str | None, fence: int) -> bool:
    return fence == held.fence and owner == (held.owner if state == "running" else None)
