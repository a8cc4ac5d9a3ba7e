"""Lanes: one connection and room, strictly in order; lanes run beside each other.

A job is `ready` when nothing stands before it in its lane, so claims never scan past those that must
wait. On Postgres several processes accept and finish at once: each transaction first takes the locks
of the lanes it touches, in a fixed order, or a newcomer could miss that the last job just left.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable

from sqlalchemy import Connection

from bridge.jobs import statements
from bridge.jobs.tables import ACTIVE, is_postgres

_LOCK = (
    "SELECT pg_advisory_xact_lock(key)"
    " FROM (SELECT unnest(?::bigint[]) AS key ORDER BY key) AS sorted"
)
_READY = "UPDATE jobs SET ready = 1 WHERE ready = 0"

PACE = 1 << 40  # sorted behind every lane


def lock(connection: Connection, names: Iterable[str], *, pace: bool = False) -> None:
    """Hold these names until the transaction ends; SQLite's single writer needs no lock.

    `pace` holds all windows and breakers too. One statement, one order, before any row is touched:
    so two processes never wait for each other in a circle.
    """
    if not is_postgres(connection):
        return
    numbers = sorted({zlib.crc32(name.encode()) for name in names}) + ([PACE] if pace else [])
    if numbers:
        statements.send(connection, _LOCK, (numbers,))


def occupied(connection: Connection, lanes: Collection[str]) -> set[str]:
    """Those lanes in which a job is queued, running or waiting."""
    query = f"SELECT DISTINCT lane FROM jobs WHERE {ACTIVE} AND lane IN ({statements.marks(len(lanes))})"  # noqa: S608
    return {row[0] for row in statements.run(connection, query, tuple(lanes))}


def promote(connection: Connection, lanes: Collection[str]) -> None:
    """Make the first job of each lane ready, unless one of the lane is: a retried job waits its turn."""
    if not lanes:
        return
    first = (
        f"SELECT min(seq) FROM jobs WHERE {ACTIVE} AND lane IN ({statements.marks(len(lanes))})"  # noqa: S608
        " GROUP BY lane HAVING max(ready) = 0"
    )
    seqs = [row[0] for row in statements.run(connection, first, tuple(lanes))]
    if seqs:
        statements.send(
            connection, f"{_READY} AND seq IN ({statements.marks(len(seqs))})", tuple(seqs)
        )
