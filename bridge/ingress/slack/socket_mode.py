"""Socket Mode: the same handlers for a site without a public address.

Slack's own client keeps the sockets (https://docs.slack.dev/apis/events-api/using-socket-mode); what it hands over is answered by the same dispatch as over HTTP.
Everything but the signature applies: the socket itself is authenticated by the app token, and an envelope
that comes twice is caught by the idempotency key. Every envelope is acknowledged, also the ones that an
HTTP answer would have refused: Bolt's adapter leaves those open.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bridge import tracing

log = structlog.get_logger()

# The SDK logs each failed connect with a traceback, and whole messages below that.
_quiet = logging.getLogger("bridge.ingress.slack.socket")
_quiet.setLevel(logging.CRITICAL)

Dispatch = Callable[[dict[str, Any]], Awaitable[BoltResponse]]


class SocketMode:
    """One socket client and its listener."""

    def __init__(self, *, app_token: str, web: AsyncWebClient, dispatch: Dispatch) -> None:
        self._app_token = app_token
        self._web = web
        self._dispatch = dispatch
        self._client: SocketModeClient | None = None

    async def run(self) -> None:
        """Connect, however long that takes; the client reconnects by itself from then on."""
        client = SocketModeClient(
            app_token=self._app_token, web_client=self._web, logger=_quiet, ping_interval=10
        )
        client.socket_mode_request_listeners.append(self._hear)
        self._client = client
        await client.connect()  # type: ignore[no-untyped-call]  # the SDK's
        log.info("slack.socket_connected")

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()  # type: ignore[no-untyped-call]  # the SDK's

    async def _hear(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        with tracing.span("ingress.request", door="slack") as stage:
            tracing.enter(stage.traceparent)
            answer = await self._dispatch(request.payload)
        await client.send_socket_mode_response(
            SocketModeResponse(envelope_id=request.envelope_id, payload=_payload(answer))
        )


def _payload(answer: BoltResponse) -> Any:
    if answer.status != 200 or not answer.body:
        return None
    try:
        return json.loads(answer.body)
    except ValueError:
        return {"text": answer.body}
