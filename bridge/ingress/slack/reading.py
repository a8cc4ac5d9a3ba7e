"""What the door asks of the stored jobs; the store answers, a test may answer from a list.

Each question carries the scope of the verified request, so no id of another workspace is ever found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from bridge.contract import Job
from bridge.jobs.auditing import Actor
from bridge.jobs.operating import Filter, Operator
from bridge.jobs.store import Store


class Reader(Protocol):
    """Stored jobs, read and taken up again."""

    async def job(self, job_id: str, scope: str) -> Job | None:
        """The job with this id; None when there is none in this scope."""
        ...

    async def recent(self, scope: str, user_id: str, limit: int) -> Sequence[Job]:
        """This person's latest jobs, newest first."""
        ...

    async def retry(self, job_id: str, scope: str, by: Actor) -> Job | None:
        """Give it another chance. Raises `jobs.operating.NotAllowed` when its state forbids that."""
        ...

    async def cancel(self, job_id: str, scope: str, by: Actor) -> Job | None:
        """End a job that has not ended. Raises `jobs.operating.NotAllowed`."""
        ...


class StoredJobs:
    """The reader on the real store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._operator = Operator(store)

    async def job(self, job_id: str, scope: str) -> Job | None:
        return await self._store.get(job_id, scope=scope)

    async def recent(self, scope: str, user_id: str, limit: int) -> Sequence[Job]:
        page = await self._operator.find(Filter(scope=scope, asker=user_id), limit=limit)
        return page.jobs

    async def retry(self, job_id: str, scope: str, by: Actor) -> Job | None:
        return await self._operator.retry(job_id, scope=scope, by=by)

    async def cancel(self, job_id: str, scope: str, by: Actor) -> Job | None:
        return await self._operator.cancel(job_id, scope=scope, by=by)
