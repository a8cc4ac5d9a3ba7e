"""The edge of the HTTP doors: what a handler raises becomes the answer, and nothing leaks out of it."""

from __future__ import annotations

import math
import secrets
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web

from bridge import tracing
from bridge.ingress.http.problems import Problem
from bridge.jobs.intake import NotStored
from bridge.jobs.writer import StoreDown

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def edge(handler: Handler) -> Handler:
    """The handler, its refusals as problem documents; an unforeseen failure is logged and tells nothing."""

    async def handle(request: web.Request) -> web.StreamResponse:
        brought = trace_of(request.headers.get("traceparent", ""))
        with tracing.span("ingress.request", brought) as stage:
            tracing.enter(stage.traceparent)  # it is the request's id, too
            try:
                response = await handler(request)
            except Problem as problem:
                response = problem.response()
            except NotStored as error:
                refusal = maybe_stored if error.unsure else not_stored
                response = refusal(error.retry_after_s).response()
            except StoreDown:
                response = not_stored(5.0).response()
            except (web.HTTPException, ConnectionError):
                raise
            except Exception:
                error_id = secrets.token_hex(4)
                where = {"route": route_of(request), "method": request.method}
                log.exception("ingress.failed", error_id=error_id, **where)
                response = _unforeseen(error_id).response()
            if stage.trace is not None:
                route = route_of(request)
                stage.note(method=request.method, route=route, status=response.status)
            return response

    return handle


def _unforeseen(error_id: str) -> Problem:
    return Problem(
        "internal",
        "The bridge could not handle this request. Try again; when it stays so, tell the"
        f" operator this number, which stands in the log: {error_id}",
        more={"error_id": error_id},
    )


def not_stored(retry_after_s: float) -> Problem:
    """Never a false 2xx: nothing was accepted, and when to come again."""
    seconds = max(1, math.ceil(retry_after_s))
    return Problem(
        "not-stored",
        f"Nothing was accepted. Send it again in {seconds} seconds.",
        headers={"Retry-After": str(seconds)},
    )


def maybe_stored(retry_after_s: float) -> Problem:
    """Never a false no, either: whoever sends it again without its key may have it done twice."""
    return Problem(
        "maybe-stored",
        "It may have been accepted. Send it again only with the same Idempotency-Key, or as the same"
        " event of a webhook; without one, look at GET /api/v1/jobs first.",
        headers={"Retry-After": str(max(1, math.ceil(retry_after_s)))},
    )


def only(*methods: str) -> Handler:
    """Refuses every method but these."""
    allowed = ", ".join(methods)

    async def refuse(_: web.Request) -> web.StreamResponse:
        raise Problem("wrong-method", f"Use {allowed} here.", headers={"Allow": allowed})

    return refuse


async def nowhere(_: web.Request) -> web.StreamResponse:
    """Refuses a path that leads nowhere."""
    raise Problem("not-found", "No such address. /docs lists all of them.")


def trace_of(traceparent: str) -> str:
    """A W3C traceparent that a request brought along, or nothing (https://www.w3.org/TR/trace-context/)."""
    found = tracing.parse(traceparent) if traceparent else None
    return found.traceparent if found is not None else ""


def route_of(request: web.Request) -> str:
    """The path's template: a path itself may hold what is nobody's business."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""
