"""Telling: a stored outcome reaches the asker, once, on a schedule of its own.

A delivery is a row that is written with the outcome, in the same transaction. Whoever stored the
outcome tells it at once; what could not be told is tried again, and what may already have been read
is marked as repeated. A failing delivery repeats the delivery, never the call.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import structlog
from sqlalchemy import Connection, update

from bridge import tracing
from bridge.contract import Job, Lost, ReplyTo, Unsent, Upstream
from bridge.delivery.results import Ambiguous, File, Told, TryLater
from bridge.delivery.results import Telling as Result
from bridge.jobs import counting, due, policy
from bridge.jobs.due import Kind, Telling
from bridge.jobs.fetching import fetch
from bridge.jobs.finishing import ToldItem
from bridge.jobs.rows import delivery_rows, seal_reply_to
from bridge.jobs.store import Store
from bridge.jobs.tables import jobs
from bridge.jobs.writer import StoreDown

log = structlog.get_logger()

NO_FILE = "The file {name} could not be fetched, so it does not come along. It is still there: ask again in a while."
GIVE_UP_AFTER_S = 3 * 86_400.0
FILE_TRIES = 3
RETRY_STORE_S = 0.5
MOST_IN_HAND = 200  # deliveries that were kept back and are told at once
MOST_SHOWN = 10_000  # jobs whose end another worker tells are never taken out otherwise


class Tell(Protocol):
    """One way of telling: Slack, or a callback."""

    async def __call__(self, job: Job, *, repeated: bool, file: File | None) -> Result: ...


class Progress(Protocol):
    """Show that a job goes on; best effort. Returns where the message now stands."""

    async def __call__(self, job: Job) -> ReplyTo: ...


class Teller:
    """Plans, makes and repeats deliveries."""

    def __init__(
        self,
        *,
        store: Store,
        ways: Mapping[Kind, Tell],
        progress: Progress,
        upstreams: Mapping[str, Upstream],
        lease_s: float,
        poll_s: float,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store = store
        self._ways = ways
        self._progress = progress
        self._upstreams = upstreams
        self._lease_s = lease_s
        self._poll_s = poll_s
        self._jitter = jitter
        self._owner = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._poller: asyncio.Task[None] | None = None
        self._last_shown: OrderedDict[str, tuple[str, str]] = OrderedDict()  # job -> its progress
        self._showing: dict[str, asyncio.Task[None]] = {}  # job -> its progress on the way
        self.holding: set[str] = set()  # deliveries in hand: their leases are renewed

    def start(self, owner: str) -> None:
        self._owner = owner
        self._poller = asyncio.create_task(self._poll_for_ever())

    async def stop(self, budget_s: float) -> None:
        """Let deliveries under way end within the budget; the others are taken up later."""
        if self._poller is not None:
            self._poller.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=budget_s)
        left = [task for task in (*self._tasks, self._poller) if task is not None]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def plan(self, job: Job, job_seq: int) -> list[Telling]:
        """The deliveries a finished job needs, to be stored with its outcome."""
        now = self._store.clock()
        held = {"state": "telling", "owner": self._owner}
        rows = delivery_rows(job.reply_to, job_seq, now)
        return [Telling(row["id"], row["kind"], 1, now, row={**row, **held}) for row in rows]

    def tell_now(self, job: Job, telling: Telling) -> None:
        """Tell in the background."""
        self._last_shown.pop(job.id, None)
        self.holding.add(telling.id)
        task = self._spawn(self._tell(job, telling))
        task.add_done_callback(lambda _: self.holding.discard(telling.id))

    def progress_now(self, job: Job) -> None:
        """Show the asker that it goes on, in the background."""
        news = (job.state, job.outcome.message if job.outcome else "")
        if job.reply_to.wants_slack and self._last_shown.get(job.id) != news:
            self._last_shown[job.id] = news  # a look that saw nothing new spends no response_url
            self._last_shown.move_to_end(job.id)
            if len(self._last_shown) > MOST_SHOWN:
                self._last_shown.popitem(last=False)
            task = self._showing[job.id] = self._spawn(self._show_progress(job))
            task.add_done_callback(lambda _: self._shown(job.id, task))

    def _shown(self, job_id: str, task: asyncio.Task[None]) -> None:
        if self._showing.get(job_id) is task:
            del self._showing[job_id]

    async def _tell(self, job: Job, telling: Telling) -> None:
        if (showing := self._showing.get(job.id)) is not None:
            # or a slow progress line would stand over the final message
            await asyncio.wait([showing])
            job = await self._as_stored(job)
        with tracing.stage("delivery.tell", job.trace, job_id=job.id, kind=telling.kind) as stage:
            result = await self._try(job, telling)
            stage.note(result=type(result).__name__)
        now = self._store.clock()
        uses = getattr(result, "uses", 0)
        values: dict[str, Any] = {
            "attempts": telling.attempts + 1,
            "repeated": int(telling.repeated),
            "run_at": now,
            "told_at": None,
            "how": "",
        }
        fields = {"job_id": job.id, "kind": telling.kind}
        if isinstance(result, Told):
            values |= {"state": "told", "told_at": now, "how": result.how}
            log.info("delivery.sent", how=result.how, **fields)
        elif (
            isinstance(result, TryLater | Ambiguous) and now < telling.created_at + GIVE_UP_AFTER_S
        ):
            asked = result.after_s if isinstance(result, TryLater) else None
            delay = policy.retry_delay_s(telling.attempts + 1, self._jitter(), asked)
            repeated = telling.repeated or isinstance(result, Ambiguous)
            values |= {"state": "due", "run_at": now + delay, "repeated": int(repeated)}
            values["how"] = result.reason[:200]
            log.info("delivery.retry_scheduled", reason=result.reason, delay_s=delay, **fields)
        else:
            reason = getattr(result, "reason", "")
            values |= {"state": "kept", "how": reason[:200]}
            log.warning("delivery.kept", reason=reason, **fields)
        counting.told(job, telling.kind, values, ambiguous=isinstance(result, Ambiguous))
        await self._keep(ToldItem(telling.id, self._owner, telling.fence, values))
        if uses > job.reply_to.response_url_uses:
            with contextlib.suppress(StoreDown):
                await self._remember(job, response_url_uses=uses)
        self._store.changed(job.id)

    async def _keep(self, item: ToldItem) -> None:
        """What became of a delivery is kept in memory until it can be written."""
        while True:
            try:
                await self._store.told(item)
            except StoreDown:
                await asyncio.sleep(RETRY_STORE_S)
                continue
            return

    async def _as_stored(self, job: Job) -> Job:
        """The job with its places to tell as they are stored now."""
        with contextlib.suppress(StoreDown):
            stored = await self._store.get(job.id)
            if stored is not None:
                return job.but(reply_to=stored.reply_to)
        return job

    async def _try(self, job: Job, telling: Telling) -> Result:
        try:
            file = None
            if job.outcome is not None and job.outcome.file is not None:
                try:
                    file = await fetch(self._upstreams, job, job.outcome.file)
                except (Unsent, Lost, OSError) as error:
                    if telling.attempts < FILE_TRIES:
                        return TryLater(None, f"the file cannot be fetched: {error}")
                    log.warning("delivery.file_missing", job_id=job.id, reason=str(error))
                    job = _without_file(job)
            return await self._ways[telling.kind](job, repeated=telling.repeated, file=file)
        except Exception as error:
            log.exception("delivery.failed", job_id=job.id)
            return TryLater(None, f"internal: {type(error).__name__}")

    async def _show_progress(self, job: Job) -> None:
        try:
            after = await self._progress(job)
        except Exception:
            log.exception("delivery.progress_failed", job_id=job.id)
            return
        if after != job.reply_to:
            with contextlib.suppress(StoreDown):
                await self._remember(
                    job,
                    response_url_uses=after.response_url_uses,
                    message_ts=after.message_ts,
                    slack_channel=after.slack_channel,
                )

    async def _remember(self, job: Job, **changes: Any) -> None:
        """Keep what became of the places to tell: uses count, a message's address."""
        sealed = seal_reply_to(replace(job.reply_to, **changes), self._store.vault)

        def change(connection: Connection) -> None:
            connection.execute(update(jobs).where(jobs.c.id == job.id).values(reply_to=sealed))

        await self._store.write(change)

    async def _poll_for_ever(self) -> None:
        while True:
            more = False
            try:
                if len(self.holding) + due.AT_ONCE <= MOST_IN_HAND:
                    found, more = await self._store.write(self._claim_due)
                    for job, telling in found:
                        self.tell_now(job, telling)
            except StoreDown:
                pass
            except Exception:
                log.exception("delivery.poll_failed")
            if not more:  # what an outage of Slack kept back comes as fast as it can be told
                await asyncio.sleep(self._poll_s)

    def _claim_due(self, connection: Connection) -> tuple[Sequence[tuple[Job, Telling]], bool]:
        now, vault = self._store.clock(), self._store.vault
        return due.claim(connection, self._owner, now, self._lease_s, vault)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _without_file(job: Job) -> Job:
    """The same end, told without the file that belongs to it."""
    if (outcome := job.outcome) is None or outcome.file is None:
        return job
    next_step = f"{NO_FILE.format(name=outcome.file.name)} {outcome.next_step}".strip()
    return job.but(outcome=replace(outcome, next_step=next_step, file=None))
