"""The seed data: a small support desk in which every trap of the documents is set.

Ids follow the two samples of one database in SuperOffice's MDO provider pages: chat user 3 is Adm0, but
associate 3 is Brede; Adm0 is associate 11; Arne is chat user 14 and associate 2. Whoever passes an ejUser
id to TransferTo reaches the wrong colleague (5, 3) or nobody (14). Docs: mdo-providers/reference/chatuser.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridge.sandbox.superoffice.entities import (
    Associate,
    ChatMessage,
    ChatSession,
    Topic,
    UserAgent,
)

TENANT: Final = "Cust12345"
ONSITE: Final = "SuperOffice"
CLIENT_ID: Final = "deskbridge-client-id"
CLIENT_SECRET: Final = "deskbridge-client-secret"  # online it is also the SO-AppToken
SYSTEM_TOKEN: Final = "Deskbridge-8k8Q7DmBgo"
SESSION_KEY: Final = "never-show-this-session-key"  # a test looks for it where it must not be
SYSTEM_ASSOCIATE_ID: Final = 20

_AGENT = {"US": "Chat agent", "NO": "Chatmedarbeider"}
_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Login:
    """Every way in that the seed gives one associate."""

    username: str
    password: str
    access_token: str
    refresh_token: str
    ticket: str
    xsrf_token: str
    cookie: str


def login_of(name: str) -> Login:
    """The seed credentials of the associate with this Name, e.g. `login_of("AA")`."""
    key = name.lower()
    return Login(
        username=name,
        password=f"{key}-password",
        access_token=f"8A:{TENANT}.seed-{key}",
        refresh_token=f"KSam-seed-{key}",
        ticket=f"7T:seed/{key}+==",
        xsrf_token=f"xsrf-{key}",
        cookie=f"SoSession=session-{key}; XSRF-TOKEN=xsrf-{key}",
    )


def associates() -> list[Associate]:
    """Agents, a manager, one who is away, one retired, one without chat, and the system user."""
    return [
        Associate(2, "AA", "Arne Arnesen", "arne@example.com", 14, 102, title=_AGENT),
        Associate(3, "BB", "Brede Bredesen", "brede@example.com", 5, 103, title=_AGENT),
        Associate(5, "ANNA", "Anna Andersen", "anna@example.com", 7, 105, title=_AGENT),
        Associate(7, "CC", "Chloé Çelik", "chloe@example.com", 9, 107, present=False, title=_AGENT),
        Associate(
            11,
            "ADM0",
            "Ada Minister",
            "adm0@example.com",
            3,
            111,
            title={"US": "Chat manager", "NO": "Chatleder"},
        ),
        Associate(12, "OLD", "Olga Olsen", "olga@example.com", 21, 112, deleted=True),
        Associate(
            13,
            "FIN",
            "Finn Fiskal",
            "finn@example.com",
            0,
            113,
            title={"US": "Sales", "NO": "Salg"},
        ),
        Associate(
            SYSTEM_ASSOCIATE_ID,
            "SYS",
            "Deskbridge system user",
            "deskbridge@system.example.com",
            type="SystemAssociate",
        ),
    ]


def topics() -> list[Topic]:
    """Two topics; Finn may listen in on the first but not respond."""
    return [
        Topic(
            458,
            {"US": "Support", "NO": "Kundestøtte"},
            [
                UserAgent(2),
                UserAgent(3),
                UserAgent(5),
                UserAgent(11, can_manage=True),
                UserAgent(13, can_respond=False, can_notify=False),
            ],
        ),
        Topic(459, {"US": "Sales", "NO": "Salg"}, [UserAgent(5), UserAgent(7), UserAgent(3)]),
    ]


def sessions(now: float) -> list[ChatSession]:
    """Six chats: two of Arne's that he may transfer, one pending, and three on which he can do nothing."""

    def chat(session_id: int, minutes_ago: float, **values: object) -> ChatSession:
        asked = now - minutes_ago * _MINUTE
        given: dict[str, object] = {
            "topic_id": 458,
            "session_key": f"{SESSION_KEY}-{session_id}",
            "when_requested": asked,
            "when_started": asked + 20,
            "when_idle": asked + 2 * _MINUTE,
            "when_fetched": now - 3,
        }
        return ChatSession(session_id=session_id, **(given | values))  # type: ignore[arg-type]

    return [
        chat(
            648,
            12,
            user_id=2,
            status="CustomerLast",
            customer_name="Pietro Reichel",
            customer_email="pietro.reichel@customer.example",
            customer_phone="650.757.4658",
            customer_company_name="Bashirian Group",
            first_message="Hello, my invoice is wrong.",
            last_message="It lists ten licences, we have eight.",
        ),
        chat(
            649,
            7,
            user_id=2,
            status="UserLast",
            rank=2,
            customer_name="Zoë Müller",
            customer_email="zoe@customer.example",
            first_message="Wie ändere ich mein Passwort?",
            last_message="Under Settings > Account.",
            transfer_to_id=3,
            transfer_since=now - 30,
        ),
        chat(
            650,
            25,
            user_id=3,
            status="CustomerLast",
            customer_name="Kari Nordmann",
            first_message="Is the service down?",
            last_message="Still nothing here.",
        ),
        chat(
            651,
            1,
            topic_id=459,
            user_id=None,
            status="InQueue",
            when_started=None,
            customer_name="Sam Waiting",
            first_message="I would like an offer.",
            last_message="I would like an offer.",
        ),
        chat(
            652,
            90,
            user_id=2,
            status="Closed",
            when_ended=now - 60 * _MINUTE,
            customer_name="Ola Done",
            first_message="How do I export?",
            last_message="Thank you!",
            rating=5,
        ),
        chat(
            653,
            4,
            topic_id=459,
            user_id=5,
            status="UserLast",
            customer_name="Ines Ferreira",
            first_message="Do you ship to Porto?",
            last_message="Yes, we do.",
        ),
    ]


def messages(chats: list[ChatSession]) -> list[ChatMessage]:
    """The first and the last message of each chat."""
    told: list[ChatMessage] = []
    for chat in chats:
        for text, when in (
            (chat.first_message, chat.when_requested),
            (chat.last_message, chat.when_idle or chat.when_requested),
        ):
            told.append(
                ChatMessage(
                    len(told) + 1, chat.session_id, "ToUser", text, chat.customer_name, when
                )
            )
    return told
