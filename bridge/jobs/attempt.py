"""One attempt: a flow is run to its outcome, request by request, under the repeat rules.

The flow only yields requests and receives answers. What surrounds a request is done here: the pace
is waited for, the intent to write is stored before a call that may never be repeated, a lost answer
is judged by the action's repeat class, and each exchange is recorded without its secrets.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import ValidationError

from bridge import metrics, tracing
from bridge.contract import (
    Action,
    Context,
    Flow,
    Job,
    Lost,
    Outcome,
    Refused,
    Repeat,
    Request,
    Response,
    Retry,
    Unsent,
    Upstream,
    encode_json,
)
from bridge.jobs.acting import NO_ACCOUNT
from bridge.jobs.finishing import Held, NoteItem
from bridge.jobs.fixed_outcomes import (
    OWN_MISTAKE,
    TRIED_AGAIN,
    lost_for_good,
    name_of,
    not_configured,
    refused_account,
    unusable_fields,
)
from bridge.jobs.limits import Limits
from bridge.jobs.pace import GUARD_S, Window
from bridge.jobs.redaction import describe
from bridge.jobs.store import Store
from bridge.jobs.writer import StoreDown

log = structlog.get_logger()

SHORT_WAIT_S = 2.0  # a longer wait for the pace gives the worker's place to another job
LOOKS_SHARE = 0.5  # looking after pending jobs may use at most this part of a route's window
STORE_DOWN_S = 1.0  # until an intent is tried to be stored again
BUSY_TRIES = 5  # answers of 429 to one request before the attempt is given back


class Fenced(Exception):
    """The lease ran out: another worker may hold the job, nothing more may be sent or stored."""


class Postponed(Exception):
    """The pace does not allow a call now; nothing was sent."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(wait_s)
        self.wait_s = wait_s


@dataclass(slots=True)
class Claimed:
    """A job this worker holds."""

    job: Job
    held: Held
    good_until: float  # monotonic: the lease surely holds until then
    fresh_intent: bool  # `sent_at` was only set by this very claim
    reserved: Window | None = None  # the window in which its first write has a call


@dataclass(frozen=True, slots=True)
class Manners:
    """How a connection wants its actions to behave for this asker."""

    signature: str = ""  # the asker's name, for a comment the upstream shows
    default_comment: str = ""


@dataclass(slots=True)
class Attempt:
    """How an attempt went, whatever it ended in."""

    outcome: Outcome | None = None
    postponed_s: float | None = None
    sent: bool = False  # a write may have had an effect, of this attempt or of an earlier one
    wrote: bool = False  # one of this very attempt
    exchanges: list[dict[str, Any]] = field(default_factory=list)
    memo: dict[str, Any] = field(default_factory=dict)


