"""Whose jobs this process takes: those of its connections, and those that no process can reach any more.

A connection that was removed from the settings would leave its jobs queued for ever, because a claim
takes only what its process can reach. Another process may have other settings, so each working one
notes in the store which connections it has; what none has had for `ABSENT_S` anybody takes. Such an
attempt fails with a sentence, is tried again as the schedule says, and is parked at its end: a
connection that was missing by mistake loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping

import structlog
from sqlalchemy import Connection, func, select, text

from bridge.jobs.rows import split_channel
from bridge.jobs.store import Store
from bridge.jobs.tables import CLAIMABLE, DUE, jobs, listed_state, served, upsert

log = structlog.get_logger()

ABSENT_S = 600.0  # longer than a deploy, in which for a moment nobody has it
WORKING = ""  # beside the connections: the line by which a working process says that it is there


class ServedConnections(Container[str]):
    """The connections whose jobs this process takes."""

    def __init__(
        self, store: Store, connections: Collection[str], *, absent_s: float = ABSENT_S
    ) -> None:
        self._store = store
        self._connections = connections
        self._absent_s = absent_s
        self._absent: frozenset[str] = frozenset()
        self.stranded: Mapping[str, int] = {}  # connection -> jobs

    def __contains__(self, name: object) -> bool:
        return name in self._connections or name in self._absent

    @property
    def sentence(self) -> str:
        """What an operator must know; empty when every job can be reached from here."""
        if not self.stranded:
            return ""
        which = ", ".join(f"{jobs} of {name}" for name, jobs in sorted(self.stranded.items()))
        return (
            f"Jobs wait for a connection that these settings do not have: {which}."
            " Put it back, or cancel them in the console: its page Connections leads to them."
        )

    async def look(self, *, works: bool = True) -> None:
        """Note what this process has, and find what it has not. Raises `StoreDown`."""
        mine, now = frozenset(self._connections), self._store.clock()
        stranded = await self._store.read(lambda db: elsewhere(db, mine))
        here = mine | {WORKING} if works else frozenset[str]()
        since = now - self._absent_s
        self._absent = await self._store.write(lambda db: _note(db, here, stranded, now, since))
        for name in stranded.keys() - self.stranded.keys():
            log.warning("jobs.stranded", connection=name, jobs=stranded[name])
        self.stranded = stranded
        if self._absent:
            self._store.wake()


def worker_seen(db: Connection) -> float | None:
    """When a worker of any process last said that it works; None: never."""
    seen: float | None = db.scalar(select(served.c.seen_at).where(served.c.connection == WORKING))
    return seen


def elsewhere(db: Connection, mine: Collection[str]) -> Mapping[str, int]:
    """Unfinished jobs of connections that are not among these."""
    queued = db.scalars(select(jobs.c.channel).where(text(CLAIMABLE)).distinct())
    due = db.scalars(select(jobs.c.connection).where(text(DUE)).distinct())
    names = {split_channel(channel)[0] for channel in queued} | set(due)
    counted = db.execute(
        select(jobs.c.connection, func.count().label("total"))
        .where(
            listed_state.in_(("queued", "waiting", "pending")),
            jobs.c.finished_at.is_(None),
            jobs.c.connection.in_(sorted(names.difference(mine))),
        )
        .group_by(jobs.c.connection)
    )
    return {row.connection: row.total for row in counted}


def _note(
    db: Connection, here: Collection[str], stranded: Collection[str], now: float, since: float
) -> frozenset[str]:
    """Write who is served; of what is stranded, what nobody has had since then."""
    names = sorted({*here, *stranded})
    if names:
        statement = upsert(db, served).values(
            [{"connection": name, "seen_at": now} for name in names]
        )
        db.execute(
            statement.on_conflict_do_update(
                index_elements=["connection"],
                set_={"seen_at": now},
                # what is missing here counts from when it was missed
                where=served.c.connection.in_(sorted(here)),
            )
        )
    absent = select(served.c.connection).where(
        served.c.connection.in_(sorted(stranded)), served.c.seen_at <= since
    )
    return frozenset(db.scalars(absent))
