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
from collections.abc import Awaitable, Callable, Container, Coroutine, Mapping
from typing import Any

import structlog

from bridge import metrics, tracing
from bridge.contract import Action, Outcome, Repeat
from bridge.jobs.attempt import Attempt, Claimed, Fenced, Runner
from bridge.jobs.claiming import ClaimItem, Claims
from bridge.jobs.closing import Closer
from bridge.jobs.ending import unreadable
from bridge.jobs.finishing import Held
from bridge.jobs.fixed_outcomes import OWN_MISTAKE
from bridge.jobs.limits import Limits
from bridge.jobs.rows import delivery_rows, from_row, open_reply_to, split_channel
from bridge.jobs.slots import Slots
from bridge.jobs.store import Store
from bridge.jobs.telling import Teller
from bridge.jobs.writer import StoreDown
from bridge.settings import Jobs as JobSettings

log = structlog.get_logger()

STORE_RETRY_S = 0.5
LAST_WORDS_S = 2.0  # when the drain budget is used up: what ended may still be stored


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
        connections: Container[str],
        phrase: Callable[[Outcome], Outcome],
        settings: JobSettings,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.name = f"{socket.gethostname()[:16]}:{os.getpid()}:{random.getrandbits(24):06x}"
        self._store = store
        self._runner = runner(self._still_mine)
        self._limits = limits
        self._teller = teller
        self._connections = connections
        self._settings = settings
        self._closer = Closer(
            store=store,
            limits=limits,
            teller=teller,
            actions=actions,
            phrase=phrase,
            jitter=jitter,
            settings=settings,
            worker=self.name,
        )
        self._intent_routes = frozenset(
            action.write_route
            for action in actions.values()
            if action.repeat is not Repeat.NEVER_REPEAT
        )
        self._wake = asyncio.Event()
        self._slots = Slots(settings.concurrency, ahead=not store.embedded)
        self._running: set[asyncio.Task[None]] = set()
        # of the running: what they did is being stored
        self._closing: set[asyncio.Task[None]] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._people_in_a_row: dict[str, int] = {}
        self._turn = 0
        self._stopping = False
        self._held: dict[int, Claimed] = {}
        self._forget: Callable[[], None] = lambda: None
        self._claimer: asyncio.Task[None] | None = None
        self._store_failed_at = float("-inf")
        self.beaten_at = time.monotonic()

    async def start(self) -> None:
        """Begin to work; returns at once."""
        self.beaten_at = time.monotonic()  # what came before the start, it could not do
        self._teller.start(self.name)
        self._forget = self._store.on_work(self._wake.set)
        self._claimer = asyncio.create_task(self._for_ever(self._claim_and_wait))
        for step in (self._beat_and_wait, self._wait_and_sweep):
            self._spawn(self._for_ever(step))

    async def stop(self, budget_s: float | None = None) -> None:
        """Stop claiming, let attempts finish within the budget, give the others back."""
        budget_s = self._settings.drain_s if budget_s is None else budget_s
        self._stopping = True
        self._forget()
        self._wake.set()
        self._slots.open()
        deadline = time.monotonic() + budget_s
        if self._claimer is not None:  # what it has just claimed is to be given back, too
            await asyncio.wait({self._claimer}, timeout=max(LAST_WORDS_S, budget_s))
            self._claimer.cancel()
        if self._running:
            log.info("jobs.draining", jobs=len(self._running), budget_s=budget_s)
            await asyncio.wait(self._running, timeout=max(0.0, deadline - time.monotonic()))
        for task in self._running - self._closing:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=LAST_WORDS_S)
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

    async def _for_ever(self, step: Callable[[], Awaitable[None]]) -> None:
        """A loop outlives every mistake of one turn."""
        while not self._stopping or step == self._beat_and_wait:
            try:
                await step()
            except StoreDown:
                self._store_failed_at = time.monotonic()
                await asyncio.sleep(STORE_RETRY_S)
            except Exception:
                log.exception("jobs.loop_failed")
                await asyncio.sleep(STORE_RETRY_S)

    async def _claim_and_wait(self) -> None:
        self._wake.clear()
        wait_s = self._settings.poll_s
        if wanted := self._slots.wanted():
            claims = await self._claim(wanted)
            if claims.rows and self._slots.free > 0:
                return  # there may be more
            if claims.wake_in_s is not None:
                wait_s = min(wait_s, claims.wake_in_s)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), wait_s)

    async def _claim(self, wanted: int) -> Claims:
        self._turn += 1
        asked_at = time.monotonic()
        item = ClaimItem(
            owner=self.name,
            now=self._store.clock(),
            capacity=wanted,
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
            try:
                job = from_row(row, self._store.vault)
            except Exception:
                log.exception("jobs.row_unreadable", job_id=row["id"])
                await self._park_unreadable(row, item.now)
                continue
            claimed = Claimed(
                job=job,
                held=Held(row["seq"], self.name, row["fence"]),
                good_until=asked_at + self._settings.lease_s,
                fresh_intent=job.sent_at == item.now and self._claim_is_intent(row["channel"]),
                reserved=claims.reserved.get(job.id),
            )
            self._slots.take()
            self._held[row["seq"]] = claimed
            if job.phase == "flow" and not job.attempts:
                waited_s = item.now - job.tried_since
                metrics.job_started(job.connection, waited_s, person=job.asker.is_person)
            task = asyncio.create_task(self._work(claimed), name=f"job {job.id}")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            task.add_done_callback(self._closing.discard)
        return claims

    async def _park_unreadable(self, row: dict[str, Any], now: float) -> None:
        told = delivery_rows(open_reply_to(row["reply_to"], self._store.vault), row["seq"], now)
        await self._store.end(unreadable(row, self.name, now, told))

    async def _beat_and_wait(self) -> None:
        sent = time.monotonic()
        still = await self._store.beat(
            self.name, self._settings.lease_s, set(self._held), set(self._teller.holding)
        )
        self.beaten_at = sent
        metrics.heartbeat(self._store.clock())
        for seq in still & self._held.keys():
            self._held[seq].good_until = sent + self._settings.lease_s
        await asyncio.sleep(self._settings.lease_s / 3)

    async def _wait_and_sweep(self) -> None:
        await asyncio.sleep(self._settings.lease_s / 2)
        if time.monotonic() - self._store_failed_at < self._settings.lease_s or self.stalled:
            return  # after an outage everybody first gets the time to say that they live
        lost = await self._store.sweep(set(self._held), set(self._teller.holding))
        if lost:
            log.warning("jobs.leases_lost", jobs=lost)
            self._wake.set()

    # -- one job -----------------------------------------------------------------------------------

    async def _work(self, claimed: Claimed) -> None:
        tracing.enter(claimed.job.trace, job_id=claimed.job.id)
        attempt = Attempt(sent=claimed.job.sent_at is not None and not claimed.fresh_intent)
        entered = False
        try:
            with contextlib.suppress(asyncio.CancelledError):  # the drain budget is used up
                entered = await self._slots.enter()
            started, took_s = self._store.clock(), None
            if entered and not self._stopping:  # else it never starts, and is given back
                begun = time.monotonic()
                await self._try(claimed, attempt)
                took_s = time.monotonic() - begun
            self._release(entered=entered, took_s=took_s)
            await self._close(claimed, attempt, started)
        except Fenced:
            self._release(entered=entered)
            metrics.fenced()
            log.warning("jobs.fenced", job_id=claimed.job.id, action=claimed.job.action)
        finally:
            if self._held.get(claimed.held.seq) is claimed:
                del self._held[claimed.held.seq]

    async def _try(self, claimed: Claimed, attempt: Attempt) -> None:
        job = claimed.job
        with tracing.stage("jobs.attempt", job.trace, job_id=job.id, action=job.action) as stage:
            try:
                await self._runner.run(claimed, attempt)
            except asyncio.CancelledError:  # the drain budget is used up: it is given back
                attempt.outcome = None
            except Fenced:
                raise
            except Exception:
                log.exception("jobs.attempt_failed", job_id=job.id)
                attempt.outcome = OWN_MISTAKE
            stage.note(outcome=attempt.outcome.kind.value if attempt.outcome else "postponed")

    async def _close(self, claimed: Claimed, attempt: Attempt, started: float) -> None:
        """Store how it ended; from here on a drain waits instead of cancelling."""
        if (task := asyncio.current_task()) is not None:
            self._closing.add(task)
        if await self._closer.close(claimed, attempt, started):
            self._wake.set()

    def _release(self, *, entered: bool, took_s: float | None = None) -> None:
        self._slots.give_back(entered=entered, took_s=took_s)
        self._wake.set()

    # -- inside ------------------------------------------------------------------------------------

    def _still_mine(self, claimed: Claimed) -> bool:
        return time.monotonic() < claimed.good_until

    def _claim_is_intent(self, channel: str) -> bool:
        return split_channel(channel)[1] in self._intent_routes

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
