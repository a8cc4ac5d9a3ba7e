"""The outgoing omnichannel webhook: Rocket.Chat tells a URL about conversations, and asks again and again.

One static secret in a header, no signature, no event id, and 200 as the only success: the receiver must
expect duplicates. Retries wait on the emulator's clock; `run_due()` makes those that are due, which a timer
does by itself when the clock is the real one.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import aiohttp

from bridge.sandbox.rocketchat.envelope import plain
from bridge.sandbox.rocketchat.gate import Answer, Call
from bridge.sandbox.rocketchat.state import Room, iso
from bridge.sandbox.rocketchat.workspace import Workspace

TOKEN_HEADER = "X-RocketChat-Livechat-Token"
_SWITCH = {
    "LivechatSessionStart": "webhook_on_start",
    "LivechatSessionQueued": "webhook_on_queued",
    "LivechatSessionTaken": "webhook_on_taken",
    "LivechatSessionForwarded": "webhook_on_forward",
    "LivechatSession": "webhook_on_close",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt at one event, as the log keeps it (status 0: no answer)."""

    at: float
    event: str
    rid: str
    attempt: int
    url: str
    headers: dict[str, str]
    body: dict[str, Any]
    status: int
    answer: str


@dataclass(frozen=True, slots=True)
class _Pending:
    due_at: float
    attempt: int
    event: str
    rid: str
    body: dict[str, Any]


