"""The audit trail: who did what, on what, and what came of it. Kept longer than the jobs it speaks of.

What was asked for stands in the jobs themselves, so accepting and working write nothing more; when a job
is pruned or erased its line moves here, in the same transaction. What people do besides (retry, cancel,
erase, link, sign in, be denied) is written by whoever does it, wherever possible in the transaction that
does it. A line holds ids and outcomes, never what customers wrote, and no secret.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from typing import TYPE_CHECKING, Any, Final, Self

import structlog
from sqlalchemy import Connection, and_, func, insert, or_, select, update

from bridge.contract import Asker
from bridge.jobs.tables import audit, jobs
from bridge.jobs.writer import StoreDown

if TYPE_CHECKING:
    from bridge.jobs.store import Store

log = structlog.get_logger()

MOST_TARGET: Final = 250
MOST_DETAIL: Final = 250
BEYOND: Final = 10**17  # no row has such a number
CURSOR: Final = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)_(\d{1,18})_(\d{1,18})")  # surfaces/paths.py
COLUMNS: Final = (
    *("at", "door", "who", "scope", "what", "target"),
    *("connection", "job_id", "outcome", "detail"),
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, through which door. `who` is an id, never a name that people choose."""

    door: str  # slack, api, console, cli, source, process
    who: str
    scope: str = ""

    @classmethod
    def of(cls, asker: Asker) -> Self:
        return cls(asker.door, asker.user_id or asker.scope, asker.scope)


UNNAMED: Final = Actor("process", "unnamed")


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the trail."""

    at: float
    actor: Actor
    what: str  # an action's name, or job.retry, job.cancel, room.erase, account.link, …
    target: str = ""  # a room, a session, an account, the paths of settings
    connection: str = ""
    job_id: str = ""
    outcome: str = "done"  # or refused, denied; of a request: how its job stands
    detail: str = ""

    def as_json(self) -> dict[str, str]:
        at = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        values = {**_columns(self), "at": at}
        return {name: values[name] for name in COLUMNS}


@dataclass(frozen=True, slots=True)
class Which:
    """Which lines; what is empty does not limit. `who` is a user's id or a scope such as key:ci."""

    since: float | None = None
    until: float | None = None
    who: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines, newest first, and the cursor of what follows."""

    events: list[Event]
    cursor: str = ""


class Audit:
    """The trail, written and read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def note(
        self,
        actor: Actor,
        what: str,
        *,
        target: str = "",
        connection: str = "",
        job_id: str = "",
        outcome: str = "done",
        detail: str = "",
    ) -> None:
        """Write one line. What it speaks of has happened, so a store that is down is only logged."""
        event = Event(self._store.clock(), actor, what, target, connection, job_id, outcome, detail)
        try:
            await self._store.write(lambda db: add(db, [event]))
        except StoreDown:
            log.warning("jobs.audit_not_written", what=what, outcome=outcome, job_id=job_id)

    async def find(self, which: Which, *, limit: int = 100, cursor: str = "") -> Lines:
        """A page, newest first. `cursor` comes from the page before."""
        return await self._store.read(lambda db: page(db, which, limit, cursor))


def add(db: Connection, events: Sequence[Event]) -> None:
    """Write lines in the transaction of what they speak of."""
    if events:
        db.execute(insert(audit), [{**_columns(event), "at": event.at} for event in events])


def keep(db: Connection, seqs: Sequence[int], *, without_room: bool = False) -> None:
    """Move the lines of jobs that are about to be removed into the trail."""
    rows = db.execute(_asked().where(jobs.c.seq.in_(seqs))).mappings()
    add(db, [_of_job(row, without_room=without_room) for row in rows])


def forget_room(db: Connection, room: str) -> None:
    """Leave of a room only a digest, by which somebody who knows its id finds the lines again."""
    db.execute(update(audit).where(audit.c.target == room).values(target=digest(room)))


def digest(room: str) -> str:
    """What stands for an erased room."""
    return f"sha256:{hashlib.sha256(room.encode()).hexdigest()[:32]}"


