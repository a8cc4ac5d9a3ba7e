"""A bridge process from the outside: it is killed the moment a system beside it sees a certain request."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from tests.soak.house import House

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Trap:
    """Springs once, at a request whose "METHOD /path" and body match.

    `takes_effect`: the request is carried out and only its answer gets lost; else it is lost itself.
    """

    house: House
    route: str
    words: tuple[str, ...] = ("",)  # one of them stands in the body
    takes_effect: bool = True

    def matches(self, request: web.Request, body: str) -> bool:
        there = fnmatchcase(f"{request.method} {request.path}", self.route)
        return there and any(word in body for word in self.words)


def watching(traps: list[Trap]) -> Any:
    """An outermost middleware for an emulator, which springs the traps."""

    @web.middleware
    async def watch(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not traps:
            return await handler(request)
        body = unquote_plus((await request.read()).decode("utf-8", "replace"))
        sprung = next((trap for trap in traps if trap.matches(request, body)), None)
        if sprung is None:
            return await handler(request)
        traps.remove(sprung)
        if sprung.takes_effect:
            response = await handler(request)
            sprung.house.signal(signal.SIGKILL)
            return response
        sprung.house.signal(signal.SIGKILL)
        return web.Response(status=500)

    return watch
