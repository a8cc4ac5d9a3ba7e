"""Accept: launches become rows in one transaction, each key once, each lane in order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, func, select, text, tuple_

from bridge.jobs import lanes, notifications, statements, windows
from bridge.jobs.intake import Key, KeyConflict
from bridge.jobs.pace import Window, current
from bridge.jobs.rows import split_channel
from bridge.jobs.tables import ACTIVE, CLAIMABLE, jobs, keys


@dataclass(slots=True)
class AcceptItem:
    """The rows of one call to `accept`."""

    rows: list[dict[str, Any]]
    scope: str
    now: float
    key: Key | None = None
    join_since: float | None = None  # a running twin that is not older may be joined
    default_window: Window | None = None  # estimate the wait for a person; of a route not met yet


@dataclass(slots=True)
class AcceptResult:
    """`found` holds rows that were there before: of the same key, or a running twin."""

    found: list[dict[str, Any]] = field(default_factory=list)
    repeated: bool = False
    joined: bool = False
    wait_s: float = 0.0


def names(item: AcceptItem) -> set[str]:
    """What must be locked before it: its lanes, and the wish that may be joined."""
    found = {row["lane"] for row in item.rows}
    return found | {item.rows[0]["join_key"]} if _joins(item) else found


def accept(
    connection: Connection, items: Sequence[AcceptItem]
) -> Sequence[AcceptResult | KeyConflict]:
    """Store each item's rows, or find what was stored before. One transaction for all items."""
    results: list[AcceptResult | KeyConflict] = [AcceptResult() for _ in items]
    fresh = _claim_keys(connection, items)
    repeats = sorted(set(range(len(items))) - set(fresh))
    fresh = _join_twins(connection, items, fresh, results)
    _insert(connection, [items[index] for index in fresh])
    # after the insert: the first copy of a key may stand in this very transaction
    gone = _fill_repeats(connection, items, results, repeats)
    _insert(connection, [items[index] for index in gone])
    fresh += gone
    asked = [index for index in fresh if items[index].default_window is not None]
    waits = _waits_s(connection, [items[index] for index in asked])
    for index, wait_s in zip(asked, waits, strict=True):
        results[index] = AcceptResult(wait_s=wait_s)
    return results


def _claim_keys(connection: Connection, items: Sequence[AcceptItem]) -> list[int]:
    """The items whose key is new, or that have none."""
    rows: dict[tuple[str, str], tuple[Any, ...]] = {}
    for item in items:
        if item.key is not None:
            ids = json.dumps([row["id"] for row in item.rows])
            rows.setdefault(
                (item.scope, item.key.value),
                (item.scope, item.key.value, item.key.fingerprint, ids, item.now),
            )
    if not rows:
        return list(range(len(items)))
    ordered = [rows[name] for name in sorted(rows)]  # a fixed order: two processes never deadlock
    new: set[tuple[str, str]] = set()
    for start in range(0, len(ordered), 1000):  # the drivers take so many values at once, not all
        part = ordered[start : start + 1000]
        statement = (
            "INSERT INTO keys (scope, value, fingerprint, job_ids, created_at)"  # noqa: S608
            f" VALUES {statements.marks(len(part), '(?, ?, ?, ?, ?)')}"
            " ON CONFLICT DO NOTHING RETURNING scope, value"
        )
        stored = statements.run(connection, statement, tuple(chain.from_iterable(part)))
        new |= {(row[0], row[1]) for row in stored}
    fresh: list[int] = []
    for index, item in enumerate(items):
        name = (item.scope, item.key.value) if item.key else None
        if name is None or name in new:
            fresh.append(index)
            new.discard(name or ("", ""))
    return fresh


def _fill_repeats(
    connection: Connection,
    items: Sequence[AcceptItem],
    results: list[AcceptResult | KeyConflict],
    repeats: Sequence[int],
) -> list[int]:
    """Find what each repeated key stands for; the items whose jobs were erased, to be stored anew."""
    if not repeats:
        return []
    wanted = [(items[index].scope, _value(items[index])) for index in repeats]
    query = select(keys).where(tuple_(keys.c.scope, keys.c.value).in_(wanted))
    known = {
        (row.scope, row.value): (row.fingerprint, row.job_ids) for row in connection.execute(query)
    }
    gone: list[int] = []
    for index in repeats:
        item = items[index]
        name = (item.scope, _value(item))
        fingerprint, text_ids = known[name]
        if item.key is not None and fingerprint != item.key.fingerprint:
            results[index] = KeyConflict(item.key.value)
            continue
        ids = json.loads(text_ids)
        stored = connection.execute(select(jobs).where(jobs.c.id.in_(ids))).mappings()
        by_id = {found["id"]: dict(found) for found in stored}
        found = [by_id[job_id] for job_id in ids if job_id in by_id]
        twins = [items[other] for other in gone if items[other].rows[0]["id"] in ids]
        if not found and not twins:
            gone.append(index)
            _point(connection, item, [row["id"] for row in item.rows])
            known[name] = (fingerprint, json.dumps([row["id"] for row in item.rows]))
            continue
        results[index] = AcceptResult(found=found or twins[0].rows, repeated=True)
    return gone


