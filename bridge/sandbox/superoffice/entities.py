"""The things SuperOffice keeps: associates, chat topics and their agents, chat sessions, chat messages.

Plain data, named as upstream names them; how they look on the wire is `render.py`'s affair.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, get_args

UserType = Literal["InternalAssociate", "SystemAssociate"]
ChatSessionStatus = Literal[
    "Invalid",
    "PreChatForm",
    "Faq",
    "OfflineForm",
    "InQueue",
    "CustomerLast",
    "UserLast",
    "Finished",
    "Deleted",
    "Closed",
    "RequestPosted",
    "ClosedFromQueue",
]
STATUS_NUMBER: Final[dict[str, int]] = {
    name: number for number, name in enumerate(get_args(ChatSessionStatus))
}  # JSON shows the name; the database and the webhooks show the number.
LIVE: Final[frozenset[str]] = frozenset({"CustomerLast", "UserLast"})  # INFER: being talked in

Translations = dict[str, str]  # SuperOffice's language code ("US", "NO") to text


@dataclass(slots=True)
class Associate:
    """A person or program that can sign in; a chat agent when `ej_user_id` is not 0.

    Name is "Initials, also login name"; UserName is "Same as SuperId from Online", an e-mail address.
    """

    associate_id: int
    name: str
    full_name: str
    user_name: str
    ej_user_id: int = 0
    person_id: int = 0
    type: UserType = "InternalAssociate"
    deleted: bool = False
    present: bool = True
    title: Translations = field(default_factory=dict)

    @property
    def is_chat_user(self) -> bool:
        """EjUserId is "0 for associates that are not ej users"."""
        return self.ej_user_id != 0


@dataclass(slots=True)
class UserAgent:
    """What one associate may do in one chat topic."""

    associate_id: int
    can_listen: bool = True
    can_respond: bool = True
    can_manage: bool = False
    can_notify: bool = True


@dataclass(slots=True)
class Topic:
    """A chat topic and its agents."""

    topic_id: int
    name: Translations
    agents: list[UserAgent] = field(default_factory=list)


@dataclass(slots=True)
class ChatMessage:
    """One line of a chat, or a special one such as TransferRejected."""

    message_id: int
    session_id: int
    type: str
    message: str
    author: str
    when_posted: float
    special_type: str = "None"
    special_param: str = ""


@dataclass(slots=True)
class ChatSession:
    """One customer's chat; `user_id` and `transfer_to_id` are associate ids, times are epoch seconds."""

    session_id: int
    topic_id: int
    user_id: int | None
    status: ChatSessionStatus
    session_key: str
    when_requested: float
    when_started: float | None = None
    when_ended: float | None = None
    when_idle: float | None = None
    when_fetched: float | None = None
    transfer_to_id: int | None = None
    transfer_since: float = 0.0
    customer_name: str = ""
    customer_email: str = ""
    customer_phone: str = ""
    customer_company_name: str = ""
    customer_host: str = "192.0.2.10"
    customer_consented: bool = True
    first_message: str = ""
    last_message: str = ""
    initial_queue_pos: int = 1
    alert_level: int = 0
    rank: int = 1
    flags: str = ""
    chatbot_is_active: bool = False
    rating: int = 0

    @property
    def live(self) -> bool:
        return self.status in LIVE
