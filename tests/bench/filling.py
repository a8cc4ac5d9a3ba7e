"""Rows by the hundred thousand, written by the database itself."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text

ROUTE: Final = "POST /api/v1/livechat/room.closeByUser"
_COLUMNS = (
    "id, scope, action, connection, channel, lane, priority, rank, state, phase, ready, attempts, looks,"
    " created_at, tried_since, finished_at, fence, trace, args, asker, reply_to, memo, outcome"
)
_OUTCOME = '{"kind":"done","code":"closed","message":"The conversation is closed.","facts":{}}'
_ARGS = '{"rid":"benchRoom00000000aaa","comment":"all solved, thank you"}'
_ASKER = '{"door":"api","scope":"key:bench"}'


def fill(connection: Connection, state: str, count: int, *, upstream: str = "rocketchat") -> None:
    """Add `count` jobs that are `done` or `queued`, each in a lane of its own."""
    first = (connection.scalar(text("SELECT max(seq) FROM jobs")) or 0) + 1
    done = state == "done"
    values = (
        "'fill' || i, 'key:bench', 'rocketchat.close_room', :upstream, :channel, CAST(:lane AS text) || i,"
        " 1, 1.0 * i, :state, 'flow', 1, :tries, 0, 1.0, 1.0, CAST(:ended AS double precision), 0, '',"
        " :args, :asker, '', '{}', CAST(:outcome AS text)"
    )
    numbers = (
        "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n(i)"
        if connection.dialect.name == "postgresql"
        else "(WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
        " SELECT i FROM n)"
    )
    connection.execute(
        text(f"INSERT INTO jobs ({_COLUMNS}) SELECT {values} FROM {numbers}"),
        {
            "first": first,
            "last": first + count - 1,
            "state": state,
            "upstream": upstream,
            "lane": f"{upstream}:",
            "channel": f"{upstream} {ROUTE}",
            "tries": int(done),
            "ended": 1.0 if done else None,
            "args": _ARGS,
            "asker": _ASKER,
            "outcome": _OUTCOME if done else None,
        },
    )
