"""The chat desk: who serves which session, and what a transfer really does.

Docs: v1ChatSessionEntity_TransferChatSession ("Request to send the session to another user. If the session
does not belong to the user, nothing happens."), …_AcceptChatSessionTransfer, …_RejectChatSessionTransfer,
and the table chat_session. A transfer only sets TransferTo; the session changes hands when the target accepts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from bridge.sandbox.emulator import Clock
from bridge.sandbox.superoffice import seed
from bridge.sandbox.superoffice.answers import ApiError
from bridge.sandbox.superoffice.entities import (
    Associate,
    ChatMessage,
    ChatSession,
    ChatSessionStatus,
    Topic,
)
from bridge.sandbox.superoffice.switches import Switches, Treatment


class Record(Protocol):
    """The emulator's ledger."""

    def __call__(self, kind: str, subject: str, **detail: Any) -> None: ...


INT32_DIGITS: Final = 10
Emit = Callable[[str, ChatSession, int], None]  # event, session, associate who caused it


class Desk:
    """Associates, topics, sessions and messages, and everything that can happen to them."""

    def __init__(self, switches: Switches, clock: Clock, record: Record, emit: Emit) -> None:
        self._switches = switches
        self._clock = clock
        self._record = record
        self._emit = emit
        self.associates: dict[int, Associate] = {}
        self.topics: dict[int, Topic] = {}
        self.sessions: dict[int, ChatSession] = {}
        self.messages: list[ChatMessage] = []
        self.reseed()

    def reseed(self) -> None:
        chats = seed.sessions(self._clock())
        self.associates = {who.associate_id: who for who in seed.associates()}
        self.topics = {topic.topic_id: topic for topic in seed.topics()}
        self.sessions = {chat.session_id: chat for chat in chats}
        self.messages = seed.messages(chats)

    def now(self) -> float:
        return self._clock()

    def associate(self, associate_id: int | None) -> Associate | None:
        return self.associates.get(associate_id) if associate_id is not None else None

    def named(self, name: str) -> Associate | None:
        """The associate whose Name or UserName this is, whatever the case."""
        wanted = name.casefold()
        for who in self.associates.values():
            if wanted in (who.name.casefold(), who.user_name.casefold()):
                return who
        return None

    def target(self, to_associate: str) -> Associate | None:
        """Whom `toAssociate` means: "Associate username or associate id".

        INFER: digits are an id before they are a name, and a name is compared without case.
        """
        if to_associate.isascii() and to_associate.isdigit() and len(to_associate) <= INT32_DIGITS:
            found = self.associates.get(int(to_associate))
            if found is not None:
                return found
        wanted = to_associate.casefold()
        for who in self.associates.values():
            names = {"Name": who.name.casefold(), "UserName": who.user_name.casefold()}
            if any(
                name == wanted
                for field, name in names.items()
                if self._switches.name_matches in ("both", field)
            ):
                return who
        return None

    def manages(self, associate_id: int, topic_id: int) -> bool:
        topic = self.topics.get(topic_id)
        return topic is not None and any(
            a.associate_id == associate_id and a.can_manage for a in topic.agents
        )

    def transfer(self, chat: ChatSession, to_associate: str, sender: Associate) -> bool:
        """Ask another agent to take the session; False when nothing happened."""
        owns = chat.user_id == sender.associate_id
        if not owns and not (
            self._switches.manager_may_transfer and self.manages(sender.associate_id, chat.topic_id)
        ):
            return False
        target = self.target(to_associate)
        treatment = self._treatment(chat, target)
        if treatment == "error":
            raise ApiError(
                400, "ArgumentException", f"Cannot transfer chat session to '{to_associate}'"
            )
        if treatment == "noop" or target is None:
            return False
        detail = {"to_associate_id": target.associate_id, "by_associate_id": sender.associate_id}
        if chat.transfer_to_id == target.associate_id:
            self._record("repeat_transfer", str(chat.session_id), **detail)
            return True
        detail["instead_of"] = chat.transfer_to_id or 0
        chat.transfer_to_id = target.associate_id
        chat.transfer_since = self._clock()
        # No webhook: there is no transfer event, and the status stays what it was.
        self._record("request_transfer", str(chat.session_id), **detail)
        self._wake()
        return True

    def _treatment(self, chat: ChatSession, target: Associate | None) -> Treatment:
        if target is None or target.deleted or not target.is_chat_user:
            return self._switches.unknown_target
        if target.associate_id == chat.user_id and self._switches.self_transfer != "effect":
            return self._switches.self_transfer
        if not chat.live and self._switches.closed_session != "effect":
            return self._switches.closed_session
        return "effect" if target.present else self._switches.absent_target

    def accept(self, chat: ChatSession, by: Associate | None = None) -> bool:
        """The target takes the session. "If the session is not being transferred, nothing happens."."""
        target = self.associate(chat.transfer_to_id)
        if target is None or (by is not None and by is not target):
            return False
        former, chat.user_id, chat.transfer_to_id = chat.user_id, target.associate_id, None
        self.say(chat, target.full_name, "TransferedSession", target.associate_id)
        self._emit("chatsession.changed", chat, target.associate_id)  # INFER: UserId is new
        self._record(
            "accept_transfer",
            str(chat.session_id),
            associate_id=target.associate_id,
            from_associate_id=former,
        )
        return True

    def reject(self, chat: ChatSession, by: Associate | None = None) -> bool:
        """The target does not want it; the session stays where it was."""
        target = self.associate(chat.transfer_to_id)
        if target is None or (by is not None and by is not target):
            return False
        chat.transfer_to_id = None
        self.say(chat, target.full_name, "TransferRejected", target.associate_id)
        self._record("reject_transfer", str(chat.session_id), associate_id=target.associate_id)
        return True

    def cancel(self, chat: ChatSession) -> bool:
        """The sender's "Cancel transfer" in the UI; no API call does this."""
        if chat.transfer_to_id is None:
            return False
        target, chat.transfer_to_id = chat.transfer_to_id, None
        self._record("cancel_transfer", str(chat.session_id), associate_id=target)
        return True

    def pick_up(self, chat: ChatSession, by: Associate) -> bool:
        """Answer a queued session; "Returns NULL if session was not in queue"."""
        if chat.status != "InQueue":
            return False
        chat.user_id, chat.when_started = by.associate_id, self._clock()
        self.set_status(chat, "CustomerLast", by.associate_id)
        self._record("pick_up_session", str(chat.session_id), associate_id=by.associate_id)
        return True

    def set_status(self, chat: ChatSession, status: ChatSessionStatus, by: int = 0) -> None:
        if chat.status == status:
            return
        chat.status = status
        if not chat.live and status != "InQueue" and chat.when_ended is None:
            chat.when_ended = self._clock()
        self._emit("chatsession.changed", chat, by)

    def say(self, chat: ChatSession, author: str, special: str, by: int) -> None:
        """Write a special message. INFER: when exactly SuperOffice writes them is undocumented."""
        self._write(chat, "Special", "", author, special)
        self._emit("chatsession.message", chat, by)

    def talk(self, chat: ChatSession, text: str, *, from_customer: bool) -> None:
        """The customer or the agent says something, and the status says who spoke last."""
        user = self.associate(chat.user_id)
        author = chat.customer_name if from_customer or user is None else user.full_name
        self._write(chat, "ToUser" if from_customer else "ToCustomer", text, author, "None")
        chat.last_message = text
        by = 0 if from_customer else chat.user_id or 0
        self._emit("chatsession.message", chat, by)
        if chat.live:
            self.set_status(chat, "CustomerLast" if from_customer else "UserLast", by)

    def _write(self, chat: ChatSession, kind: str, text: str, author: str, special: str) -> None:
        now, number = self._clock(), len(self.messages) + 1
        self.messages.append(ChatMessage(number, chat.session_id, kind, text, author, now, special))
        chat.when_idle = now

    def _wake(self) -> None:
        """Let whoever watches see an automatic response when it is due, not when somebody next asks."""
        if self._switches.auto_response is not None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return  # a test without a loop reads, and so settles, by itself
            loop.call_later(self._switches.auto_response_after_s, self.settle)

    def settle(self) -> None:
        """Let due automatic responses happen; called before anything is read."""
        response = self._switches.auto_response
        if response is None:
            return
        due = self._clock() - self._switches.auto_response_after_s
        for chat in self.sessions.values():
            if chat.transfer_to_id is not None and chat.transfer_since <= due:
                (self.accept if response == "accept" else self.reject)(chat)
