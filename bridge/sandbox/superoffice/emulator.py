"""The emulator itself: the parts put together, the tests' handle on them, and the same handle for other processes.

Tests hold a `SuperOffice`; the playground and the soak reach it under `/_sandbox/` (settings, accept, reject,
cancel, expire_tokens, revoke_consent, move_tenant).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from bridge.sandbox.emulator import Clock, Emulator
from bridge.sandbox.superoffice import chat_sessions, people, seed
from bridge.sandbox.superoffice.answers import ApiError
from bridge.sandbox.superoffice.credentials import Credentials
from bridge.sandbox.superoffice.desk import Desk
from bridge.sandbox.superoffice.door import Door
from bridge.sandbox.superoffice.entities import Associate, ChatSession, ChatSessionStatus
from bridge.sandbox.superoffice.login import Login
from bridge.sandbox.superoffice.signing import partner_key_pem
from bridge.sandbox.superoffice.switches import Switches
from bridge.sandbox.superoffice.system_user import PartnerSystemUser
from bridge.sandbox.superoffice.tenants import Tenants
from bridge.sandbox.superoffice.webhooks import Sleep, Webhooks, check_target


class SuperOffice(Emulator):
    """An emulated SuperOffice, online tenant and onsite installation in one.

    Every field of `Switches` may be given by name, e.g. `SuperOffice(clock, noop_body="null")`, and
    changed later with `so.change(noop_body="204")` or `so.switches.noop_body = "204"`.
    """

    name = "superoffice"

    def __init__(
        self, clock: Clock = time.time, *, sleep: Sleep = asyncio.sleep, **switches: Any
    ) -> None:
        super().__init__(clock)
        self._given = switches
        self.switches = Switches(**switches)
        self.webhooks = Webhooks(self.switches, clock, self._ej_user_id, sleep)
        self.desk = Desk(self.switches, clock, self.record, self.webhooks.emit)
        self.credentials = Credentials(self.desk, self.switches, clock)
        self.tenants = Tenants(self.switches, clock)
        self._login = Login(
            self.desk, self.credentials, self.tenants, self.switches, clock, self.record
        )
        self._system_user = PartnerSystemUser(self.credentials, clock, self.record)
        self._door = Door(self.desk, self.credentials, self.tenants, self.switches)
        self.change(**switches)

    def app(self) -> web.Application:
        app = super().app()
        app.middlewares.append(self._door.guard)

        async def close(_: web.Application) -> None:
            await self.webhooks.close()

        app.on_cleanup.append(close)
        return app

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            *self._login.routes(),
            *self._system_user.routes(),
            web.get("/api/state/{tenant}", self.tenants.state),
            *self._door.mount_front(),
            *self._door.mount(chat_sessions.table() + people.table()),
            web.get("/_sandbox/settings", self._get_settings),
            web.post("/_sandbox/settings", self._post_settings),
            web.post("/_sandbox/accept", self._acted(lambda b: self.accept(b["session_id"]))),
            web.post("/_sandbox/reject", self._acted(lambda b: self.reject(b["session_id"]))),
            web.post("/_sandbox/cancel", self._acted(lambda b: self.cancel(b["session_id"]))),
            web.post("/_sandbox/expire_tokens", self._acted(lambda _: self.expire_tokens())),
            web.post("/_sandbox/revoke_consent", self._acted(lambda _: self.revoke_consent())),
            web.post("/_sandbox/move_tenant", self._acted(lambda b: self.move_tenant(b["to"]))),
        ]

    def reset(self) -> None:
        """Seed data, seed credentials, the tenant at home, and the switches as they were constructed."""
        super().reset()
        self.change(**(Switches().model_dump() | self._given))
        self.desk.reseed()
        self.credentials.reseed()
        self._login.codes.clear()
        self.tenants.moved_to = ""
        self.webhooks.reset()

    def change(self, **switches: Any) -> None:
        """Turn switches; all of them, or none when one is wrong."""
        checked = Switches(**(self.switches.model_dump() | switches))
        if checked.webhook_url is not None:
            check_target(checked.webhook_url)
        for name in switches:
            setattr(self.switches, name, getattr(checked, name))

    def session(self, session_id: int) -> ChatSession:
        """A session as it is now, after whatever was due."""
        self.desk.settle()
        return self.desk.sessions[session_id]

    def add_session(self, session_id: int, user_id: int | None = 2, **values: Any) -> ChatSession:
        """A new chat; live and with Arne unless told otherwise."""
        now = self.clock()
        given = {
            "topic_id": 458,
            "status": "InQueue" if user_id is None else "CustomerLast",
            "session_key": f"{seed.SESSION_KEY}-{session_id}",
            "when_requested": now,
            "when_started": None if user_id is None else now,
            "transfer_since": now,
        }
        chat = ChatSession(session_id=session_id, user_id=user_id, **(given | values))
        self.desk.sessions[session_id] = chat
        self.webhooks.emit("chatsession.created", chat, user_id or 0)
        self.notify()
        return chat

    def add_associate(self, associate: Associate) -> Associate:
        """A new associate, with the credentials of `login_of(associate.name)`."""
        self.desk.associates[associate.associate_id] = associate
        self.credentials.welcome(associate)
        self.notify()
        return associate

    def set_status(self, session_id: int, status: ChatSessionStatus) -> None:
        self.desk.set_status(self.session(session_id), status)
        self.notify()

    def add_message(self, session_id: int, text: str, *, from_customer: bool = True) -> None:
        self.desk.talk(self.session(session_id), text, from_customer=from_customer)
        self.notify()

    def accept(self, session_id: int) -> bool:
        """The target agent accepts; False when no transfer was pending."""
        return self.desk.accept(self.session(session_id))

    def reject(self, session_id: int) -> bool:
        """The target agent rejects; False when no transfer was pending."""
        return self.desk.reject(self.session(session_id))

    def cancel(self, session_id: int) -> bool:
        """The sender cancels in the UI; False when no transfer was pending."""
        return self.desk.cancel(self.session(session_id))

    def expire_tokens(self) -> None:
        """Every access token and ticket is too old, as of now."""
        self.credentials.expire()

    def revoke_consent(self) -> None:
        """No refresh token works any more, and no access token either."""
        self.credentials.expire()
        self.credentials.refresh_tokens.clear()

    def move_tenant(self, new_endpoint: str) -> None:
        """Serve the tenant elsewhere: a host label of this emulator (`"online3"`), or a whole URL; "" is home."""
        self.tenants.moved_to = new_endpoint
        self.notify()

    def partner_key_pem(self) -> str:
        """The private key with which a partner signs its system user token."""
        return partner_key_pem()

    def snapshot(self) -> dict[str, Any]:
        """Everything a person may see: no SessionKey, no credential, no webhook secret."""
        self.desk.settle()
        return {
            "tenant": {
                "context_identifier": seed.TENANT,
                "state": self.switches.tenant_state,
                "moved_to": self.tenants.moved_to,
            },
            "switches": self._settings(),
            "webhook": {"state": self.webhooks.state, "failures": self.webhooks.failures},
            "associates": [
                {
                    "associate_id": who.associate_id,
                    "ej_user_id": who.ej_user_id,
                    "name": who.name,
                    "user_name": who.user_name,
                    "full_name": who.full_name,
                    "type": who.type,
                    "deleted": who.deleted,
                    "present": who.present,
                }
                for who in self.desk.associates.values()
            ],
            "topics": [
                {"topic_id": topic.topic_id, "name": topic.name["US"]}
                for topic in self.desk.topics.values()
            ],
            "sessions": [self._seen(chat) for chat in self.desk.sessions.values()],
        }

    def _seen(self, chat: ChatSession) -> dict[str, Any]:
        user, target = self.desk.associate(chat.user_id), self.desk.associate(chat.transfer_to_id)
        return {
            "session_id": chat.session_id,
            "topic_id": chat.topic_id,
            "status": chat.status,
            "customer_name": chat.customer_name,
            "first_message": chat.first_message,
            "last_message": chat.last_message,
            "when_requested": chat.when_requested,
            "user": user.full_name if user else None,
            "user_id": chat.user_id,
            "transfer_to": target.full_name if target else None,
            "transfer_to_id": chat.transfer_to_id,
            "messages": [
                {
                    "author": line.author,
                    "message": line.message,
                    "special_type": line.special_type,
                    "when_posted": line.when_posted,
                }
                for line in self.desk.messages
                if line.session_id == chat.session_id
            ],
        }

    def _settings(self) -> dict[str, Any]:
        return self.switches.model_dump(mode="json", exclude={"webhook_secret"})

    def _ej_user_id(self, associate_id: int | None) -> int:
        who = self.desk.associate(associate_id)
        return who.ej_user_id if who else 0

    async def _get_settings(self, _: web.Request) -> web.Response:
        return web.json_response(self._settings())

    async def _post_settings(self, request: web.Request) -> web.Response:
        try:
            self.change(**json.loads(await request.text()))
        except (ApiError, ValidationError, ValueError, TypeError) as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)
        self.notify()
        return web.json_response({"ok": True, "settings": self._settings()})

    def _acted(
        self, act: Callable[[dict[str, Any]], object]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            try:
                changed = act(json.loads(await request.text() or "{}"))
            except (KeyError, ValueError, TypeError) as error:
                return web.json_response({"ok": False, "error": repr(error)}, status=400)
            self.notify()
            return web.json_response({"ok": True, "changed": changed is not False})

        return answer
