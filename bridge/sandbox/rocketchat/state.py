"""What the emulated workspace remembers: settings, users, departments, rooms, mails and files.

Field names follow Rocket.Chat's documents, written as Python names; `Room.document()` gives the document
back in Rocket.Chat's own spelling, including the keys it removes instead of setting them to false.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Profile = Literal["A", "B", "C", "D"]
PROFILES: tuple[Profile, ...] = ("A", "B", "C", "D")
PdfOutcome = Literal["ok", "fails", "hangs"]
ForwardOutcome = Literal["ok", "ignored"]
MailKind = Literal["transcript", "channel_export", "messages_export"]


def iso(at: float) -> str:
    """Write epoch seconds as JavaScript's `Date.toJSON` does."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


@dataclass(slots=True)
class Settings:
    """The workspace settings that change an answer; Rocket.Chat's own names stand behind each."""

    comment_required: bool = True  # Livechat_request_comment_when_closing_conversation
    allow_force_close: bool = False  # Omnichannel_allow_force_close_conversations
    transcript_send_always: bool = False  # Livechat_transcript_send_always
    licence: bool = True  # module livechat-enterprise
    mac_limit_reached: bool = False  # monthly active contacts of the licence used up
    limiter_enabled: bool = True  # API_Enable_Rate_Limiter
    limiter_calls: int = 10  # API_Enable_Rate_Limiter_Limit_Calls_Default
    limiter_window_s: float = 60.0  # API_Enable_Rate_Limiter_Limit_Time_Default, there in ms
    forwarded_count: int = 0  # environment variable HTTP_FORWARDED_COUNT
    user_data_download: bool = True  # UserData_EnableDownload
    upper_count_limit: int = 100  # API_Upper_Count_Limit
    default_count: int = 50  # API_Default_Count
    webhook_url: str = ""  # Livechat_webhookUrl
    webhook_secret: str = ""  # Livechat_secret_token
    webhook_timeout_s: float = 5.0  # Livechat_http_timeout, there in ms
    webhook_on_start: bool = False  # Livechat_webhook_on_start
    webhook_on_queued: bool = False  # Livechat_webhook_on_chat_queued
    webhook_on_taken: bool = False  # Livechat_webhook_on_chat_taken
    webhook_on_forward: bool = False  # Livechat_webhook_on_forward
    webhook_on_close: bool = False  # Livechat_webhook_on_close
    # No setting of Rocket.Chat, but how this copy of it behaves:
    rooms_typed: bool | None = (
        None  # rooms.export and rooms.info on the typed router; None: by profile
    )
    breaking_changes_9_0: bool = False  # what develop does once its version reads 9.0.0
    denial_delay_s: float = 0.0  # profile A sends 401 and 403 after 0.5 to 1 s
    close_takes_s: float = 0.005  # the database transaction: how long a close can lose a race
    pdf_outcome: PdfOutcome = "ok"  # for rooms that do not say it themselves


@dataclass(slots=True)
class User:
    """One account; `statusLivechat` says whether it takes chats."""

    id: str
    username: str
    name: str
    roles: tuple[str, ...]
    token: str
    email: str | None = None
    password: str = "sandbox"
    totp: str | None = None  # the one code that is right, when the account has two factors
    status: str = "online"
    status_livechat: str = "available"
    permissions: set[str] = field(default_factory=set)  # granted beside the roles
    utc_offset: float = 1

    def emails(self) -> list[dict[str, Any]]:
        return [{"address": self.email, "verified": True}] if self.email else []

    def stub(self) -> dict[str, str]:
        return {"_id": self.id, "username": self.username}


