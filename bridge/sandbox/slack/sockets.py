"""Socket Mode: the same requests through a WebSocket the bridge opened, each acknowledged by its envelope.

https://docs.slack.dev/apis/events-api/using-socket-mode. Up to ten sockets per app; an envelope goes to any
one of them, and one that is not acknowledged within three seconds counts as a time-out.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Mapping

from aiohttp import WSMsgType, web

from bridge.sandbox.slack.methods import ApiError, Call, method
from bridge.sandbox.slack.model import Json
from bridge.sandbox.slack.wire import Answer, Wire

MOST_SOCKETS = 10


@method("apps.connections.open", "connections:write", kinds=("app",))
async def apps_connections_open(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/apps.connections.open."""
    if not call.slack.settings.socket_mode:
        raise ApiError("socket_mode_not_enabled")
    ticket = call.slack.new_id("ticket-").lower()
    call.slack.socket_tickets.add(ticket)
    here = call.slack.public_url.replace("http", "ws", 1)
    return {"url": f"{here}/link/?ticket={ticket}&app_id={call.slack.app_id}"}


class Sockets(Wire):
    """Holds the open sockets and sends through them when Socket Mode is on."""

    _turn = itertools.count()

    async def link(self, request: web.Request) -> web.StreamResponse:
        """One socket: hello, then acknowledgements until it closes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self.socket_tickets:
            return web.Response(status=401)
        self.socket_tickets.discard(ticket)
        socket = web.WebSocketResponse(autoping=True)
        await socket.prepare(request)
        if len(self.sockets) >= MOST_SOCKETS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        self.sockets.append(socket)
        hello = {
            "type": "hello",
            "num_connections": len(self.sockets),
            "debug_info": {"host": "sandbox", "approximate_connection_time": 3600},
            "connection_info": {"app_id": self.app_id},
        }
        await socket.send_json(hello)
        self.socket_opened.set()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._acknowledged(message.data)
        finally:
            self.sockets.remove(socket)
            if not self.sockets:
                self.socket_opened.clear()
        return socket

    def _acknowledged(self, text: str) -> None:
        try:
            content = json.loads(text)
        except ValueError:
            return
        waiting = self.envelopes.get(str(content.get("envelope_id")))
        if waiting is not None and not waiting.done():
            waiting.set_result(content.get("payload") or {})

    async def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Ask every socket to reconnect, as Slack does every few hours."""
        for socket in list(self.sockets):
            await socket.send_json({"type": "disconnect", "reason": reason})
            await socket.close()

    async def deliver(
        self, kind: str, content: Json, headers: Mapping[str, str | None] | None = None
    ) -> Answer:
        """Through a socket when Socket Mode is on, else over HTTP."""
        if not self.settings.socket_mode:
            return await super().deliver(kind, content, headers)
        if not self.sockets:
            return Answer(failure="dispatch_failed")
        envelope_id = self.new_id("envelope-").lower()
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": content,
            "accepts_response_payload": kind != "events_api",
        }
        retries = (headers or {}).get("X-Slack-Retry-Num")
        if retries:
            reason = (headers or {}).get("X-Slack-Retry-Reason")
            envelope |= {"retry_attempt": int(retries), "retry_reason": reason}
        return await self._send_envelope(envelope)

    async def _send_envelope(self, envelope: Json) -> Answer:
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        envelope_id = str(envelope["envelope_id"])
        self.envelopes[envelope_id] = waiting
        started = time.perf_counter()
        try:
            await self.sockets[next(self._turn) % len(self.sockets)].send_json(envelope)
            async with asyncio.timeout(self.settings.ack_limit_s):
                payload = await waiting
        except (TimeoutError, ConnectionError):
            return Answer(seconds=time.perf_counter() - started, failure="operation_timeout")
        finally:
            del self.envelopes[envelope_id]
        seconds = time.perf_counter() - started
        if isinstance(payload, dict) and set(payload) == {"text"}:
            return Answer(200, str(payload["text"]), {"Content-Type": "text/plain"}, seconds)
        body = json.dumps(payload) if payload else ""
        return Answer(200, body, {"Content-Type": "application/json"}, seconds)