class LivechatWebhook:
    """Queue, sender and log of the webhook of one workspace."""

    def __init__(self, rc: Workspace) -> None:
        self._rc = rc
        self._pending: list[_Pending] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self.deliveries: list[Delivery] = []

    def announce(self, event: str, room: Room, **extra: Any) -> None:
        """Queue an event if a URL is set and the event is switched on (all are off by default)."""
        settings = self._rc.settings
        if not settings.webhook_url or not getattr(settings, _SWITCH[event]):
            return
        body = payload(self._rc, event, room) | extra
        self._queue(_Pending(self._rc.clock(), 1, event, room.id, body), 0.0)

    async def run_due(self) -> None:
        """Make every attempt that is due on the emulator's clock."""
        now = self._rc.clock()
        due = [pending for pending in self._pending if pending.due_at <= now]
        self._pending = [pending for pending in self._pending if pending.due_at > now]
        await asyncio.gather(*(self._attempt(pending) for pending in due))

    async def idle(self) -> None:
        """Wait until no attempt is under way; later retries may still be queued."""
        await asyncio.sleep(0)
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        self.forget()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def forget(self) -> None:
        """Drop queue and log: as a restart of Rocket.Chat does, whose timers live in memory."""
        self._pending.clear()
        self.deliveries.clear()

    async def post(self, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, str]:
        """Send once; (0, reason) when no answer came."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        settings = self._rc.settings
        timeout = aiohttp.ClientTimeout(total=settings.webhook_timeout_s)
        try:
            async with self._session.post(
                settings.webhook_url,
                data=json.dumps(body),
                headers={"Content-Type": "application/json", **headers},
                timeout=timeout,
            ) as response:
                return response.status, await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            return 0, type(error).__name__

    def _queue(self, pending: _Pending, delay_s: float) -> None:
        self._pending.append(pending)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        loop.call_later(delay_s, self._wake) if delay_s else self._wake()

    def _wake(self) -> None:
        task = asyncio.get_running_loop().create_task(self.run_due())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attempt(self, pending: _Pending) -> None:
        settings = self._rc.settings
        # The header is left out when no secret is set (issue #13025 was that nothing was sent then).
        headers = {TOKEN_HEADER: settings.webhook_secret} if settings.webhook_secret else {}
        status, answer = await self.post(pending.body, headers)
        self.deliveries.append(
            Delivery(
                at=self._rc.clock(),
                event=pending.event,
                rid=pending.rid,
                attempt=pending.attempt,
                url=settings.webhook_url,
                headers=headers,
                body=pending.body,
                status=status,
                answer=answer,
            )
        )
        room = self._rc.rooms.get(pending.rid)
        if status == 200 and room is not None:
            room.crm_data = answer
        elif status != 200 and self._tries_again(status, pending.attempt):
            wait_s = 4 * settings.webhook_timeout_s
            due_at = self._rc.clock() + wait_s
            again = _Pending(due_at, pending.attempt + 1, pending.event, pending.rid, pending.body)
            self._queue(again, wait_s)
        self._rc.notify()

    def _tries_again(self, status: int, attempt: int) -> bool:
        if self._rc.profile in ("A", "B"):
            return attempt < 10
        return attempt < 5 and (status in (0, 429) or status >= 500)


def payload(rc: Workspace, event: str, room: Room) -> dict[str, Any]:
    """Write the documented JSON; source `lib/Livechat.getLivechatRoomGuestInfo` and `sendToCRM.ts`."""
    body: dict[str, Any] = {
        "_id": room.id,
        "label": room.fname,
        "createdAt": iso(room.ts),
        "lastMessageAt": iso(room.lm or room.ts),
        "tags": list(room.tags),
        "customFields": {},
        "visitor": _visitor(room),
        "type": event,
        "messages": [_message(rc, m) for m in room.messages if _is_told(m)],
    }
    agent = rc.users.get(room.served_by["_id"]) if room.served_by else None
    if agent is not None:
        body["agent"] = agent.stub() | {"name": agent.name, "email": agent.email}
    if room.crm_data is not None:
        body["crmData"] = room.crm_data
    if room.department_id is not None:
        body["departmentId"] = room.department_id
    if event not in ("LivechatSessionStart", "LivechatSessionQueued"):
        body["servedBy"] = room.served_by
    if event == "LivechatSession" and room.closed_at is not None:
        closed = {"closedBy": room.closed_by, "closer": room.closer}
        body |= {"closedAt": iso(room.closed_at), **closed}
    return body


def _visitor(room: Room) -> dict[str, Any]:
    guest = room.v
    if guest is None:
        return {}
    return {
        "_id": guest.id,
        "token": guest.token,
        "name": guest.name,
        "username": guest.username,
        "department": room.department_id,
        "email": [{"address": guest.email}] if guest.email else None,
        "phone": [{"phoneNumber": guest.phone}] if guest.phone else None,
        "ip": "203.0.113.7",
        "os": "Linux 1",
        "browser": "Chrome 1",
        "customFields": {},
    }


def _is_told(message: dict[str, Any]) -> bool:
    return message.get("t") in (None, "livechat-close")


def _message(rc: Workspace, message: dict[str, Any]) -> dict[str, Any]:
    author = message["u"]
    told = {key: message[key] for key in ("_id", "msg", "ts", "rid", "u", "_updatedAt")}
    told["username"] = author["username"]
    if author["_id"] in rc.users:
        told["agentId"] = author["_id"]
    if message.get("t") == "livechat-close":
        told["closingMessage"] = True
    return told


async def send_test(rc: Workspace, call: Call, webhook: LivechatWebhook) -> Answer:
    """POST livechat/webhook.test: a sample unlike the real thing, and the header even without a secret."""
    del call
    if not rc.settings.webhook_url:
        raise plain("Webhook_URL_not_set")
    moment = iso(rc.clock())
    sample = {
        "type": "LivechatSession",
        "_id": "fasd6f5a4sd6f8a4sdf",
        "label": "title",
        "createdAt": moment,
        "lastMessageAt": moment,
        "tags": ["tag1", "tag2", "tag3"],
        # Strings here, lists of objects in every real event.
        "visitor": {"name": "visitor name", "email": "email@address.com", "phone": "192873192873"},
        "messages": [{"username": "visitor-username", "msg": "message content", "ts": moment}],
    }
    status, _ = await webhook.post(sample, {TOKEN_HEADER: rc.settings.webhook_secret})
    if status != 200:
        raise plain("error-invalid-webhook-response")
    return {}
