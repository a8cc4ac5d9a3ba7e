"""Socket Mode: the same handlers for a site without a public address.

Slack's own client keeps the sockets (https://docs.slack.dev/apis/events-api/using-socket-mode); what it hands over is answered by the same dispatch as over HTTP.
Everything but the signature applies: the socket itself is authenticated by the app token, and an envelope
that comes twice is caught by the idempotency key. Every envelope is acknowledged, also the ones that an
HTTP answer would have refused: Bolt's adapter leaves those open.

Slack's client tries for ever and says so only to its logger, whose lines hold tracebacks and addresses. So
the connection is watched here: each change leaves one line, and `problem` is a sentence while it is down.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bridge import metrics, tracing
from bridge.contract import Lost, Unsent

log = structlog.get_logger()

# The SDK logs each failed connect with a traceback, and whole messages below that.
_quiet = logging.getLogger("bridge.ingress.slack.socket")
_quiet.setLevel(logging.CRITICAL)

Dispatch = Callable[[dict[str, Any]], Awaitable[BoltResponse]]

PING_S: Final = (
    10.0  # also how long Slack's client waits between two tries, and we between two looks
)
NO_ANSWER: Final = "no_answer"
CLOSED: Final = "closed"
NOT_REACHED: Final = (
    "Slack cannot be reached by a socket, so no command arrives. It is tried again every few seconds:"
    " check the way out to Slack, by `bridge doctor` too."
)
REFUSED: Final = (
    "Slack refuses to open a socket ({reason}), so no command arrives. Run `bridge doctor`; a token that"
    " was revoked is replaced in SLACK_APP_TOKEN, with a restart."
)


class _Client(SocketModeClient):
    """Slack's client, which also remembers why it got no socket."""

    def __init__(self, app_token: str, web: AsyncWebClient, ping_s: float) -> None:
        super().__init__(app_token=app_token, web_client=web, logger=_quiet, ping_interval=ping_s)
        self.reason = ""
        self.news = asyncio.Event()

    async def connect(self) -> None:
        await super().connect()  # type: ignore[no-untyped-call]  # the SDK's
        self.news.set()

    async def issue_new_wss_url(self) -> str:
        self.reason = ""
        try:
            return await super().issue_new_wss_url()
        except SlackApiError as error:
            self.reason = str(error.response.get("error") or NO_ANSWER)
            raise
        except (Unsent, Lost):
            self.reason = NO_ANSWER
            raise
        finally:
            self.news.set()


class SocketMode:
    """One socket client and its listener."""

    def __init__(
        self, *, app_token: str, web: AsyncWebClient, dispatch: Dispatch, ping_s: float = PING_S
    ) -> None:
        self._app_token = app_token
        self._web = web
        self._dispatch = dispatch
        self._ping_s = ping_s
        self._client: _Client | None = None
        self._reason: str | None = None  # why it is down; empty: it is up; None: not known yet
        self._was_absent = False

    @property
    def problem(self) -> str:
        """Why no command arrives and what to do, for a person; empty while all is well."""
        if not self._reason:
            return ""
        if self._reason in (NO_ANSWER, CLOSED):
            return NOT_REACHED
        return REFUSED.format(reason=self._reason)

    async def run(self) -> None:
        """Connect, however long that takes, and watch for ever; the client reconnects by itself."""
        client = self._client = _Client(self._app_token, self._web, self._ping_s)
        client.socket_mode_request_listeners.append(self._hear)
        async with asyncio.TaskGroup() as group:
            group.create_task(client.connect())
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._ping_s):
                        await client.news.wait()
                client.news.clear()
                await self._look(client)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()  # type: ignore[no-untyped-call]  # the SDK's

    async def _look(self, client: _Client) -> None:
        """Say whether it is up, when that has changed."""
        if await client.is_connected():
            self._was_absent = False
            self._found("")
        elif client.reason:
            self._found(client.reason)
        elif self._was_absent:
            # An address is good for one connection, but Slack's client would try the same one for ever.
            client.wss_uri = None
            self._found(CLOSED)
        else:  # Slack renews its sockets every few hours; what is back at the next look was never away
            self._was_absent = True

    def _found(self, reason: str) -> None:
        if reason == self._reason:
            return
        self._reason = reason
        metrics.slack_socket(down=bool(reason))
        if reason:
            log.error("slack.socket_down", reason=reason, hint=self.problem)
        else:
            log.info("slack.socket_up")

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
