"""What people do to jobs: list, retry, cancel, one or many by filter; prune; erase a room.

A retry of a job that is finished needs `force`, because it may do a thing twice; it is a new chance
of the same job, so whoever asked is told again. Every wish is bounded by the asker's scope.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, select, tuple_

from bridge import metrics
from bridge.contract import Job, JobState
from bridge.jobs import counting, recovery, retention
from bridge.jobs.auditing import UNNAMED, Actor, Audit
from bridge.jobs.filtering import Filter, clauses
from bridge.jobs.retention import Bounds
from bridge.jobs.rows import as_readable
from bridge.jobs.served import worker_seen
from bridge.jobs.store import Store
from bridge.jobs.tables import attempts, deliveries, jobs

__all__ = ["Bounds", "Covers", "Filter", "Many", "NotAllowed", "Operator", "Page"]

BULK = 1000
Covers = Callable[[str, str], bool]
"""Whether somebody may act on the jobs of an action on a connection."""


@dataclass(frozen=True, slots=True)
class Page:
    """Jobs, newest first, and the cursor of what follows."""

    jobs: list[Job]
    cursor: str = ""


class Many(NamedTuple):
    """What was done to many jobs: their ids, and whether more match than one go takes."""

    ids: list[str]
    more: bool = False


class NotAllowed(Exception):
    """The job's state does not allow this; the sentence says what would."""


