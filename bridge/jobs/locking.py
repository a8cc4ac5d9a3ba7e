"""Which locks a transaction takes before it touches a row, so that processes never wait in a circle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from bridge.jobs import accepting, claiming, finishing, lanes, windows
from bridge.jobs.tables import is_postgres
from bridge.jobs.writer import Batch

_PACED: frozenset[Batch] = frozenset(
    (claiming.claim, windows.take, windows.learn, windows.give_back)
)


def lock_first(connection: Connection, work: Sequence[tuple[Batch, Any]]) -> None:
    """Take every lock that a transaction will need, before it touches a row."""
    if not is_postgres(connection):
        return  # a single writer meets nobody
    names: set[str] = set()
    for batch, value in work:
        if batch is accepting.accept:
            names |= accepting.names(value)
        elif batch is finishing.end and (value.leaves_lane or value.wrote):
            names.add(value.lane)
    lanes.lock(connection, names, pace=any(batch in _PACED for batch, _ in work))
