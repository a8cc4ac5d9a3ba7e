"""How long things are kept: pruning what is old, erasing what somebody wants gone.

A job that is removed leaves its line in the audit trail, without what customers wrote. Erasing a room takes
the room out of the trail too, but for a digest that shows whoever knows the room that it was erased.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection, delete, func, or_, select, text

from bridge.jobs import auditing, lanes, leases
from bridge.jobs.tables import FINISHED, audit, jobs, keys
from bridge.settings import Jobs

DAY_S = 86_400.0
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is older than these goes."""

    done_before: float
    parked_before: float
    keys_before: float
    audit_before: float = 0.0

    @classmethod
    def of(cls, settings: Jobs, now: float) -> Self:
        return cls(
            done_before=now - settings.keep_done_days * DAY_S,
            parked_before=now - settings.keep_parked_days * DAY_S,
            keys_before=now - settings.keep_keys_s,
            audit_before=now - settings.keep_audit_days * DAY_S,
        )


def prune(db: Connection, bounds: Bounds) -> int:
    """Remove finished jobs, old keys and old lines of the trail; how many jobs went.

    `AT_ONCE` of them: more may be left.
    """
    db.execute(delete(keys).where(keys.c.created_at < bounds.keys_before))
    db.execute(delete(audit).where(audit.c.at < bounds.audit_before))
    old = (
        select(jobs.c.seq)
        .where(
            text(FINISHED),
            or_(
                (jobs.c.state != "parked") & (jobs.c.finished_at < bounds.done_before),
                (jobs.c.state == "parked") & (jobs.c.finished_at < bounds.parked_before),
            ),
        )
        .order_by(jobs.c.finished_at)
        .limit(AT_ONCE)
    )
    # locked: a job that somebody retries at this moment is not old any more
    return _remove(db, list(db.scalars(leases.unlocked(db, old))))


def erase(db: Connection, room: str, actor: auditing.Actor, now: float) -> int:
    """Remove everything about one room or session, on every connection; how many jobs went."""
    lane = or_(jobs.c.lane == room, jobs.c.lane.endswith(f":{room}", autoescape=True))
    # locked, or a job accepted meanwhile would wait for ever behind one that is gone
    lanes.lock(db, set(db.scalars(select(jobs.c.lane).where(lane).distinct())))
    gone = _remove(db, list(db.scalars(select(jobs.c.seq).where(lane))), without_room=True)
    auditing.forget_room(db, room)
    said = auditing.Event(
        now, actor, "room.erase", auditing.digest(room), detail=f"{gone} jobs erased"
    )
    auditing.add(db, [said])
    return gone


def rooms_naming(db: Connection, address: str) -> list[str]:
    """The rooms and sessions of which a job names an e-mail address; attempts hold masked ones only."""
    # whole addresses: who erases anna@ does not mean joanna@
    whole = re.compile(rf"(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)", re.IGNORECASE)
    texts = (jobs.c.args, jobs.c.outcome, jobs.c.memo)
    written = {address.lower(), json.dumps(address.lower())[1:-1]}  # as it is, or with \u00f6 for ö
    holds = [func.lower(one).contains(way, autoescape=True) for one in texts for way in written]
    return sorted(
        {
            lane.partition(":")[2] or lane
            for lane, *stored in db.execute(select(jobs.c.lane, *texts).where(or_(*holds)))
            if any(whole.search(one) for one in _strings([json.loads(x or "0") for x in stored]))
        }
    )


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, dict):
        yield from _strings([*value, *value.values()])


def _remove(db: Connection, seqs: Sequence[int], *, without_room: bool = False) -> int:
    for start in range(0, len(seqs), AT_ONCE):
        some = seqs[start : start + AT_ONCE]
        auditing.keep(db, some, without_room=without_room)
        db.execute(delete(jobs).where(jobs.c.seq.in_(some)))
    return len(seqs)
