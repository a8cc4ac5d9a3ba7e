"""The deeds of an operator: retry, cancel and give up, one job or many; each asks before it acts.

What is done to many jobs is bound twice: the page that asks says how many and which, and the form it holds
ends at the moment it was asked, so a job that arrives in between is not swept along.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog
from aiohttp import web

from bridge.console import wording
from bridge.console.asked import Asked
from bridge.console.pages import page
from bridge.console.roles import Role
from bridge.console.showing import JOB_ID, Showing
from bridge.console.visit import Gate, Visit, see
from bridge.contract import JobState
from bridge.jobs.operating import NotAllowed, Operator
from bridge.jobs.recovery import CANCELLABLE, RETRYABLE

log = structlog.get_logger()

SHOWN: Final = 8
DEEDS: Final = ("retry", "cancel")


class Acting:
    """What an operator may do."""

    def __init__(
        self,
        *,
        gate: Gate,
        operator: Operator,
        showing: Showing,
        clock: Callable[[], float],
    ) -> None:
        self._gate = gate
        self._operator = operator
        self._showing = showing
        self._clock = clock

    def routes(self) -> list[web.AbstractRouteDef]:
        gate = self._gate
        return [
            web.post(f"/console/jobs/{JOB_ID}/retry", gate(self._retry, needs=Role.OPERATOR)),
            web.post(f"/console/jobs/{JOB_ID}/cancel", gate(self._cancel, needs=Role.OPERATOR)),
            # a refused deed's page stands at its address, which is asked for again when something changes
            web.get(f"/console/jobs/{JOB_ID}/retry", gate(self._back, needs=Role.VIEWER)),
            web.get(f"/console/jobs/{JOB_ID}/cancel", gate(self._back, needs=Role.VIEWER)),
            web.get("/console/bulk", gate(self._ask, needs=Role.OPERATOR)),
            web.post("/console/bulk", gate(self._do, needs=Role.OPERATOR)),
        ]

    async def _retry(self, visit: Visit) -> web.StreamResponse:
        job_id, force = visit.request.match_info["id"], visit.text("force") == "yes"
        try:
            job = await self._operator.retry(job_id, force=force, by=visit.session.actor)
        except NotAllowed as error:
            return await self._showing.job_page(visit, job_id, problem=str(error), status=409)
        return self._after(visit, job_id, found=job is not None, what="retried")

    async def _cancel(self, visit: Visit) -> web.StreamResponse:
        job_id = visit.request.match_info["id"]
        what = "given_up" if visit.text("parked") == "yes" else "cancelled"
        try:
            job = await self._operator.cancel(job_id, by=visit.session.actor)
        except NotAllowed as error:
            return await self._showing.job_page(visit, job_id, problem=str(error), status=409)
        return self._after(visit, job_id, found=job is not None, what=what)

    async def _back(self, visit: Visit) -> web.StreamResponse:
        return see(f"/console/jobs/{visit.request.match_info['id']}")

    def _after(self, visit: Visit, job_id: str, *, found: bool, what: str) -> web.StreamResponse:
        if not found:
            return self._gate.message(visit, wording.NOT_FOUND, 404)
        self._note(visit, what, job_id=job_id)
        return see(f"/console/jobs/{job_id}?said={what}")

    async def _ask(self, visit: Visit) -> web.StreamResponse:
        query = visit.request.query
        deed = query.get("do", "")
        if deed not in DEEDS:
            return self._gate.message(visit, wording.NOT_FOUND, 404)
        asked = self._bounded(deed, Asked.read(query, query.getall("state", [])))
        which = asked.filter(self._clock())
        # the same choice in the same order as the deed's: whoever has waited longest comes first
        found = await (
            self._operator.retryable(which)
            if deed == "retry"
            else self._operator.cancellable(which)
        )
        by_state: dict[JobState, int] = {}
        for job in found.jobs:
            by_state[job.state] = by_state.get(job.state, 0) + 1
        values = self._gate.frame(visit, here="jobs") | {
            "deed": deed,
            "asked": asked,
            "words": asked.words(self._showing.titles),
            "total": len(found.jobs),
            "more": bool(found.cursor),
            "by_state": sorted(by_state.items(), key=lambda item: -item[1]),
            "first": found.jobs[:SHOWN],
            "titles": self._showing.titles,
        }
        return page("bulk.html", values)

    async def _do(self, visit: Visit) -> web.StreamResponse:
        deed = visit.text("do")
        if deed not in DEEDS:
            return self._gate.message(visit, wording.NOT_FOUND, 404)
        states = [str(state) for state in visit.form.getall("state", [])]
        asked = self._bounded(deed, Asked.read(visit.form, states))
        which = asked.filter(self._clock())
        if deed == "retry":
            ids, more = await self._operator.retry_all(which, by=visit.session.actor)
        else:
            ids, more = await self._operator.cancel_all(which, by=visit.session.actor)
        self._note(visit, f"{deed}_all", count=len(ids))
        values = self._gate.frame(visit, here="jobs") | {
            "deed": deed,
            "total": len(ids),
            "rest": asked.query(do=deed) if more else "",
        }
        return page("bulk_done.html", values)

    def _bounded(self, deed: str, asked: Asked) -> Asked:
        """Only states that the deed is for, and only what was there when it was asked."""
        fits = RETRYABLE if deed == "retry" else CANCELLABLE
        wanted = tuple(state for state in asked.states if state in fits)
        if not asked.states:
            # parked jobs are given up only by whoever chose them
            wanted = tuple(
                state for state in fits if deed == "retry" or state is not JobState.PARKED
            )
        elif not wanted:
            wanted = fits
        since, until = asked.bounds(self._clock())
        if since is not None:
            asked = asked.but(span="", since=_written(since))
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="microseconds")
        limit = asked.until if until is not None and until <= self._clock() else now[:26]
        return asked.but(states=wanted, until=limit)

    def _note(self, visit: Visit, what: str, **fields: object) -> None:
        session = visit.session
        log.info("console.acted", what=what, how=session.how, user_id=session.user_id, **fields)


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")[:26]
