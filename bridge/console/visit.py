"""A visit: one request with its session and role, and the gate that every page passes.

The gate decides before a page is looked at: who is there, whether a form is ours, whether the role allows
it. A page cannot forget to ask, because it is only reachable through here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

import structlog
from aiohttp import web
from multidict import MultiDict, MultiDictProxy

from bridge.console import wording
from bridge.console.headers import UNSTORED
from bridge.console.pages import page
from bridge.console.roles import Role
from bridge.console.session import FIELD, Session, Sessions, is_ours
from bridge.jobs.auditing import Audit
from bridge.jobs.store import Store
from bridge.jobs.writer import StoreDown
from bridge.signatures.origin import Senders

log = structlog.get_logger()

Form = MultiDictProxy[str]
MOST_FIELDS: Final = 50


@dataclass(eq=False)
class Unread(Exception):
    """A form that did not arrive, or not in time: what the page says instead."""

    sentence: str
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody whose role is known; `form` is checked and empty for a GET."""

    request: web.Request
    session: Session
    role: Role
    form: Form

    def text(self, name: str) -> str:
        return self.form.get(name, "")

    @property
    def may_act(self) -> bool:
        return self.role >= Role.OPERATOR


Room = Callable[[Visit], Awaitable[web.StreamResponse]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Read = Callable[[web.Request], Awaitable[bytes]]  # within bounds; raises `Unread`


class Gate:
    """Lets visits through to the pages."""

    def __init__(
        self,
        sessions: Sessions,
        store: Store,
        audit: Audit,
        clock: Callable[[], float],
        read: Read,
        senders: Senders,
    ) -> None:
        self.sessions = sessions
        self._store = store
        self._audit = audit
        self._clock = clock
        self._read = read
        self._senders = senders

    def remote(self, request: web.Request) -> str:
        """Whose request it is; those whose address cannot be known are counted together."""
        return self._senders.address(request) or "unknown"

    def __call__(self, room: Room, *, needs: Role) -> Handler:
        """The handler of a page that this role may see."""

        async def handle(request: web.Request) -> web.StreamResponse:
            session = self.sessions.read(request)
            role = self.sessions.role(session)
            if needs > Role.NOBODY and role is Role.NOBODY:
                return self._to_sign_in(request)
            form: Form = MultiDictProxy(MultiDict())
            if request.method == "POST":
                try:
                    form = fields(await self._read(request))
                except Unread as why:
                    answer = self.message(
                        Visit(request, session, role, form), why.sentence, why.status
                    )
                    answer.headers.update(why.headers)
                    return answer
                if not is_ours(session, request, form.get(FIELD, "")):
                    log.warning("console.form_refused", remote=self.remote(request))
                    return self.message(Visit(request, session, role, form), wording.NOT_OURS, 403)
            visit = Visit(request, session, role, form)
            if role < needs:
                if request.method == "POST":
                    await self._audit.note(session.actor, request.path, outcome="denied")
                return self.message(visit, wording.VIEWERS_ONLY, 403)
            try:
                return await room(visit)
            except StoreDown:
                return self.message(visit, wording.STORE_DOWN, 503)

        return handle

    def frame(self, visit: Visit, *, here: str = "") -> dict[str, Any]:
        """What the frame around every page needs."""
        durable, words = self._store.durability()
        return {
            "here": here,
            "session": visit.session,
            "role": visit.role.word,
            "may_act": visit.may_act,
            "csrf": visit.session.csrf,
            "durable": durable,
            "storage": words.partition(": ")[2] or words,
            "healthy": self._store.healthy,
            "now": self._clock(),
        }

    def message(self, visit: Visit, sentence: str, status: int) -> web.Response:
        """A page that says one thing."""
        values = self.frame(visit) | {"sentence": sentence, "status": status}
        return page("message.html", values, status=status)

    def _to_sign_in(self, request: web.Request) -> web.Response:
        if request.method == "GET" and from_elsewhere(request):
            return page("onward.html", {"address": request.path_qs})
        if request.method != "GET" or request.headers.get("Accept") == "text/event-stream":
            return web.Response(status=401, text=wording.SIGN_IN["expired"], headers=UNSTORED)
        return see("/console/sign-in")


def fields(body: bytes) -> Form:
    """The fields of a form; what cannot be read holds none, so its token is missing."""
    try:
        found = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        found = []
    return MultiDictProxy(MultiDict(found))


def from_elsewhere(request: web.Request) -> bool:
    """Whether a link from elsewhere led here (Slack, a mail).

    A Strict cookie does not come with it; it does once a page of ours asks again, which is what
    `onward.html` is for. Until then nothing may be decided, and no cookie replaced.
    """
    return request.headers.get("Sec-Fetch-Site") == "cross-site"


def see(where: str) -> web.Response:
    """Go on to another page of ours."""
    return web.Response(status=303, headers={**UNSTORED, "Location": where})
