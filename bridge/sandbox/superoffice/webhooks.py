"""Webhooks that SuperOffice sends: three chat session events, three attempts each, and silence after nine failures.

Docs: automation/webhook/dev/{security,notification,troubleshooting}.md and reference/chat-events.md. There
is no transfer event. Only the status 200 counts as delivered, and ids in FieldValues are *ejUser* ids.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
from yarl import URL

from bridge.sandbox.emulator import Clock
from bridge.sandbox.superoffice.answers import ApiError
from bridge.sandbox.superoffice.entities import STATUS_NUMBER, ChatSession
from bridge.sandbox.superoffice.seed import TENANT
from bridge.sandbox.superoffice.switches import Switches

WAITS_S: Final = (0.0, 1.0, 4.0)
MAX_FAILURES: Final = 9
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})

Sleep = Callable[[float], Awaitable[object]]


def check_target(url: str) -> None:
    """Refuse a TargetUrl that is not https, with SuperOffice's own words; loopback is for the sandbox."""
    target = URL(url)
    if target.scheme != "https" and target.host not in _LOOPBACK:
        raise ApiError(
            400,
            "ArgumentException",
            f"Webhook TargetUrl must be secure: 'HTTPS:' not found in {url}",
        )


class Webhooks:
    """The outbox: events become signed posts as soon as an event loop runs."""

    def __init__(
        self,
        switches: Switches,
        clock: Clock,
        ej_user_id: Callable[[int | None], int],
        sleep: Sleep,
    ) -> None:
        self._switches = switches
        self._clock = clock
        self._ej_user_id = ej_user_id
        self._sleep = sleep
        self._unsent: list[dict[str, Any]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.failures = 0
        self.state = "Active"

    def reset(self) -> None:
        """Switch a webhook on again that failed too often."""
        self.failures, self.state = 0, "Active"

    def emit(self, event: str, chat: ChatSession, by_associate_id: int) -> None:
        if self._switches.webhook_url is None or self.state != "Active":
            return
        body: dict[str, Any] = {
            "EventId": str(uuid.uuid4()),
            "Timestamp": datetime.fromtimestamp(self._clock(), UTC).strftime(
                "%Y-%m-%dT%H:%M:%S.%fZ"
            ),
            "Changes": [],
            "Event": event,
            "PrimaryKey": chat.session_id,
            "Entity": "chatsession",
            "ContextIdentifier": TENANT,
            "ChangedByAssociateId": by_associate_id,
            "WebhookName": self._switches.webhook_name,
        }
        if event == "chatsession.created" or self._switches.webhook_field_values == "always":
            # Numbers beside a number in a string, as in the documented sample.
            body["FieldValues"] = {
                "Status": STATUS_NUMBER[chat.status],
                "TopicId": chat.topic_id,
                "UserId": self._ej_user_id(chat.user_id),
                "CustomerId": str(chat.session_id),
            }
        self._unsent.append(body)
        self._start()

    def _start(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # a test outside the loop; the next event or `sent()` starts it
        while self._unsent:
            task = loop.create_task(self._deliver(self._unsent.pop(0)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def sent(self) -> None:
        """Wait until every event has been delivered or given up."""
        self._start()
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        for retry, wait in enumerate(WAITS_S):
            if wait:
                await self._sleep(wait)
            url = self._switches.webhook_url
            if url is None or self.state != "Active":
                return
            if await self._post(url, raw, self._headers(body, raw, retry)):
                self.failures = 0
                return
            self.failures += 1
            if self.failures >= MAX_FAILURES:
                self.state = "TooManyErrors"

    def _headers(self, body: dict[str, Any], raw: bytes, retry: int) -> dict[str, str]:
        event_id = body["EventId"]
        if self._switches.webhook_header_event_id == "different":
            event_id = str(uuid.uuid4())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "NetServer-Webhook/1.0",
            "X-SuperOffice-Event": body["Event"],
            "X-SuperOffice-EventId": event_id,
            "X-SuperOffice-Retry": str(retry),
        }
        if self._switches.webhook_secret:
            digest = hmac.digest(self._switches.webhook_secret.encode(), raw, hashlib.sha256)
            headers["X-SuperOffice-Signature"] = base64.b64encode(digest).decode()
        return headers

    async def _post(self, url: str, raw: bytes, headers: dict[str, str]) -> bool:
        timeout = aiohttp.ClientTimeout(total=10)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(url, data=raw, headers=headers, allow_redirects=False) as response,
            ):
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False