class Operator:
    """The operator's hands."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, which: Filter, *, limit: int = 50, cursor: str = "") -> Page:
        """A page of jobs, newest first. `cursor` comes from the page before."""
        before = int(cursor) if cursor.isdigit() else None

        def look(connection: Connection) -> Page:
            query = select(jobs).where(*clauses(which)).order_by(jobs.c.seq.desc()).limit(limit + 1)
            if before is not None:
                query = query.where(jobs.c.seq < before)
            rows = [dict(row) for row in connection.execute(query).mappings()]
            more = str(rows[limit - 1]["seq"]) if len(rows) > limit else ""
            return Page([as_readable(row, self._store.vault) for row in rows[:limit]], more)

        return await self._store.read(look)

    async def get(self, job_id: str) -> Job | None:
        """One job, whoever's it is."""
        return await self._store.get(job_id)

    async def count(self) -> dict[str, int]:
        """Unfinished and parked jobs by state."""
        return await self._store.read(counting.by_state)

    async def waiting_s(self) -> float:
        """For how long the oldest job that could start has waited."""
        now = self._store.clock()
        return await self._store.read(lambda db: counting.waiting_s(db, now))

    async def open_breakers(self) -> frozenset[str]:
        """The connections whose calls are held back."""
        return await self._store.read(counting.open_breakers)

    async def worker_seen(self) -> float | None:
        """When a worker of any process last said that it works; None: never."""
        return await self._store.read(worker_seen)

    async def history(
        self, job_id: str
    ) -> tuple[Sequence[dict[str, Any]], Sequence[dict[str, Any]]]:
        """(attempts, deliveries) of a job, oldest first."""

        def look(connection: Connection) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
            seq = connection.scalar(select(jobs.c.seq).where(jobs.c.id == job_id))
            tried = connection.execute(
                select(attempts).where(attempts.c.job_seq == seq).order_by(attempts.c.seq)
            ).mappings()
            told = connection.execute(
                select(deliveries)
                .where(deliveries.c.job_seq == seq)
                .order_by(deliveries.c.created_at)
            ).mappings()
            tries = [{**row, "exchanges": json.loads(row["exchanges"])} for row in tried]
            return tries, [dict(row) for row in told]

        return await self._store.read(look)

    async def retry(
        self, job_id: str, *, scope: str | None = None, force: bool = False, by: Actor = UNNAMED
    ) -> Job | None:
        """Give a job another chance; None when there is no such job. Raises `NotAllowed`."""
        job = await self._store.get(job_id, scope=scope)
        if job is None:
            return None
        again = await self.retry_these([job_id], force=force, by=by)
        if not again:
            await self._refused(job, recovery.RETRIED, by)
            raise NotAllowed(_why_no_retry(job, force=force))
        return await self._store.get(job_id)

    async def retryable(self, which: Filter) -> Page:
        """What `retry_all` would retry, in its order."""
        return await self._first(which, recovery.may_be_retried(force=False))

    async def cancellable(self, which: Filter) -> Page:
        """What `cancel_all` would cancel, in its order."""
        return await self._first(which, recovery.may_be_cancelled())

    async def retry_all(
        self,
        which: Filter,
        *,
        force: bool = False,
        by: Actor = UNNAMED,
        covers: Covers | None = None,
        most: int = BULK,
    ) -> Many:
        """Retry the oldest jobs, at most so many, that match, may be retried and are covered."""
        fit = recovery.may_be_retried(force=force)
        ids, more = await self._ids(which, fit, covers, most)
        return Many(await self.retry_these(ids, force=force, by=by), more)

    async def cancel(
        self, job_id: str, *, scope: str | None = None, by: Actor = UNNAMED
    ) -> Job | None:
        """Stop a job that has not ended and is not being worked on. Raises `NotAllowed`."""
        job = await self._store.get(job_id, scope=scope)
        if job is None:
            return None
        if not await self.cancel_these([job_id], by=by):
            await self._refused(job, recovery.CANCELLED, by)
            raise NotAllowed(_why_no_cancel(job))
        return await self._store.get(job_id)

    async def cancel_all(
        self,
        which: Filter,
        *,
        by: Actor = UNNAMED,
        covers: Covers | None = None,
        most: int = BULK,
    ) -> Many:
        """Cancel the oldest jobs, at most so many, that match, may be cancelled and are covered."""
        ids, more = await self._ids(which, recovery.may_be_cancelled(), covers, most)
        return Many(await self.cancel_these(ids, by=by), more)

    async def prune(self, bounds: Bounds) -> int:
        """Remove finished jobs, old keys and old lines of the audit trail; how many jobs went."""
        return await self._store.write(lambda connection: retention.prune(connection, bounds))

    async def erase_room(self, room: str, *, by: Actor = UNNAMED) -> int:
        """Remove everything about one room or session, on every connection; how many jobs went.

        A job that is being worked on keeps running; its record is erased, so its end is not stored.
        """
        now = self._store.clock()
        return await self._store.write(
            lambda connection: retention.erase(connection, room, by, now), alone=True
        )

    async def rooms_naming(self, address: str) -> list[str]:
        """The rooms and sessions of which a job names an e-mail address."""
        return await self._store.read(lambda db: retention.rooms_naming(db, address))

    async def _first(self, which: Filter, fit: ColumnElement[bool]) -> Page:
        query = select(jobs).where(*clauses(which), fit).order_by(jobs.c.seq).limit(BULK + 1)

        def look(connection: Connection) -> Page:
            rows = [dict(row) for row in connection.execute(query).mappings()]
            more = str(rows[BULK]["seq"]) if len(rows) > BULK else ""
            return Page([as_readable(row, self._store.vault) for row in rows[:BULK]], more)

        return await self._store.read(look)

    async def _ids(
        self, which: Filter, fit: ColumnElement[bool], covers: Covers | None, most: int
    ) -> Many:
        # all that narrows stands in the query: what is left out after its limit would shut out the rest
        wanted = [*clauses(which), fit]

        def look(connection: Connection) -> Many:
            if covers is not None:
                kind = (jobs.c.action, jobs.c.connection)
                kinds = connection.execute(select(*kind).where(*wanted).distinct()).all()
                covered = [tuple(one) for one in kinds if covers(*one)]
                wanted.append(tuple_(*kind).in_(covered))
            query = select(jobs.c.id).where(*wanted).order_by(jobs.c.seq).limit(most + 1)
            ids = list(connection.scalars(query))
            return Many(ids[:most], len(ids) > most)

        return await self._store.read(look)

    async def _refused(self, job: Job, what: str, by: Actor) -> None:
        room = job.lane.partition(":")[2]
        await Audit(self._store).note(
            by,
            what,
            target=room,
            connection=job.connection,
            job_id=job.id,
            outcome="refused",
            detail=f"{job.action} is {job.state.value}",
        )

    async def retry_these(
        self, ids: Sequence[str], *, force: bool = False, by: Actor = UNNAMED
    ) -> list[str]:
        """Retry those of them that may be retried, in one transaction; their ids."""
        now, never = self._store.clock(), self._store.never_repeated

        def change(connection: Connection) -> list[str]:
            return recovery.retry(connection, ids, by, now, force=force, never_repeated=never)

        again = await self._store.write(change, alone=True)
        self._tell(again)
        return again

    async def cancel_these(self, ids: Sequence[str], *, by: Actor = UNNAMED) -> list[str]:
        """Cancel those of them that may be cancelled, in one transaction; their ids."""
        now = self._store.clock()
        ended = await self._store.write(
            lambda connection: recovery.cancel(connection, ids, by, now, self._store.vault),
            alone=True,
        )
        for _, action, connection in ended:
            metrics.job_ended(action, connection, "cancelled")
        gone = [job_id for job_id, _, _ in ended]
        self._tell(gone)
        return gone

    def _tell(self, ids: Sequence[str]) -> None:
        for job_id in ids:
            self._store.changed(job_id)
        if ids:
            self._store.wake()


def _why_no_retry(job: Job, *, force: bool) -> str:
    if job.finished_at is None:
        return f"Job {job.id} is {job.state.value}; it goes on by itself, so wait for its end."
    if force:
        return f"Job {job.id} is being worked on. Try again when it has ended."
    return f"Job {job.id} is {job.state.value}. To do it once more anyway, retry with force."


def _why_no_cancel(job: Job) -> str:
    if job.state is JobState.RUNNING:
        return f"Job {job.id} is being worked on now and cannot be stopped safely. Try again when it has ended or waits."
    return f"Job {job.id} has ended already: {job.state.value}. There is nothing left to cancel."
