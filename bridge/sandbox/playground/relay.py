"""A relay in front of the bridge: the same bytes and headers pass through, and each request is written down.

Slack's and the upstreams' webhooks come this way in the playground. When the bridge gives no answer the
relay gives none either, so that the sender sees exactly what it would have seen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import aiohttp
from aiohttp import web

from bridge.sandbox.playground.hops import BRIDGE, CLOSED, Hops

LIMIT: Final = 50 * 1024 * 1024
HOP_BY_HOP: Final = frozenset(
    ("connection", "content-length", "host", "keep-alive", "te", "transfer-encoding", "upgrade")
)
_SENDERS: Final = {
    "/slack/": "slack",
    "/hooks/rocketchat": "rocketchat",
    "/hooks/superoffice": "superoffice",
}


class Relay:
    """Passes requests on to wherever the bridge is now."""

    def __init__(self, hops: Hops, bridge_url: Callable[[], str]) -> None:
        self._hops = hops
        self._bridge_url = bridge_url
        self._session: aiohttp.ClientSession | None = None

    def app(self) -> web.Application:
        app = web.Application(client_max_size=LIMIT)
        app.router.add_route("*", "/{path:.*}", self.pass_on)
        app.on_cleanup.append(self._close)
        return app

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        sender = next(
            (name for path, name in _SENDERS.items() if request.path.startswith(path)), "webhook"
        )
        headers = [
            (name, value)
            for name, value in request.headers.items()
            if name.lower() not in HOP_BY_HOP
        ]
        hop = self._hops.begin(
            sender, BRIDGE, request.method, request.raw_path, request.headers, body
        )
        try:
            async with self._open().request(
                request.method,
                self._bridge_url() + request.raw_path,
                data=body,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                content = await answer.read()
                self._hops.end(hop, answer.status, content, answer.headers.get("Content-Type", ""))
                kept = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
                return web.Response(status=answer.status, body=content, headers=kept)
        except aiohttp.ClientError:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)
        finally:
            self._hops.lose(hop, CLOSED)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # Slack's own limit ends what takes too long; a body passes as it is, compressed or not.
            timeout = aiohttp.ClientTimeout(total=60)
            self._session = aiohttp.ClientSession(timeout=timeout, auto_decompress=False)
        return self._session

    async def _close(self, _: web.Application) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
