"""Claim: which jobs start now, for whom, and under which lease.

Jobs are claimed by channel (connection and the route whose pace gates the start), so a paced or
broken channel costs a claim nothing however long its queue is. People go before programs; of
`PROGRAM_SHARE` starts in a row on one channel at least one goes to a program that waits.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select, text, update

from bridge.jobs import statements, windows
from bridge.jobs.leases import CLOCK, unlocked
from bridge.jobs.pace import PROGRAM_SHARE, Window, current
from bridge.jobs.rows import split_channel
from bridge.jobs.tables import CLAIMABLE, DUE, is_postgres, jobs

_CHANNELS = f"""
WITH RECURSIVE c(channel) AS (
  SELECT min(channel) FROM jobs WHERE {CLAIMABLE}
  UNION ALL
  SELECT (SELECT min(channel) FROM jobs WHERE {CLAIMABLE} AND channel > c.channel)
  FROM c WHERE c.channel IS NOT NULL
)
SELECT channel FROM c WHERE channel IS NOT NULL
"""  # noqa: S608 - the inserted text is a constant; a loose index scan: one probe per channel

_NEXT_DUE = f"SELECT min(run_at) FROM jobs WHERE {DUE}"  # noqa: S608 - a constant, as are all below
_LATER = f"{_NEXT_DUE} AND run_at > ?"  # what is due and not ours to look at is no reason to wake
_LOOKING_NOW = f"{DUE} AND state = 'pending' AND run_at <= ?"
_LOOKED_AT = f"SELECT DISTINCT connection FROM jobs WHERE {_LOOKING_NOW}"  # noqa: S608
_HERE = f"SELECT seq FROM jobs WHERE {CLAIMABLE} AND channel = ?"  # noqa: S608
_ORDER = " ORDER BY priority, rank, seq"
_TAKE = "UPDATE jobs SET state = 'running', owner = ?, fence = fence + 1, run_at = NULL"
_INTENT = ", sent_at = coalesce(sent_at, ?)"


@dataclass(slots=True)
class ClaimItem:
    """One worker's wish for work."""

    owner: str
    now: float
    capacity: int
    lease_s: float
    default_window: Callable[[str, str], Window]  # (connection, route)
    connections: Container[str]  # those this worker can reach
    people_in_a_row: dict[str, int]  # per channel, kept by the worker between claims
    intends: Callable[[str], bool]  # channel -> the claim itself is the stored intent to write
    turn: int = 0  # rotates the channels, so that none is always first