def _point(connection: Connection, item: AcceptItem, ids: Sequence[str]) -> None:
    """Let the item's key stand for these jobs."""
    connection.execute(
        keys.update()
        .where(keys.c.scope == item.scope, keys.c.value == _value(item))
        .values(job_ids=json.dumps(list(ids)))
    )


def _join_twins(
    connection: Connection,
    items: Sequence[AcceptItem],
    fresh: list[int],
    results: list[AcceptResult | KeyConflict],
) -> list[int]:
    """Take out those whose twin already runs: the same person pressed Enter again."""
    wishing = [index for index in fresh if _joins(items[index])]
    if not wishing:
        return fresh
    wanted = tuple(items[index].rows[0]["join_key"] for index in wishing)
    query = (
        f"SELECT {statements.JOB_LIST} FROM jobs"  # noqa: S608
        f" WHERE {ACTIVE} AND join_key IN ({statements.marks(len(wanted))})"
    )
    found = statements.job_rows(statements.run(connection, query, wanted))
    # of several the youngest: an older one may be from before the window
    running = {row["join_key"]: row for row in sorted(found, key=itemgetter("seq"))}
    left: list[int] = []
    for index in fresh:
        item = items[index]
        row = item.rows[0]
        twin = running.get(row["join_key"]) if _joins(item) else None
        if twin is not None and twin["created_at"] >= (item.join_since or 0.0):
            results[index] = AcceptResult(found=[twin], joined=True)
            if item.key is not None:
                _point(connection, item, [twin["id"]])
        else:
            left.append(index)
            if _joins(item):
                running[row["join_key"]] = row
    return left


def _insert(connection: Connection, items: Sequence[AcceptItem]) -> None:
    rows = [row for item in items for row in item.rows]
    if not rows:
        return
    taken = lanes.occupied(connection, {row["lane"] for row in rows})
    for row in rows:
        row["ready"] = 0 if row["lane"] in taken else 1
        taken.add(row["lane"])
    statements.insert(connection, jobs, rows)
    notifications.notify(connection, [row["id"] for row in rows])


def _waits_s(connection: Connection, items: Sequence[AcceptItem]) -> list[float]:
    """Seconds until each new job starts, judged by its channel's pace and those before it."""
    places = {split_channel(item.rows[0]["channel"]) for item in items}
    breakers = {(name, windows.BREAKER) for name, _ in places}
    known = windows.read(connection, places | breakers, lock=False)
    counts: dict[tuple[str, int], int] = {}
    waits = []
    for item in items:
        row = item.rows[0]
        place = split_channel(row["channel"])
        breaker = known.get((place[0], windows.BREAKER))
        wait_s = breaker.probe_wait_s(item.now) if breaker is not None else 0.0
        window = known.get(place)
        if item.default_window is not None:
            window = current(window, item.default_window, item.now)
        if window is not None and not window.unlimited:
            queue = (row["channel"], row["priority"])
            if queue not in counts:
                counts[queue] = _count(connection, *queue)
            wait_s = max(wait_s, window.wait_s(item.now, ahead=counts[queue] - row["ready"]))
        waits.append(wait_s)
    return waits


def _count(connection: Connection, channel: str, priority: int) -> int:
    """How many could start on this channel and are no less urgent; beyond a thousand it is one wait."""
    some = (
        select(jobs.c.seq)
        .where(text(CLAIMABLE), jobs.c.channel == channel, jobs.c.priority <= priority)
        .limit(1001)
    )
    return connection.scalar(select(func.count()).select_from(some.subquery())) or 0


def _joins(item: AcceptItem) -> bool:
    return item.join_since is not None and item.rows[0]["join_key"] is not None


def _value(item: AcceptItem) -> str:
    return item.key.value if item.key else ""