class Runner:
    """Runs attempts; knows the upstreams, the pace and the rules, and no other job."""

    def __init__(
        self,
        *,
        store: Store,
        upstreams: Mapping[str, Upstream],
        actions: Mapping[str, type[Action]],
        limits: Limits,
        manners: Callable[[Job], Manners | Awaitable[Manners]],
        still_mine: Callable[[Claimed], bool],
    ) -> None:
        self._store = store
        self._upstreams = upstreams
        self._actions = actions
        self._limits = limits
        self._manners = manners
        self._still_mine = still_mine

    async def run(self, claimed: Claimed, attempt: Attempt) -> None:
        """Fill `attempt`. Raises `Fenced` when the job is no longer this worker's."""
        job = claimed.job
        action_type = self._actions.get(job.action)
        upstream = self._upstreams.get(job.connection)
        if upstream is None:
            await self._limits.forget(job.connection)
        if action_type is None or upstream is None:
            attempt.outcome = not_configured(job, action_type)
            return
        try:
            action = action_type.model_validate(dict(job.args))
        except ValidationError as error:
            attempt.outcome = unusable_fields(job, error)
            return
        resumed = job.sent_at is not None and not claimed.fresh_intent
        attempt.sent = resumed
        if resumed and job.phase == "flow" and action.repeat is Repeat.NEVER_REPEAT:
            attempt.outcome = lost_for_good(action)
            return
        found = self._manners(job)
        manners = await found if inspect.isawaitable(found) else found
        context = Context(
            asker=job.asker,
            now=self._store.clock(),
            resumed=resumed,
            looks=job.looks,
            since=job.pending_at or 0.0,
            memo=dict(job.memo),
            signature=manners.signature,
            default_comment=manners.default_comment,
        )
        attempt.memo = context.memo
        flow = action.flow(context) if job.phase == "flow" else action.follow(context)
        try:
            attempt.outcome = await self._drive(flow, claimed, attempt, action, upstream)
        except Postponed as later:
            attempt.postponed_s = later.wait_s
        except Unsent as error:
            reason = f"{name_of(upstream)} cannot be reached: {str(error).rstrip('.')}."
            attempt.outcome = Retry("unreachable", reason, TRIED_AGAIN)
        except Lost as error:
            attempt.outcome = self._judge_lost(action, attempt, f"{name_of(upstream)}: {error}")
        except (Fenced, asyncio.CancelledError):
            raise
        except Exception:
            log.exception("jobs.flow_failed", job_id=job.id, action=job.action)
            attempt.outcome = OWN_MISTAKE
        finally:
            flow.close()

    async def _drive(
        self, flow: Flow, claimed: Claimed, attempt: Attempt, action: Action, upstream: Upstream
    ) -> Outcome:
        job = claimed.job
        try:
            request = next(flow)
            while True:
                response = await self._exchange(request, claimed, attempt, action, upstream)
                if response.status >= 500:
                    raise Lost(f"it answered {response.status}")
                if 300 <= response.status < 400:
                    return Refused(
                        "redirected",
                        f"{name_of(upstream)} answered with a redirect, which the bridge does not follow.",
                        "An admin must put the final address into the connection's url.",
                    )
                if response.error_code in NO_ACCOUNT:
                    return refused_account(response.error_code, job, attempt.exchanges, upstream)
                request = flow.send(response)
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    async def _exchange(
        self,
        request: Request,
        claimed: Claimed,
        attempt: Attempt,
        action: Action,
        upstream: Upstream,
    ) -> Response:
        job = claimed.job
        for _ in range(BUSY_TRIES):
            await self._wait_for_pace(request, claimed, attempt, action)
            if not self._still_mine(claimed):
                raise Fenced
            if request.write:
                await self._intend(claimed, attempt, action)
            response = await self._send(request, claimed, attempt, upstream)
            if response.status != 429:
                return response
        raise Postponed(await self._limits.wait_s(job.connection, _route(request)) or 1.0)

    async def _send(
        self, request: Request, claimed: Claimed, attempt: Attempt, upstream: Upstream
    ) -> Response:
        job, route = claimed.job, _route(request)
        started = time.monotonic()
        before = attempt.sent, attempt.wrote
        attempt.sent, attempt.wrote = attempt.sent or request.write, attempt.wrote or request.write
        response: Response | None = None
        failure = "cancelled"
        try:
            with tracing.stage(
                "upstream.call", tracing.here(), connection=job.connection, route=route
            ) as stage:
                response = await upstream.send(
                    request,
                    person=job.asker.person,
                    trace=tracing.here(),
                    language=job.asker.locale,
                )
                stage.note(status=response.status)
        except Unsent as error:
            attempt.sent, attempt.wrote = before
            failure = str(error)
            await self._limits.failed(job.connection)
            raise
        except Lost as error:
            failure = str(error)
            await self._limits.failed(job.connection)
            raise
        finally:
            took = time.monotonic() - started
            status = response.status if response is not None else 0
            if response is None or response.sent:
                metrics.upstream_answered(job.connection, route, status, took)
            attempt.exchanges.append(describe(request, response, failure, took))
        if response.status == 429 or not response.sent:
            attempt.sent, attempt.wrote = before  # refused before it was looked at
        if response.sent:
            await self._limits.answered(job.connection, route, response)
        return response

    async def _wait_for_pace(
        self, request: Request, claimed: Claimed, attempt: Attempt, action: Action
    ) -> None:
        job, route = claimed.job, _route(request)
        reserved, now = claimed.reserved, self._store.clock()
        if reserved is not None and request.write and route == action.write_route:
            claimed.reserved = None
            if now < reserved.resets_at - GUARD_S:
                return
        share = LOOKS_SHARE if job.phase == "follow" else 1.0
        while (wait_s := await self._limits.take(job.connection, route, share)) > 0:
            # only what has written in this attempt may hold a worker's place for long
            if job.phase == "follow" or (not attempt.wrote and wait_s > SHORT_WAIT_S):
                metrics.pace_waited(job.connection, route, wait_s)
                raise Postponed(wait_s)
            metrics.pace_waited(job.connection, route, wait_s)
            await asyncio.sleep(wait_s)

    async def _intend(self, claimed: Claimed, attempt: Attempt, action: Action) -> None:
        """Store the intent before what may not be repeated; other claims carried it already."""
        if action.repeat is not Repeat.NEVER_REPEAT:
            return
        values = {"sent_at": self._store.clock(), "memo": encode_json(attempt.memo)}
        try:
            mine = await self._store.note(NoteItem(claimed.held, values))
        except StoreDown:
            raise Postponed(STORE_DOWN_S) from None
        if not mine:
            raise Fenced

    def _judge_lost(self, action: Action, attempt: Attempt, reason: str) -> Outcome:
        if attempt.sent and action.repeat is Repeat.NEVER_REPEAT:
            return lost_for_good(action)
        return Retry("no_answer", f"No usable answer came from {reason.rstrip('.')}.", TRIED_AGAIN)


def _route(request: Request) -> str:
    return f"{request.method} {request.route}"
