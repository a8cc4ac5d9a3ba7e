"""Closing an attempt: what happened is stored, however long that takes, and then it is told.

A known outcome is never thrown away: while the store is down it stays in memory and is written again
and again under the same fence, with the same deliveries, so that a commit whose answer was lost does
not tell anybody twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, select

from bridge import metrics
from bridge.contract import Action, Job, JobState, Outcome
from bridge.jobs.attempt import Attempt, Claimed
from bridge.jobs.due import Telling
from bridge.jobs.ending import Rules, conclude, too_busy
from bridge.jobs.finishing import EndItem
from bridge.jobs.fixed_outcomes import NOT_STORABLE
from bridge.jobs.limits import Limits
from bridge.jobs.pace import Window
from bridge.jobs.store import Store
from bridge.jobs.tables import deliveries
from bridge.jobs.telling import Teller
from bridge.jobs.windows import GiveBack
from bridge.jobs.writer import StoreDown
from bridge.settings import Jobs as JobSettings

log = structlog.get_logger()

RETRY_STORE_S = 0.5
REPEAT_S = 60.0  # what no database takes is not pressed


@dataclass(slots=True)
class _Ending:
    item: EndItem
    after: Job
    outcome: Outcome | None
    tellings: Sequence[Telling]


class Closer:
    """Stores how attempts ended and hands the stored outcome to the teller."""

    def __init__(
        self,
        *,
        store: Store,
        limits: Limits,
        teller: Teller,
        actions: Mapping[str, type[Action]],
        phrase: Callable[[Outcome], Outcome],
        jitter: Callable[[], float],
        settings: JobSettings,
        worker: str,
    ) -> None:
        self._store = store
        self._limits = limits
        self._teller = teller
        self._actions = actions
        self._phrase = phrase
        self._jitter = jitter
        self._settings = settings
        self._worker = worker

    async def close(self, claimed: Claimed, attempt: Attempt, started: float) -> bool:
        """Returns when it is stored, or another worker has the job; True: others may start now."""
        ending = self._conclude(claimed, attempt, started)
        stored = await self._store_it(ending, claimed, attempt, started)
        job = claimed.job
        if stored:
            self._report(ending, attempt)
        else:
            metrics.fenced()
            log.warning("jobs.fenced", job_id=job.id, action=job.action)
        for telling in ending.tellings:
            if stored or await self._is_ours(telling):  # a commit whose answer was lost counts
                self._teller.tell_now(ending.after, telling)
        if not stored:
            return False
        if claimed.reserved is not None and not claimed.reserved.unlimited:
            await self._return_call(job, claimed.reserved)
        self._store.changed(job.id)
        if ending.outcome is not None and not ending.after.finished_at:
            self._teller.progress_now(ending.after)
        return ending.item.leaves_lane or ending.item.wrote or attempt.postponed_s is not None

    def _conclude(self, claimed: Claimed, attempt: Attempt, started: float) -> _Ending:
        job, now = claimed.job, self._store.clock()
        if attempt.outcome is None:
            limit_s = self._settings.give_up_after_s
            attempt.outcome = too_busy(job, attempt.postponed_s, now, limit_s)
        outcome = self._phrase(attempt.outcome) if attempt.outcome is not None else None
        rules = Rules(
            now=now,
            started=started,
            jitter=self._jitter(),
            give_up_after_s=self._settings.give_up_after_s,
            breaker_open=self._limits.is_open(job.connection),
            worker=self._worker,
            breaker_probe_s=self._settings.breaker_probe_s,
        )
        item = conclude(claimed, attempt, outcome, rules)
        after = job.but(
            state=JobState(item.values["state"]),
            outcome=outcome or job.outcome,
            attempts=item.values["attempts"],
            finished_at=item.values["finished_at"],
            run_at=item.values["run_at"] or now,
        )
        tellings = self._teller.plan(after, claimed.held.seq) if after.finished_at else []
        item.deliveries = [telling.row for telling in tellings]
        item.wrote = attempt.sent and job.phase == "flow"
        item.now, item.lease_s = now, self._settings.lease_s
        return _Ending(item, after, outcome, tellings)

    async def _store_it(
        self, ending: _Ending, claimed: Claimed, attempt: Attempt, started: float
    ) -> bool:
        kept = False
        while True:
            try:
                return await self._store.end(ending.item)
            except StoreDown as error:
                if not kept:
                    log.error(  # noqa: TRY400 - the reason says it
                        "jobs.outcome_kept_in_memory", job_id=claimed.job.id, reason=str(error)
                    )
                kept = True
                await asyncio.sleep(RETRY_STORE_S)
            except Exception:
                log.exception("jobs.outcome_not_storable", job_id=claimed.job.id)
                if attempt.outcome is None or attempt.outcome is NOT_STORABLE:
                    await asyncio.sleep(REPEAT_S)  # let go of, it would be done once more
                    continue
                attempt.exchanges.clear()
                attempt.memo.clear()
                attempt.outcome = NOT_STORABLE
                again = self._conclude(claimed, attempt, started)
                ending.item, ending.after = again.item, again.after
                ending.outcome, ending.tellings = again.outcome, again.tellings

    async def _is_ours(self, telling: Telling) -> bool:
        def look(connection: Connection) -> bool:
            query = select(deliveries.c.id).where(
                deliveries.c.id == telling.id,
                deliveries.c.owner == self._worker,
                deliveries.c.fence == telling.fence,
            )
            return connection.scalar(query) is not None

        with contextlib.suppress(StoreDown):
            return await self._store.read(look)
        return False

    async def _return_call(self, job: Job, reserved: Window) -> None:
        action = self._actions.get(job.action)
        if action is None:
            return
        with contextlib.suppress(StoreDown):
            await self._store.give_back_call(
                GiveBack(
                    job.connection, action.write_route, reserved.resets_at, self._store.clock()
                )
            )

    def _report(self, ending: _Ending, attempt: Attempt) -> None:
        after, outcome = ending.after, ending.outcome
        if outcome is not None or attempt.postponed_s is not None:
            kind = outcome.kind.value if outcome is not None else "postponed"
            metrics.attempt_ended(after.action, after.connection, kind)
        if after.finished_at:
            metrics.job_ended(after.action, after.connection, after.state.value)
        fields: dict[str, Any] = {
            "job_id": after.id,
            "action": after.action,
            "connection": after.connection,
            "attempts": after.attempts,
        }
        if outcome is None and attempt.postponed_s is None:
            log.info("jobs.given_back", **fields)
        elif outcome is None:
            log.info("jobs.postponed", wait_s=attempt.postponed_s, **fields)
        elif after.state is JobState.WAITING:
            delay = round(after.run_at - self._store.clock(), 1)
            log.info("jobs.retry_scheduled", code=outcome.code, delay_s=delay, **fields)
        elif after.state is JobState.PENDING and not after.finished_at:
            log.info("jobs.pending", code=outcome.code, **fields)
        elif after.state is JobState.PARKED:
            log.warning("jobs.parked", code=outcome.code, **fields)
        else:
            log.info("jobs.finished", state=after.state.value, code=outcome.code, **fields)
