"""The pace table: windows and breakers, read and changed inside the store's transactions.

Every worker of every process takes its calls here, so a limit is shared, and survives a restart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from bridge.jobs import statements
from bridge.jobs.pace import Window, current
from bridge.jobs.tables import is_postgres, pace, upsert

BREAKER = "*"  # the route under which a connection's breaker is kept

Place = tuple[str, str]  # connection, route

_READ = "SELECT connection, route, calls, window_s, used, resets_at, source FROM pace"
_HERE = "(connection = ? AND route = ?)"


@dataclass(frozen=True, slots=True)
class Take:
    """Ask for one call of a route; `share` is the part of a window this asker may use."""

    connection: str
    route: str
    now: float
    default: Window
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Taken:
    """`wait_s` 0: the call is yours, in the window that ends at `resets_at`."""

    wait_s: float
    window: Window


@dataclass(frozen=True, slots=True)
class Learn:
    """What an answer says about a route."""

    connection: str
    route: str
    status: int
    headers: Mapping[str, str]
    text: str
    now: float
    default: Window


@dataclass(frozen=True, slots=True)
class GiveBack:
    """A call that was taken and not needed."""

    connection: str
    route: str
    resets_at: float
    now: float


def read(
    connection: Connection, places: Collection[Place], *, lock: bool = True
) -> dict[Place, Window]:
    """The stored windows; to change them, locked until the end where several processes write."""
    if not places:
        return {}
    query = f"{_READ} WHERE {' OR '.join([_HERE] * len(places))}"
    if lock and is_postgres(connection):
        query += " ORDER BY connection, route FOR UPDATE"
    found = statements.run(connection, query, tuple(chain.from_iterable(places)))
    return {(row[0], row[1]): Window(*row[2:]) for row in found}


def peek(connection: Connection, place: Place) -> Window | None:
    """A stored window, for an estimate."""
    return read(connection, [place], lock=False).get(place)


def write(connection: Connection, windows: dict[Place, Window], now: float) -> None:
    """Store windows, new or changed."""
    if not windows:
        return
    rows: list[dict[str, Any]] = [
        {
            "connection": place[0],
            "route": place[1],
            "calls": window.calls,
            "window_s": window.window_s,
            "used": window.used,
            "resets_at": window.resets_at,
            "source": window.source,
            "updated_at": now,
        }
        for place, window in sorted(windows.items())
    ]
    statement = upsert(connection, pace)
    columns = ("calls", "window_s", "used", "resets_at", "source", "updated_at")
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["connection", "route"],
            set_={name: statement.excluded[name] for name in columns},
        ),
        rows,
    )


def take(connection: Connection, items: Sequence[Take]) -> Sequence[Taken]:
    """Take one call each, in the order asked."""
    windows = read(connection, {(item.connection, item.route) for item in items})
    changed: dict[Place, Window] = {}
    results = []
    for item in items:
        place = (item.connection, item.route)
        window = current(windows.get(place), item.default, item.now).at(item.now)
        allowed = max(1, int(window.calls * item.share))
        if window.free(item.now) and (window.unlimited or window.used < allowed):
            window = window.take(1, item.now)
            changed[place] = windows[place] = window
            results.append(Taken(0.0, window))
        else:
            wait = window.wait_s(item.now) or max(0.05, window.resets_at - item.now)
            results.append(Taken(wait, window))
    write(connection, changed, items[0].now)
    return results


def learn(connection: Connection, items: Sequence[Learn]) -> Sequence[Window]:
    """Keep what the upstream said; the windows as they are then known."""
    stored = read(connection, {(item.connection, item.route) for item in items})
    changed: dict[Place, Window] = {}
    results = []
    for item in items:
        place = (item.connection, item.route)
        before = current(stored.get(place), item.default, item.now)
        most = item.default.calls if item.default.source == "configured" else 0
        after = before.learn(item.status, item.headers, item.text, item.now, most)
        if after != before:
            changed[place] = stored[place] = after
        results.append(after)
    write(connection, changed, items[0].now)
    return results


def give_back(connection: Connection, items: Sequence[GiveBack]) -> Sequence[None]:
    """Return calls that were not needed, if their window still runs."""
    stored = read(connection, {(item.connection, item.route) for item in items})
    for item in items:
        place = (item.connection, item.route)
        if place in stored:
            stored[place] = stored[place].give_back(1, item.resets_at)
    write(connection, stored, items[0].now)
    return [None] * len(items)