@dataclass(slots=True)
class Department:
    """One omnichannel department."""

    id: str
    name: str
    enabled: bool = True
    description: str = ""
    request_tag_before_closing_chat: bool = False
    chat_closing_tags: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)  # usernames

    def document(self) -> dict[str, Any]:
        return {
            "_id": self.id,
            "enabled": self.enabled,
            "name": self.name,
            "description": self.description,
            "showOnRegistration": True,
            "showOnOfflineForm": False,
            "email": f"{self.name.lower()}@desk.example",
            "type": "d",
            "requestTagBeforeClosingChat": self.request_tag_before_closing_chat,
            "chatClosingTags": list(self.chat_closing_tags),
            "numAgents": len(self.agents),
        }


@dataclass(slots=True)
class Visitor:
    """The person who writes in; the token is that person's credential."""

    id: str
    username: str
    name: str
    token: str
    email: str | None = None
    phone: str | None = None


@dataclass(slots=True)
class Room:
    """One conversation, with everything the documented calls read or change."""

    id: str
    fname: str
    ts: float
    t: str = "l"
    v: Visitor | None = None
    open: bool = True
    lm: float = 0.0
    served_by: dict[str, Any] | None = None
    department_id: str | None = None
    tags: list[str] = field(default_factory=list)
    subscriptions: set[str] = field(default_factory=set)  # user ids
    messages: list[dict[str, Any]] = field(default_factory=list)
    on_hold: bool = False
    closed_at: float | None = None
    closer: str | None = None
    closed_by: dict[str, Any] | None = None
    transcript_request: dict[str, Any] | None = None
    pdf_transcript_file_id: str | None = None
    pdf_transcript_requested: bool = False  # the persisted lock of profile A
    pdf_locked_until: float = 0.0  # the in-memory lock of later profiles
    crm_data: str | None = None
    # Switches of the emulator:
    pdf_outcome: PdfOutcome | None = None
    forward_outcome: ForwardOutcome = "ok"
    damage: str | None = None  # the text a close dies with, e.g. "Error removing inquiry"
    closing: bool = False  # a close is in the middle of its transaction

    @property
    def queued(self) -> bool:
        return self.open and self.served_by is None

    def document(self, *, with_token: bool = True) -> dict[str, Any]:
        """Return the room as rooms.info prints it; without the visitor's token for people's eyes."""
        shown: dict[str, Any] = {
            "_id": self.id,
            "t": self.t,
            "fname": self.fname,
            "ts": iso(self.ts),
            "lm": iso(self.lm or self.ts),
            "msgs": len(self.messages),
            "usersCount": len(self.subscriptions),
            "_updatedAt": iso(max(self.lm, self.ts, self.closed_at or 0.0)),
        }
        if self.t == "l":
            shown["source"] = {"type": "widget"}
        else:
            shown["name"] = self.fname
        if self.v is not None:
            shown["v"] = {
                "_id": self.v.id,
                "username": self.v.username,
                "name": self.v.name,
                "status": "online",
            }
            if with_token:
                shown["v"]["token"] = self.v.token
        # `open` is removed on close, never set to false.
        optional: dict[str, Any] = {
            "open": self.open or None,
            "servedBy": self.served_by,
            "departmentId": self.department_id,
            "tags": self.tags or None,
            "onHold": self.on_hold or None,
            "closedAt": None if self.closed_at is None else iso(self.closed_at),
            "closer": self.closer,
            "closedBy": self.closed_by,
            "transcriptRequest": self.transcript_request,
            "pdfTranscriptRequested": self.pdf_transcript_requested or None,
            "pdfTranscriptFileId": self.pdf_transcript_file_id,
            "crmData": self.crm_data,
        }
        if self.t != "l":
            optional["open"] = None
        return shown | {key: value for key, value in optional.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Mail:
    """One message in the outbox."""

    at: float
    to: tuple[str, ...]
    subject: str
    kind: MailKind
    rid: str
    text: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One upload; a channel export belongs to the user who asked, a transcript to its room."""

    id: str
    name: str
    content: bytes
    content_type: str
    rid: str
    owner_id: str | None = None


@dataclass(frozen=True, slots=True)
class DirectMessage:
    """What rocket.cat told a user about a PDF."""

    at: float
    to: str  # username
    msg: str
    file_id: str | None = None