@dataclass(slots=True)
class Claims:
    """Rows to work on; `reserved` holds the window whose call a row's first write may use."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    reserved: dict[str, Window] = field(default_factory=dict)  # job id -> window
    probing: set[str] = field(default_factory=set)  # connections whose breaker this claim probes
    wake_in_s: float | None = None  # when a paced or probing channel can go on


def claim(connection: Connection, items: Sequence[ClaimItem]) -> Sequence[Claims]:
    """Hand out due looks, then claimable jobs channel by channel."""
    return [_claim(connection, item) for item in items]


def _claim(connection: Connection, item: ClaimItem) -> Claims:
    claims = Claims()
    [(next_due,)] = statements.run(connection, _NEXT_DUE)
    if next_due is not None and next_due <= item.now:
        _take_due(connection, item, claims)
        [(next_due,)] = statements.run(connection, _LATER, (item.now,))
    if next_due is not None:
        claims.wake_in_s = max(0.01, next_due - item.now)
    found = statements.run(connection, _CHANNELS)
    channels = [name for (name,) in found if split_channel(name)[0] in item.connections]
    if channels:
        start = item.turn % len(channels)
        _claim_channels(connection, item, channels[start:] + channels[:start], claims)
    return claims


def _take_due(connection: Connection, item: ClaimItem, claims: Claims) -> None:
    """Put waiting jobs whose time has come back into the queue, and take looks at pending ones."""
    connection.execute(
        update(jobs)
        .where(
            jobs.c.seq.in_(
                unlocked(
                    connection,
                    select(jobs.c.seq)
                    .where(text(DUE), jobs.c.state == "waiting", jobs.c.run_at <= item.now)
                    .limit(500),
                )
            )
        )
        .values(state="queued", run_at=None)
    )
    found = statements.run(connection, _LOOKED_AT, (item.now,))
    mine = tuple(name for (name,) in found if name in item.connections)
    if mine:
        looks = (
            f"SELECT seq FROM jobs WHERE {_LOOKING_NOW}"  # noqa: S608
            f" AND connection IN ({statements.marks(len(mine))}) ORDER BY run_at"
        )
        half = max(1, item.capacity // 2)
        claims.rows += _take_rows(connection, item, looks, (item.now, *mine), half)


def _claim_channels(
    connection: Connection, item: ClaimItem, channels: Sequence[str], claims: Claims
) -> None:
    places = {name: split_channel(name) for name in channels}
    wanted = set(places.values()) | {(place[0], windows.BREAKER) for place in places.values()}
    stored = windows.read(connection, wanted)
    changed: dict[windows.Place, Window] = {}

    def room(name: str) -> tuple[int, Window, Window | None]:
        """How many may start on this channel now, its window, and its breaker when that is open."""
        place = places[name]
        breaker_place = (place[0], windows.BREAKER)
        breaker = changed.get(breaker_place) or stored.get(breaker_place)
        window = current(stored.get(place), item.default_window(*place), item.now).at(item.now)
        free = window.free(item.now)
        if breaker is None or breaker.resets_at <= 0:
            return free, window, None
        return (0 if breaker.probe_wait_s(item.now) else min(free, 1)), window, breaker

    shares = sum(1 for name in channels if room(name)[0] > 0)  # what is closed needs no share
    for name in channels:
        left = item.capacity - len(claims.rows)
        if left <= 0:
            break
        place = places[name]
        free, window, breaker = room(name)
        if free <= 0:
            _wake(claims, window, breaker, item.now)
            continue
        fair = -(-left // max(1, shares))
        shares -= 1
        rows = _claim_channel(connection, item, name, min(free, fair))
        claims.rows += rows
        if breaker is not None and rows:
            claims.probing.add(place[0])
            next_probe = item.now + breaker.window_s
            changed[(place[0], windows.BREAKER)] = Window(
                breaker.calls, breaker.window_s, breaker.used, next_probe, breaker.source
            )
        if rows and not window.unlimited:
            window = window.take(len(rows), item.now)
            changed[place] = window
            claims.reserved.update({row["id"]: window for row in rows})
            if window.free(item.now) <= 0:
                _wake(claims, window, None, item.now)
    windows.write(connection, changed, item.now)


def _claim_channel(
    connection: Connection, item: ClaimItem, name: str, limit: int
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    intend = item.intends(name)
    if item.people_in_a_row.get(name, 0) >= PROGRAM_SHARE - 1:
        programs = f"{_HERE} AND priority = 1{_ORDER}"
        rows = _take_rows(connection, item, programs, (name,), 1, intend=intend)
    if len(rows) < limit:
        left = limit - len(rows)
        rows += _take_rows(connection, item, _HERE + _ORDER, (name,), left, intend=intend)
    for row in rows:
        streak = item.people_in_a_row.get(name, 0) + 1 if row["priority"] == 0 else 0
        item.people_in_a_row[name] = streak
    return rows


def _take_rows(
    connection: Connection,
    item: ClaimItem,
    which: str,
    values: tuple[Any, ...],
    limit: int,
    *,
    intend: bool = False,
) -> list[dict[str, Any]]:
    postgres = is_postgres(connection)
    statement = (
        f"{_TAKE}{_INTENT if intend else ''}, lease_until = {CLOCK if postgres else '?'} + ?"
        f" WHERE seq IN ({which} LIMIT ?{' FOR UPDATE SKIP LOCKED' if postgres else ''})"
        f" RETURNING {statements.JOB_LIST}"
    )
    intent = (item.now,) if intend else ()
    now = () if postgres else (item.now,)
    given = (item.owner, *intent, *now, item.lease_s, *values, limit)
    rows = statements.job_rows(statements.run(connection, statement, given))
    return sorted(rows, key=lambda row: (row["priority"], row["rank"], row["seq"]))


def _wake(claims: Claims, window: Window, breaker: Window | None, now: float) -> None:
    wait = breaker.probe_wait_s(now) if breaker else window.wait_s(now)
    wait = max(wait, 0.01)
    claims.wake_in_s = wait if claims.wake_in_s is None else min(claims.wake_in_s, wait)
