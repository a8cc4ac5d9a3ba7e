"""A chat session and its people, reduced to what an answer may show.

`SessionKey` authenticates the customer's side of the chat; it is never read into here. A pending transfer
is visible in `TransferTo` only: no status says it. Sources:
https://docs.superoffice.com/en/api/reference/restful/rest/ChatSession/index.html and, for who the bridge is,
https://docs.superoffice.com/en/api/reference/restful/rest/User/v1User_GetCurrentPrincipal.html.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bridge.contract import Request, Response, json_text

SESSION_ROUTE: Final = "/api/v1/ChatSession/{chatSessionId}"
PRINCIPAL_ROUTE: Final = "/api/v1/User/currentPrincipal"
ENDED: Final = frozenset(("Finished", "Deleted", "Closed", "RequestPosted", "ClosedFromQueue"))


@dataclass(frozen=True, slots=True)
class Person:
    """An associate: the id that transfers want, and how people call them."""

    id: int
    name: str = ""  # for a sentence
    names: frozenset[str] = frozenset()  # everything they answer to, case folded
    ej_user_id: int = 0  # the chat user's id: never to be used as target

    @property
    def shown(self) -> str:
        return self.name or f"associate {self.id}"


@dataclass(frozen=True, slots=True)
class Session:
    """One chat at one moment."""

    id: int
    topic_id: int
    status: str
    user: Person | None  # the agent who handles it
    transfer_to: Person | None  # the agent with a pending transfer

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def queued(self) -> bool:
        return self.status == "InQueue"

    def with_user(self, associate_id: int) -> bool:
        return self.user is not None and self.user.id == associate_id

    def offered_to(self, associate_id: int) -> bool:
        return self.transfer_to is not None and self.transfer_to.id == associate_id


@dataclass(frozen=True, slots=True)
class Principal:
    """As whom the bridge is signed in."""

    id: int
    name: str
    system: bool  # a system user never owns a chat
    own: bool = False  # the asker's linked account, not the bridge's


def ask(session_id: int) -> Request:
    """The request that reads a session."""
    return Request("GET", SESSION_ROUTE, path={"chatSessionId": str(session_id)})


def read(response: Response) -> Session | None:
    """The session in the answer; None for an empty or null body."""
    data: Any = response.json
    if not response.ok or not isinstance(data, Mapping) or not _int(data, "ChatSessionId"):
        return None
    return Session(
        id=_int(data, "ChatSessionId"),
        topic_id=_int(data, "TopicId"),
        status=_str(data, "Status"),
        user=person(data.get("User")),
        transfer_to=person(data.get("TransferTo")),
    )


def look(session_id: int) -> Generator[Request, Response, Session | Response]:
    """Read a session; the answer itself when it holds none."""
    answer = yield ask(session_id)
    return read(answer) or answer


def read_principal(response: Response) -> Principal | None:
    """Who the bridge is, in SuperOffice."""
    data: Any = response.json
    if not response.ok or not isinstance(data, Mapping) or not _int(data, "AssociateId"):
        return None
    return Principal(
        id=_int(data, "AssociateId"),
        name=_str(data, "FullName") or _str(data, "Associate"),
        system=_str(data, "UserType") == "SystemAssociate",
        own=bool(response.acted_as),
    )


def person(data: Any) -> Person | None:
    """An Associate carrier; "nobody" may be null or an associate with id 0."""
    if not isinstance(data, Mapping) or not _int(data, "AssociateId"):
        return None
    spoken = [_str(data, key) for key in ("FullName", "FormalName", "Name", "UserName")]
    return Person(
        id=_int(data, "AssociateId"),
        name=next((name for name in spoken if name), ""),
        names=frozenset(name.casefold() for name in spoken if name),
        ej_user_id=_int(data, "EjUserId"),
    )


def _str(data: Mapping[str, Any], key: str) -> str:
    return json_text(data, key).strip()


def _int(data: Mapping[str, Any], key: str) -> int:
    value = data.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