def page(db: Connection, which: Which, limit: int, cursor: str) -> Lines:
    """The trail and the jobs as one stream, newest first; each has its own place in the cursor."""
    at, seq, job_seq = _place(cursor)
    older = or_(audit.c.at < at, and_(audit.c.at == at, audit.c.seq < seq))
    trail = select(audit).where(older, *_limits(which))
    trail = trail.order_by(audit.c.at.desc(), audit.c.seq.desc()).limit(limit)
    asked = _asked().where(jobs.c.seq < job_seq, *_limits_of_jobs(which))
    asked = asked.order_by(jobs.c.seq.desc()).limit(limit)
    written = [(row["seq"], 0, _of_row(row)) for row in db.execute(trail).mappings()]
    stored = [(0, row["seq"], _of_job(row)) for row in db.execute(asked).mappings()]
    both = list(merge(written, stored, key=lambda one: one[2].at, reverse=True))
    shown = both[:limit]
    if len(shown) < limit:
        return Lines([event for *_, event in shown])
    last = shown[-1][2].at
    at, seq = last, seq if last == at else BEYOND
    for of_trail, of_jobs, event in shown:
        job_seq = of_jobs or job_seq
        if of_trail and event.at == at:
            seq = of_trail
    return Lines([event for *_, event in shown], f"{at!r}_{seq}_{job_seq}")


def as_csv(events: Iterable[Event], *, header: bool) -> str:
    """Lines for a spreadsheet; a cell that a spreadsheet would run as a formula is text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if header:
        writer.writerow(COLUMNS)
    for event in events:
        cells = event.as_json().values()
        writer.writerow(
            [f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell for cell in cells]
        )
    return out.getvalue()


def _columns(event: Event) -> dict[str, Any]:
    return {
        "door": event.actor.door[:12],
        "who": event.actor.who[:120],
        "scope": event.actor.scope[:120],
        "what": event.what[:80],
        "target": event.target[:MOST_TARGET],
        "connection": event.connection[:120],
        "job_id": event.job_id[:32],
        "outcome": event.outcome[:20],
        "detail": event.detail[:MOST_DETAIL],
    }


def _of_row(row: Mapping[Any, Any]) -> Event:
    values = {name: row[name] for name in COLUMNS if name not in ("door", "who", "scope")}
    return Event(actor=Actor(row["door"], row["who"], row["scope"]), **values)


def _asked() -> Any:
    columns = ("seq", "id", "action", "connection", "lane", "state", "created_at", "asker")
    return select(*(jobs.c[name] for name in columns), jobs.c.outcome)


def _of_job(row: Mapping[Any, Any], *, without_room: bool = False) -> Event:
    room, asker = row["lane"].partition(":")[2], json.loads(row["asker"])
    scope = asker.get("scope", "")
    outcome = json.loads(row["outcome"]) if row["outcome"] else {}
    return Event(
        at=row["created_at"],
        actor=Actor(asker.get("door", ""), asker.get("user_id") or scope, scope),
        what=row["action"],
        target=digest(room) if without_room else room,
        connection=row["connection"],
        job_id=row["id"],
        outcome=row["state"],
        detail=str(outcome.get("code", "")),
    )


def _limits(which: Which) -> list[Any]:
    found = []
    if which.since is not None:
        found.append(audit.c.at >= which.since)
    if which.until is not None:
        found.append(audit.c.at < which.until)
    if which.who:
        found.append(or_(audit.c.who == which.who, audit.c.scope == which.who))
    if which.what:
        found.append(audit.c.what == which.what)
    return found


def _limits_of_jobs(which: Which) -> list[Any]:
    found = []
    if which.since is not None:
        # jobs have no index by time, but are numbered in its order: stop at the first older one
        older = select(jobs.c.seq).where(jobs.c.created_at < which.since)
        newest = older.order_by(jobs.c.seq.desc()).limit(1).scalar_subquery()
        found.append(jobs.c.seq > func.coalesce(newest, 0))
        found.append(jobs.c.created_at >= which.since)
    if which.until is not None:
        found.append(jobs.c.created_at < which.until)
    if which.who:
        person = jobs.c.asker.contains(f'"user_id":"{which.who}"', autoescape=True)
        found.append(or_(jobs.c.scope == which.who, person))
    if which.what:
        found.append(jobs.c.action == which.what)
    return found


def _place(cursor: str) -> tuple[float, int, int]:
    match = CURSOR.fullmatch(cursor)
    return (float(match[1]), int(match[2]), int(match[3])) if match else (1e11, BEYOND, BEYOND)
