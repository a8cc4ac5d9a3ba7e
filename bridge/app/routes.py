"""Every route there is: what no door knows is refused, and each answer is counted and may leave a line.

A wrapper around each handler and no middleware, which aiohttp would build anew for each request. The doors'
own refusals come first; the last route catches every other path, so that no answer is a bare 404.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import structlog
from aiohttp import web

from bridge import metrics, tracing
from bridge.ingress.http.edge import edge, nowhere, only, route_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger()

ANYWHERE: Final = "/{anywhere:(?s:.*)}"  # a decoded path may hold a line break
_root: Final = logging.getLogger()  # it stands at the threshold of all lines


def whole(routes: Iterable[web.RouteDef], wants_lines: Callable[[], bool]) -> list[web.RouteDef]:
    """These routes, and refusals of their other methods and of every other path.

    `wants_lines` says whether each answer leaves a line at info: the access log.
    """
    found = list(routes)
    methods: defaultdict[str, list[str]] = defaultdict(list)
    for route in found:
        methods[route.path].append(route.method)
    for path, known in methods.items():
        if "*" not in known:
            found.append(web.route("*", path, edge(only(*known))))
    found.append(web.route("*", ANYWHERE, edge(nowhere)))
    return [
        web.route(route.method, route.path, _observed(route.handler, wants_lines))
        for route in found
    ]


def _observed(handler: Handler, wants_lines: Callable[[], bool]) -> Handler:
    """The handler, its answers counted, and told when somebody wants to read it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        at_info = wants_lines()
        if at_info:
            # a door enters its own trace; no line of another carries that of the request before
            tracing.enter(tracing.make().traceparent)
        status = 0  # the sender went away
        try:
            response = await handler(request)
            status = response.status
            return response
        except web.HTTPException as refusal:
            status = refusal.status
            raise
        except ConnectionError:
            raise
        except Exception:
            status = 500  # the server logs it and answers so
            raise
        finally:
            seconds = time.perf_counter() - started
            route = route_of(request)
            metrics.http_answered(request.method, route, status, seconds)
            if at_info or _root.isEnabledFor(logging.DEBUG):  # asked first: a line costs much more
                note = log.info if at_info else log.debug
                note(
                    "ingress.answered",
                    method=request.method,
                    route=route,
                    status=status,
                    seconds=round(seconds, 6),
                )

    return handle
