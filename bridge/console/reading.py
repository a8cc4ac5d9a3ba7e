"""What the pages ask of the store: bounded queries, each as fast with a million jobs as with a thousand.

State, scope and room have indexes; action, connection and a person have none. So a page first takes at
most `REACH` candidates by index, newest first, and keeps those that match: a rare match is found by going
on from a cursor, never by one long query that other doors would wait for. Time is found by halving, since
jobs are numbered in the order in which they were accepted. Counts stop at `MOST`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, union_all

from bridge.contract import Asker, JobState
from bridge.jobs.filtering import Filter, clauses
from bridge.jobs.tables import jobs, listed_state

REACH: Final = 5_000
MOST: Final = 10_000
CLOCK_SLACK_S: Final = 120.0  # a host's clock may have been set back between two jobs

_CURSOR = re.compile(r"[0-9]{1,15}")
_COLUMNS = (
    jobs.c.seq,
    jobs.c.id,
    jobs.c.action,
    jobs.c.connection,
    jobs.c.lane,
    jobs.c.state,
    jobs.c.attempts,
    jobs.c.created_at,
    jobs.c.finished_at,
    jobs.c.run_at,
    jobs.c.asker,
    jobs.c.outcome,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A job as a list shows it."""

    seq: int
    id: str
    action: str
    connection: str
    subject: str
    state: JobState
    attempts: int
    created_at: float
    finished_at: float | None
    run_at: float | None
    asker: Asker
    message: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """A page of jobs. `cursor` leads on; `reached` when it ended before it was full."""

    rows: Sequence[Row]
    cursor: str = ""
    reached: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """A page's wish: which jobs, not in these states, on lanes of these connections, from where on."""

    which: Filter
    without: tuple[JobState, ...] = ()
    connections: tuple[str, ...] = ()
    limit: int = 50
    cursor: str = ""


def page(db: Connection, wish: Wish) -> Shelf:
    """The newest jobs that match."""
    which = wish.which
    before = int(wish.cursor) if _CURSOR.fullmatch(wish.cursor) else None
    low = _seq_at(db, which.since - CLOCK_SLACK_S) if which.since is not None else None
    high = _seq_at(db, which.until + CLOCK_SLACK_S) if which.until is not None else None
    edges: list[ColumnElement[bool]] = []
    if before is not None:
        edges.append(jobs.c.seq < before)
    if low is not None:
        edges.append(jobs.c.seq >= low)
    if high is not None:
        edges.append(jobs.c.seq < high)
    others = _unindexed(which, wish.without)
    reach = REACH if others else wish.limit + 1
    candidates = _candidates(which, wish.connections, edges, reach)
    query = (
        select(*_COLUMNS)
        .where(jobs.c.seq.in_(candidates), *others)
        .order_by(jobs.c.seq.desc())
        .limit(wish.limit + 1)
    )
    found = [_row(row) for row in db.execute(query).mappings()]
    if len(found) > wish.limit:
        return Shelf(found[: wish.limit], str(found[wish.limit - 1].seq))
    if not others:
        return Shelf(found)
    inner = candidates.subquery()
    seen, last = db.execute(select(func.count(), func.min(inner.c.seq))).one()
    if seen >= reach:
        return Shelf(found, str(last), reached=True)
    return Shelf(found)


def tally(db: Connection) -> Mapping[JobState, int]:
    """How many jobs are in each state, counted up to `MOST` + 1."""
    parts = [
        select(
            literal(state.value).label("state"),
            select(func.count())
            .select_from(
                select(jobs.c.seq).where(listed_state == state.value).limit(MOST + 1).subquery()
            )
            .scalar_subquery()
            .label("total"),
        )
        for state in JobState
    ]
    return {JobState(row.state): row.total for row in db.execute(union_all(*parts))}


def neighbours(db: Connection, job_id: str, *, each: int = 3) -> Sequence[Row]:
    """The jobs around this one in its lane, newest first, itself among them."""
    here = db.execute(select(jobs.c.seq, jobs.c.lane).where(jobs.c.id == job_id)).one_or_none()
    if here is None:
        return []
    lane = select(*_COLUMNS).where(jobs.c.lane == here.lane)
    later = db.execute(
        lane.where(jobs.c.seq > here.seq).order_by(jobs.c.seq).limit(each)
    ).mappings()
    earlier = db.execute(
        lane.where(jobs.c.seq <= here.seq).order_by(jobs.c.seq.desc()).limit(each + 1)
    ).mappings()
    return [*reversed([_row(row) for row in later]), *(_row(row) for row in earlier)]


def _candidates(
    which: Filter,
    connections: Sequence[str],
    edges: Sequence[ColumnElement[bool]],
    reach: int,
) -> Select[Any]:
    """At most `reach` seqs per indexed way, newest first."""
    ways: list[list[ColumnElement[bool]]] = [[]]
    if which.room:
        ways = [[jobs.c.lane == f"{name}:{which.room}"] for name in connections or ("",)]
    elif which.states:
        ways = [[listed_state == state.value] for state in which.states]
    elif which.scope is not None:
        ways = [[jobs.c.scope == which.scope]]
    found = [
        select(jobs.c.seq).where(*way, *edges).order_by(jobs.c.seq.desc()).limit(reach).subquery()
        for way in ways
    ]
    if len(found) == 1:
        return select(found[0].c.seq)
    every = union_all(*(select(part.c.seq) for part in found)).subquery()
    return select(every.c.seq).order_by(every.c.seq.desc()).limit(reach)


def _unindexed(which: Filter, without: Sequence[JobState]) -> list[ColumnElement[bool]]:
    """The conditions that `_candidates` leaves open: it looks along a room, the states or a scope."""
    left = replace(
        which,
        room="",
        states=which.states if which.room else (),
        scope=which.scope if which.room or which.states else None,
    )
    found = clauses(left)
    if without:
        found.append(jobs.c.state.not_in([state.value for state in without]))
    return found


def _seq_at(db: Connection, moment: float) -> int:
    """The number of the first job accepted at or after a moment, by halving."""
    low = db.scalar(select(func.min(jobs.c.seq))) or 0  # apart: SQLite reads both ends of an index,
    high = (db.scalar(select(func.max(jobs.c.seq))) or 0) + 1  # but only one per query
    while low < high:
        middle = (low + high) // 2
        row = db.execute(
            select(jobs.c.seq, jobs.c.created_at)
            .where(jobs.c.seq >= middle)
            .order_by(jobs.c.seq)
            .limit(1)
        ).one_or_none()
        if row is None or row.created_at >= moment:
            high = middle
        else:
            low = row.seq + 1
    return int(low)


def _row(row: Mapping[Any, Any]) -> Row:
    outcome = json.loads(row["outcome"]) if row["outcome"] else {}
    _, _, subject = row["lane"].partition(":")
    return Row(
        seq=row["seq"],
        id=row["id"],
        action=row["action"],
        connection=row["connection"],
        subject=subject,
        state=JobState(row["state"]),
        attempts=row["attempts"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        run_at=row["run_at"],
        asker=Asker(**json.loads(row["asker"])),
        message=str(outcome.get("message", "")),
    )
