"""The worker: claims what may start, runs it, stores what happened, and has it told.

Any number of workers may share a Postgres store. A worker holds its jobs by a lease that a heartbeat
renews; when it stalls, others take over and its late writes change nothing. On SIGTERM it stops
claiming, lets running attempts finish within the drain budget and gives the rest back.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import structlog

from bridge.contract import Action, Job, JobState, Outcome, Pending, Repeat
from bridge.jobs.attempt import Attempt, Claimed, Fenced, Runner
from bridge.jobs.claiming import ClaimItem, Claims
from bridge.jobs.ending import Rules, conclude
from bridge.jobs.finishing import Held
from bridge.jobs.limits import Limits
from bridge.jobs.pace import Window
from bridge.jobs.rows import from_row, split_channel
from bridge.jobs.store import Store
from bridge.jobs.telling import Teller
from bridge.jobs.windows import GiveBack
from bridge.jobs.writer import StoreDown
from bridge.settings import Jobs as JobSettings

log = structlog.get_logger()


class Worker:
    """Works on jobs until it is told to stop."""

    def __init__(
        self,
        *,
        store: Store,
        runner: Callable[[Callable[[Claimed], bool]], Runner],
        limits: Limits,
        teller: Teller,
        actions: Mapping[str, type[Action]],
        connections: frozenset[str],
        phrase: Callable[[Outcome], Outcome],
        settings: JobSettings,
        luck: Callable[[], float] = random.random,
    ) -> None:
        self.name = f"{socket.gethostname()[:16]}:{os.getpid()}:{random.getrandbits(24):06x}"
        self._store = store
        self._runner = runner(self._still_mine)
        self._limits = limits
        self._teller = teller
        self._actions = actions
        self._connections = connections
        self._phrase = phrase
        self._settings = settings
        self._luck = luck
        self._intent_routes = frozenset(
            action.write_route
            for action in actions.values()
            if action.repeat is not Repeat.NEVER_REPEAT
        )
        self._wake = asyncio.Event()
        self._free = settings.concurrency
        self._running: set[asyncio.Task[None]] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._people_in_a_row: dict[str, int] = {}
        self._turn = 0
        self._stopping = False
        self._held: dict[int, Claimed] = {}
        self.beaten_at = time.monotonic()

    async def start(self) -> None:
        """Begin to work; returns at once."""
        self._teller.start(self.name)
        self._forget = self._store.on_work(self._wake.set)
        for loop in (self._claim_for_ever(), self._beat_for_ever(), self._sweep_for_ever()):
            self._spawn(loop)

    async def stop(self, budget_s: float | None = None) -> None:
        """Stop claiming, let attempts finish within the budget, give the others back."""
        budget_s = self._settings.drain_s if budget_s is None else budget_s
        self._stopping = True
        self._forget()
        self._wake.set()
        deadline = time.monotonic() + budget_s
        if self._running:
            log.info("jobs.draining", jobs=len(self._running), budget_s=budget_s)
            await asyncio.wait(self._running, timeout=budget_s)
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._teller.stop(max(0.5, deadline - time.monotonic()))
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    @property
    def busy(self) -> int:
        """How many jobs are being worked on."""
        return len(self._running)

    @property
    def stalled(self) -> bool:
        """Whether the heartbeat is so late that others may take our jobs."""
        return time.monotonic() - self.beaten_at > self._settings.lease_s

    # -- loops -------------------------------------------------------------------------------------

    async def _claim_for_ever(self) -> None:
        while not self._stopping:
            self._wake.clear()
            wait_s = self._settings.poll_s
            if self._free > 0:
                try:
                    claims = await self._claim()
                except StoreDown:
                    await asyncio.sleep(0.5)
                    continue
                if claims.rows and self._free > 0:
                    continue  # there may be more
                if claims.wake_in_s is not None:
                    wait_s = min(wait_s, claims.wake_in_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), wait_s)

    async def _claim(self) -> Claims:
        self._turn += 1
        asked_at = time.monotonic()
        item = ClaimItem(
            owner=self.name,
            now=self._store.clock(),
            capacity=self._free,
            lease_s=self._settings.lease_s,
            default_window=self._limits.default,
            connections=self._connections,
            people_in_a_row=self._people_in_a_row,
            intends=self._claim_is_intent,
            turn=self._turn,
        )
        claims = await self._store.claim(item)
        for connection in claims.probing:
            self._limits.probing(connection)
        for row in claims.rows:
            job = from_row(row, self._store.vault)
            claimed = Claimed(
                job=job,
                held=Held(row["seq"], self.name, row["fence"]),
                good_until=asked_at + self._settings.lease_s,
                fresh_intent=job.sent_at == item.now and self._claim_is_intent(row["channel"]),
                reserved=claims.reserved.get(job.id),
            )
            self._free -= 1
            self._held[row["seq"]] = claimed
            work = self._give_back(claimed) if self._stopping else self._work(claimed)
            task = asyncio.create_task(work, name=f"job {job.id}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return claims

    async def _beat_for_ever(self) -> None:
        while True:
            sent = time.monotonic()
            with contextlib.suppress(StoreDown):
                still = await self._store.beat(self.name, self._settings.lease_s)
                self.beaten_at = sent
                for seq in still & self._held.keys():
                    self._held[seq].good_until = sent + self._settings.lease_s
            await asyncio.sleep(self._settings.lease_s / 3)

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._settings.lease_s / 2)
            with contextlib.suppress(StoreDown):
                lost = await self._store.sweep()
                if lost:
                    log.warning("jobs.leases_lost", jobs=lost)
                    self._wake.set()

    # -- one job -----------------------------------------------------------------------------------

    async def _work(self, claimed: Claimed) -> None:
        job = claimed.job
        attempt = Attempt()
        started = self._store.clock()
        slot_held = True
        try:
            await self._runner.run(claimed, attempt)
            self._free += 1
            slot_held = False
            self._wake.set()
            await self._end(claimed, attempt, started)
        except Fenced:
            log.warning("jobs.fenced", job_id=job.id, action=job.action)
        except StoreDown as error:
            log.error("jobs.outcome_kept_in_memory", job_id=job.id, reason=str(error))  # noqa: TRY400
            await self._end_when_possible(claimed, attempt, started)
        except asyncio.CancelledError:
            await asyncio.shield(self._end_cancelled(claimed, attempt, started))
        finally:
            self._held.pop(claimed.held.seq, None)
            if slot_held:
                self._free += 1
                self._wake.set()

    async def _end(self, claimed: Claimed, attempt: Attempt, started: float) -> None:
        job, now = claimed.job, self._store.clock()
        outcome = self._phrase(attempt.outcome) if attempt.outcome is not None else None
        rules = Rules(
            now=now,
            started=started,
            luck=self._luck(),
            give_up_after_s=self._settings.give_up_after_s,
            breaker_open=self._limits.is_open(job.connection),
            worker=self.name,
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
        if not await self._store.end(item):
            log.warning("jobs.fenced", job_id=job.id, action=job.action)
            return
        if item.leaves_lane or attempt.postponed_s is not None:
            self._wake.set()
        if claimed.reserved is not None and not claimed.reserved.unlimited:
            await self._return_call(claimed, claimed.reserved)
        self._report(after, outcome, attempt)
        self._store.changed(job.id)
        for telling in tellings:
            self._teller.tell_now(after, telling)
        if outcome is not None and not after.finished_at:
            self._teller.progress_now(after)

    async def _end_when_possible(self, claimed: Claimed, attempt: Attempt, started: float) -> None:
        """The outcome is known but the store is down: keep it until it can be written."""
        while True:
            await asyncio.sleep(0.5)
            try:
                await self._end(claimed, attempt, started)
            except StoreDown:
                continue
            return

    async def _end_cancelled(self, claimed: Claimed, attempt: Attempt, started: float) -> None:
        with contextlib.suppress(StoreDown, Fenced):
            await self._end(claimed, attempt, started)
        log.info("jobs.given_back", job_id=claimed.job.id, action=claimed.job.action)

    async def _give_back(self, claimed: Claimed) -> None:
        """Claimed while stopping: it never started."""
        attempt = Attempt(sent=claimed.job.sent_at is not None and not claimed.fresh_intent)
        await self._end_cancelled(claimed, attempt, self._store.clock())
        self._held.pop(claimed.held.seq, None)
        self._free += 1

    async def _return_call(self, claimed: Claimed, reserved: Window) -> None:
        job, now = claimed.job, self._store.clock()
        route = self._actions[job.action].write_route
        await self._store.give_back_call(GiveBack(job.connection, route, reserved.resets_at, now))

    def _report(self, after: Job, outcome: Outcome | None, attempt: Attempt) -> None:
        fields: dict[str, Any] = {
            "job_id": after.id,
            "action": after.action,
            "connection": after.connection,
            "attempts": after.attempts,
        }
        if outcome is None:
            log.info("jobs.postponed", wait_s=attempt.postponed_s, **fields)
        elif after.state is JobState.WAITING:
            delay = round(after.run_at - self._store.clock(), 1)
            log.info("jobs.retry_scheduled", code=outcome.code, delay_s=delay, **fields)
        elif after.state is JobState.PENDING and isinstance(outcome, Pending):
            log.info("jobs.pending", code=outcome.code, **fields)
        elif after.state is JobState.PARKED:
            log.warning("jobs.parked", code=outcome.code, **fields)
        else:
            log.info("jobs.finished", state=after.state.value, code=outcome.code, **fields)

    # -- inside ------------------------------------------------------------------------------------

    def _still_mine(self, claimed: Claimed) -> bool:
        return time.monotonic() < claimed.good_until

    def _claim_is_intent(self, channel: str) -> bool:
        return split_channel(channel)[1] in self._intent_routes

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
