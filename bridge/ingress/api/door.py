"""The routes of the API, and its edge: who asks, how often, and what a failure looks like.

Every answer that is not a success is a problem document, also for a path or a method that does not
exist, so the door has a route for those too instead of a middleware that every request would pay for.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import structlog
from aiohttp import web

from bridge import metrics
from bridge.contract import Action, Job, Upstream
from bridge.ingress.api.callers import Caller, Callers, NotBelieved
from bridge.ingress.api.docs import Docs
from bridge.ingress.api.files import Files
from bridge.ingress.api.following import Follower, Reader, stream
from bridge.ingress.api.launching import Launching
from bridge.ingress.api.listing import read_audit_query, read_query
from bridge.ingress.api.recovery import Recovery
from bridge.ingress.http import bodies
from bridge.ingress.http.answers import json_response
from bridge.ingress.http.edge import edge, nowhere, only
from bridge.ingress.http.limits import InFlight, Limits
from bridge.ingress.http.problems import Problem
from bridge.jobs.auditing import Audit
from bridge.jobs.intake import Intake
from bridge.jobs.operating import Many, Operator
from bridge.settings import Settings
from bridge.signatures.origin import Senders

log = structlog.get_logger(__name__)

Answer = tuple[web.StreamResponse, Mapping[str, str]]
Signed = Callable[[web.Request, Caller], Awaitable[web.StreamResponse]]
PATH: Final = "/api/v1"
MAX_JOB_ID: Final = 40
NOT_COVERED: Final = "not-covered"
FAILURES_PER_MINUTE: Final = (
    10  # of one address, which may be a proxy's: the right key still passes
)
STREAMS_PER_REQUESTS: Final = 2  # waiting ones cost memory only, but not none


class ApiDoor:
    """The HTTP API; `routes()` are added to the application."""

    def __init__(
        self,
        *,
        settings: Settings,
        catalogue: Mapping[str, type[Action]],
        intake: Intake,
        reader: Reader,
        operator: Operator,
        upstreams: Mapping[str, Upstream],
        clock: Callable[[], float] = time.time,
        audit: Audit,
        in_flight: InFlight | None = None,
    ) -> None:
        """`in_flight`: shared with the other HTTP doors, when there are others."""
        self._settings = settings
        self._reader = reader
        self._operator = operator
        self._clock = clock
        self._audit = audit
        self._callers = Callers(settings.api, clock)
        self._limits = Limits(clock)
        self._failures = Limits(clock)
        self._senders = Senders(settings.server.trusted_proxies)
        self._in_flight = in_flight or InFlight(settings.server.max_in_flight)
        self._follower = Follower(reader, most=settings.server.max_in_flight * STREAMS_PER_REQUESTS)
        self._launching = Launching(settings, catalogue, intake, self._follower)
        self._recovery = Recovery(operator)
        self._files = Files(upstreams)
        self.docs = Docs(catalogue, settings.server.public_url)

    def routes(self) -> Sequence[web.RouteDef]:
        table: dict[str, dict[str, Signed]] = {
            f"{PATH}/actions/{{action}}": {"POST": self._launch},
            f"{PATH}/jobs": {"GET": self._list},
            f"{PATH}/jobs/retry": {"POST": self._retry_all},
            f"{PATH}/jobs/cancel": {"POST": self._cancel_all},
            f"{PATH}/audit": {"GET": self._trail},
            f"{PATH}/jobs/{{id}}": {"GET": self._job},
            f"{PATH}/jobs/{{id}}/events": {"GET": self._events},
            f"{PATH}/jobs/{{id}}/file": {"GET": self._file},
            f"{PATH}/jobs/{{id}}/retry": {"POST": self._retry},
            f"{PATH}/jobs/{{id}}/cancel": {"POST": self._cancel},
        }
        routes: list[web.RouteDef] = [*self.docs.routes()]
        for path, methods in table.items():
            routes += [
                web.route(method, path, edge(self._signed(handler)))
                for method, handler in methods.items()
            ]
            routes.append(web.route("*", path, edge(only(*methods))))
        routes.append(web.route("*", "/api/{rest:.*}", edge(nowhere)))
        return routes

    async def close(self) -> None:
        """Let go of everybody who waits; for the application's shutdown."""
        self._follower.close()

    def _signed(self, handler: Signed) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Only for a known caller, within its rate; its window is told with every answer."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                caller = self._callers.identify(request.headers.get("Authorization"))
            except NotBelieved as refusal:
                raise self._refuse(request, refusal) from None
            if caller.key is None:
                return await handler(request, caller)
            told = self._limits.take(caller.key.name, caller.key.per_minute)
            try:
                response = await handler(request, caller)
            except Problem as problem:
                problem.headers = {**told, **problem.headers}
                if problem.slug == NOT_COVERED:
                    await self._denied(request, caller, problem)
                raise
            if not response.prepared:
                response.headers.update(told)
            return response

        return handle

    def _refuse(self, request: web.Request, refusal: NotBelieved) -> Problem:
        """The refusal after one line and one count; beyond so many a minute, when to come again."""
        metrics.api_rejected(refusal.reason)
        remote = self._senders.address(request)
        try:
            self._failures.take(remote, FAILURES_PER_MINUTE)
        except Problem as spent:  # and no line: a guesser must not fill the log either
            wait = spent.headers["Retry-After"]
            spent.detail = (
                f"Too many wrong keys came from your address. Try another in {wait} seconds; the right"
                " one passes at once."
            )
            return spent if refusal.status == 401 else refusal
        log.warning(
            "ingress.refused",
            door="api",
            reason=refusal.reason,
            key_name=refusal.key_name,
            remote=remote,
        )
        return refusal

    async def _launch(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        with self._in_flight:
            accepted, headers = await self._launching.launch(request, caller)
        response = await self._launching.answer(request, accepted)
        if headers:
            response.headers.update(headers)
        return response

    async def _list(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        query = read_query(request.query)
        with self._in_flight:
            page = await self._operator.find(
                query.as_filter(caller.scope), limit=query.limit, cursor=query.cursor
            )
        jobs = [self._launching.show(job) for job in page.jobs]
        return json_response({"jobs": jobs, "cursor": page.cursor or None})

    async def _job(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return json_response(self._launching.show(await self._find(request, caller)))

    async def _events(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        job = await self._find(request, caller)
        if self._follower.is_full:
            raise Problem(
                "busy",
                "Too many streams are open. Ask for the job itself instead, or try again soon.",
                headers={"Retry-After": "5"},
            )
        return await stream(
            request, self._follower, job, show=self._launching.show, clock=self._clock
        )

    async def _file(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        job = await self._find(request, caller)
        response = await self._files.bring(job, caller)
        room = job.lane.partition(":")[2]
        await self._audit.note(
            caller.actor, "job.file", target=room, connection=job.connection, job_id=job.id
        )
        return response

    async def _retry(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        body = await self._body(request)
        job = await self._find(request, caller)
        again = await self._recovery.retry(job, caller, body)
        log.info("ingress.retried", job_id=job.id, scope=caller.asker.scope)
        return json_response(
            self._launching.show(again), status=202, headers={"Location": f"{PATH}/jobs/{job.id}"}
        )

    async def _cancel(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        job = await self._find(request, caller)
        gone = await self._recovery.cancel(job, caller)
        log.info("ingress.cancelled", job_id=job.id, scope=caller.asker.scope)
        return json_response(self._launching.show(gone))

    async def _retry_all(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return _many(await self._recovery.retry_all(caller, await self._body(request)))

    async def _cancel_all(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        return _many(await self._recovery.cancel_all(caller, await self._body(request)))

    async def _trail(self, request: web.Request, caller: Caller) -> web.StreamResponse:
        if caller.key is not None:
            detail = "The audit trail is for the operator, whose token is BRIDGE_API_TOKEN."
            raise Problem(NOT_COVERED, detail)
        query = read_audit_query(request.query)
        with self._in_flight:
            page = await self._audit.find(query.which, limit=query.limit, cursor=query.cursor)
        events = [event.as_json() for event in page.events]
        return json_response({"events": events, "cursor": page.cursor or None})

    async def _denied(self, request: web.Request, caller: Caller, problem: Problem) -> None:
        named = request.match_info
        await self._audit.note(
            caller.actor,
            named.get("action") or request.path.removeprefix(f"{PATH}/"),
            job_id=named.get("id", ""),
            outcome="denied",
            detail=problem.detail,
        )

    async def _find(self, request: web.Request, caller: Caller) -> Job:
        """The job in the path; another's is as absent as one that never was."""
        job_id = request.match_info["id"]
        job: Job | None = None
        if job_id.isascii() and job_id.isalnum() and len(job_id) <= MAX_JOB_ID:
            with self._in_flight:
                job = await self._reader.get(job_id, scope=caller.scope)
        if job is None:
            raise Problem(
                "unknown-job",
                "There is no job of this id for you. Finished jobs are removed after some days."
                " GET /api/v1/jobs lists those that are yours.",
            )
        return job

    async def _body(self, request: web.Request) -> Any:
        """The JSON body, or None without one."""
        server = self._settings.server
        with self._in_flight:
            raw = await bodies.read(
                request, most=server.max_body_bytes, deadline_s=server.body_deadline_s
            )
        if not raw.strip():
            return None
        if not bodies.is_json(request.headers.get("Content-Type", "")):
            raise Problem("not-json", "Send the body as JSON, with Content-Type: application/json.")
        return bodies.parse(raw)


def _many(done: Many) -> web.Response:
    return json_response({"jobs": done.ids, "count": len(done.ids), "more": done.more})
