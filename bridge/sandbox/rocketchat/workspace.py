"""The emulated workspace: its people, rooms, files and mails, and the work it does later.

Everything Rocket.Chat does after its answer (mail at close, the PDF worker) is put on an agenda and done
when the emulator's clock has passed it and somebody looks: a request, a test, the playground. So a fake
clock needs no sleeping, and with the real clock a timer looks by itself.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
import time
from collections.abc import Callable
from typing import Any

from bridge.sandbox.emulator import Clock, Effect, Emulator
from bridge.sandbox.rocketchat.limiter import Limiter
from bridge.sandbox.rocketchat.permissions import default_roles
from bridge.sandbox.rocketchat.state import (
    Department,
    DirectMessage,
    Mail,
    MailKind,
    PdfOutcome,
    Profile,
    Room,
    Settings,
    StoredFile,
    User,
    Visitor,
    iso,
)

# Meteor's Random.id() leaves out characters that people confuse.
_ID_CHARACTERS = "23456789ABCDEFGHJKLMNPQRSTWXYZabcdefghijkmnopqrstuvwxyz"
_TOKEN_CHARACTERS = _ID_CHARACTERS + "01lIOUV_-"
ROCKET_CAT: dict[str, Any] = {"_id": "rocket.cat", "username": "rocket.cat", "name": "Rocket.Cat"}


class Workspace(Emulator):
    """State and the questions asked of it; the routes are added by `RocketChat`."""

    name = "rocketchat"

    def __init__(
        self,
        profile: Profile = "C",
        clock: Clock = time.time,
        *,
        pdf_delay_s: float = 1.0,
        mail_delay_s: float = 0.0,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(clock)
        self.profile: Profile = profile
        self.pdf_delay_s = pdf_delay_s
        self.mail_delay_s = mail_delay_s
        self.settings = settings or Settings()
        self.limiter = Limiter(clock)
        self.roles = default_roles()
        self.users: dict[str, User] = {}
        self.departments: dict[str, Department] = {}
        self.files: dict[str, StoredFile] = {}
        self._rooms: dict[str, Room] = {}
        self._outbox: list[Mail] = []
        self._direct_messages: list[DirectMessage] = []
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        # Ids look random and are the same in every run.
        self._dice = random.Random(20260801)  # noqa: S311 - no secret is made from it

    # What is there, after everything that is due has been done

    @property
    def rooms(self) -> dict[str, Room]:
        self.settle()
        return self._rooms

    @property
    def outbox(self) -> list[Mail]:
        self.settle()
        return self._outbox

    @property
    def direct_messages(self) -> list[DirectMessage]:
        self.settle()
        return self._direct_messages

    def effects_of(self, kind: str, subject: str | None = None) -> list[Effect]:
        self.settle()
        return super().effects_of(kind, subject)

    def settle(self) -> None:
        """Do what is due on the emulator's clock, in order."""
        while self._agenda and self._agenda[0][0] <= self.clock():
            heapq.heappop(self._agenda)[2]()
            self.notify()

    def later(self, delay_s: float, work: Callable[[], None]) -> None:
        """Put work on the agenda; it happens at the first look after `delay_s`."""
        heapq.heappush(self._agenda, (self.clock() + delay_s, next(self._order), work))
        try:
            asyncio.get_running_loop().call_later(delay_s + 0.001, self.settle)
        except RuntimeError:
            # No event loop: a plain test holds the object, and looks itself.
            return

    # Constructors

    def new_id(self) -> str:
        return "".join(self._dice.choices(_ID_CHARACTERS, k=17))

    def new_token(self) -> str:
        return "".join(self._dice.choices(_TOKEN_CHARACTERS, k=43))

    def add_user(self, username: str, *roles: str, email: str | None = None, **fields: Any) -> User:
        """Add an account; without roles it is a livechat-agent."""
        user = User(
            id=fields.pop("id", None) or self.new_id(),
            username=username,
            name=fields.pop("name", None) or username.replace(".", " ").title(),
            roles=("user", *(roles or ("livechat-agent",))),
            token=fields.pop("token", None) or self.new_token(),
            email=email,
            **fields,
        )
        self.users[user.id] = user
        return user

    def add_department(self, name: str, **fields: Any) -> Department:
        """Add a department; `agents` are usernames."""
        department = Department(id=fields.pop("id", None) or self.new_id(), name=name, **fields)
        self.departments[department.id] = department
        return department

    def add_room(
        self,
        visitor_name: str = "Ann Visitor",
        *,
        served_by: str | None = None,
        visitor_email: str | None = "ann@visitor.example",
        department: str | None = None,
        open: bool = True,  # noqa: A002 - Rocket.Chat's name of the field
        t: str = "l",
        messages: tuple[tuple[str, str], ...] = (),
        **fields: Any,
    ) -> Room:
        """Add a conversation: `served_by` is a username, `messages` are (username or "visitor", text)."""
        now = self.clock()
        number = len(self._rooms) + 1
        room = Room(
            id=fields.pop("id", None) or self.new_id(),
            fname=visitor_name,
            ts=fields.pop("ts", now - 1800),
            t=t,
            department_id=self._department_id(department),
            **fields,
        )
        if t == "l":
            guest = Visitor(
                self.new_id(), f"guest-{number}", visitor_name, self.new_token(), visitor_email
            )
            room.v = guest
        self._rooms[room.id] = room
        if served_by is not None:
            self.serve(room, self.user(served_by))
        for index, (who, text) in enumerate(messages):
            author = self.user(who).stub() if who != "visitor" else None
            self.say(room, text, author, at=room.ts + 60 * (index + 1))
        if not open:
            room.open = False
            room.closed_at = now - 600
            room.closer, room.closed_by = "visitor", None
            if served_by is not None:
                room.closer, room.closed_by = "user", self.user(served_by).stub()
            room.subscriptions.clear()
        return room

    def _department_id(self, department: str | None) -> str | None:
        for known in self.departments.values():
            if department in (known.id, known.name):
                return known.id
        return department

    # Questions

    def user(self, username: str) -> User:
        """Return the account with this username."""
        return next(user for user in self.users.values() if user.username == username)

    def has_permission(self, user: User, permission: str) -> bool:
        granted = self.roles.get(permission, set())
        return permission in user.permissions or bool(granted.intersection(user.roles))

    def can_access_room(self, user: User, room: Room) -> bool:
        """Rocket.Chat's `canAccessRoom`, for the kinds of rooms that are emulated."""
        if room.t == "c":
            return True
        if room.t != "l":
            return user.id in room.subscriptions
        if self.has_permission(user, "view-livechat-rooms"):
            return True
        if room.served_by is not None and room.served_by["_id"] == user.id:
            return True
        if room.open:
            return False
        if self.has_permission(user, "view-livechat-room-closed-by-another-agent"):
            return True
        department = self.departments.get(room.department_id or "")
        same = department is not None and user.username in department.agents
        return same and self.has_permission(user, "view-livechat-room-closed-same-department")

    # Changes that several routes share

    def serve(self, room: Room, user: User) -> None:
        """Let an agent take the room: servedBy and the subscription of that agent alone."""
        room.served_by = {**user.stub(), "ts": iso(self.clock())}
        room.subscriptions = {user.id}

    def say(
        self,
        room: Room,
        text: str,
        author: dict[str, Any] | None = None,
        *,
        at: float | None = None,
        **extra: Any,
    ) -> dict[str, Any]:
        """Add a message; without an author the visitor speaks."""
        moment = self.clock() if at is None else at
        if author is None:
            guest = room.v
            author = {"_id": guest.id, "username": guest.username} if guest else ROCKET_CAT
        message: dict[str, Any] = {
            "_id": self.new_id(),
            "rid": room.id,
            "msg": text,
            "ts": iso(moment),
            "u": {key: author[key] for key in ("_id", "username", "name") if key in author},
            "_updatedAt": iso(moment),
            **extra,
        }
        room.messages.append(message)
        room.lm = max(room.lm, moment)
        return message

    def tell(self, user: User, text: str, file_id: str | None = None) -> None:
        """Let rocket.cat write a direct message."""
        self._direct_messages.append(DirectMessage(self.clock(), user.username, text, file_id))

    def send_mail(
        self, rid: str, to: tuple[str, ...], *, title: str, kind: MailKind, text: str
    ) -> None:
        self._outbox.append(Mail(self.clock(), to, title, kind, rid, text))
        self.record("send_mail", rid, to=list(to), mail_subject=title, mail_kind=kind)

    def pdf_outcome_of(self, room: Room) -> PdfOutcome:
        return room.pdf_outcome or self.settings.pdf_outcome

    def announce(self, event: str, room: Room, **extra: Any) -> None:
        """Tell the outside about a conversation; `RocketChat` sends the webhook here."""

    def clear(self) -> None:
        """Forget everything but the profile, the settings and the clock."""
        self._agenda.clear()
        self.limiter.reset()
        self.roles = default_roles()
        for state in (self.users, self.departments, self.files, self._rooms):
            state.clear()
        self._outbox.clear()
        self._direct_messages.clear()
        self._dice.seed(20260801)
