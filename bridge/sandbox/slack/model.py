"""What lives in the emulated Slack: teams, people, channels, messages, views, files, tokens and the two kinds of ticket.

Plain records under the names of Slack's own objects (https://docs.slack.dev/reference/objects). They hold
what was sent, never what a person would see of it: reading is the business of `visible`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Self

Json = dict[str, Any]
ChannelKind = Literal["public", "private", "im"]
TokenKind = Literal["bot", "user", "app", "config"]
SLACKBOT = "USLACKBOT"


@dataclass(slots=True)
class Team:
    """One workspace; `bot_user_id` is the app's bot in it."""

    id: str
    domain: str
    name: str
    bot_user_id: str
    bot_id: str
    enterprise_id: str | None = None
    enterprise_name: str | None = None
    installed: bool = True
    active: bool = True


@dataclass(slots=True)
class User:
    """A person or a bot: https://docs.slack.dev/reference/objects/user-object."""

    id: str
    team_id: str
    name: str
    real_name: str
    email: str = ""
    locale: str = "en-US"
    tz: str = "Europe/Berlin"
    tz_offset: int = 3600
    is_admin: bool = False
    is_bot: bool = False
    deleted: bool = False


@dataclass(slots=True)
class Channel:
    """A conversation of any kind: https://docs.slack.dev/reference/objects/conversation-object."""

    id: str
    team_id: str
    name: str
    kind: ChannelKind = "public"
    members: list[str] = field(default_factory=list)
    archived: bool = False
    read_only: bool = False


@dataclass(slots=True)
class Usergroup:
    """A group that can be mentioned: https://docs.slack.dev/reference/objects/usergroup-object."""

    id: str
    team_id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list)


@dataclass(slots=True)
class File:
    """An upload: a promise of a URL first, content next, shared in a channel last."""

    id: str
    team_id: str
    name: str
    length: int
    title: str = ""
    content: bytes | None = None
    channels: list[str] = field(default_factory=list)
    completed: bool = False


@dataclass(slots=True)
class Message:
    """One message as it was sent; `ephemeral_to` names its only reader."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    bot_id: str = ""
    app_id: str = ""
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    edited: bool = False
    deleted: bool = False
    broadcast: bool = False
    link_names: bool = False
    files: list[File] = field(default_factory=list)
    via: str = "api"
    metadata: Json | None = None

    @classmethod
    def of_bot(
        cls, team: Team, app_id: str, ts: str, channel: str, content: Json, **more: Any
    ) -> Self:
        """What the app said, through whichever way."""
        return cls(
            ts,
            channel,
            team.bot_user_id,
            str(content.get("text") or ""),
            content.get("blocks") or [],
            content.get("attachments") or [],
            bot_id=team.bot_id,
            app_id=app_id,
            **more,
        )

    def as_json(self, team_id: str) -> Json:
        """The message object that the Web API and interactions carry."""
        shown: Json = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts}
        shown["team"] = team_id
        if self.bot_id:
            shown |= {"bot_id": self.bot_id, "app_id": self.app_id}
        if self.thread_ts is not None:
            shown["thread_ts"] = self.thread_ts
        if self.blocks:
            shown["blocks"] = self.blocks
        if self.attachments:
            shown["attachments"] = self.attachments
        if self.edited:
            shown["edited"] = {"user": self.user, "ts": self.ts}
        if self.files:
            shown["files"] = [{"id": f.id, "name": f.name, "title": f.title} for f in self.files]
        if self.metadata is not None:
            shown["metadata"] = self.metadata
        return shown


@dataclass(slots=True)
class View:
    """An open modal or a Home tab: https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload."""

    id: str
    team_id: str
    user: str
    app_id: str
    bot_id: str
    payload: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    state: dict[str, dict[str, Json]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    offers: dict[str, list[Json]] = field(default_factory=dict)
    channel: str = ""
    warning: str = ""

    @property
    def blocks(self) -> list[Json]:
        blocks: list[Json] = self.payload.get("blocks", [])
        return blocks

    @property
    def title(self) -> str:
        return str(self.payload.get("title", {}).get("text", ""))

    def as_json(self) -> Json:
        empty = {"type": "modal", "callback_id": "", "private_metadata": "", "external_id": ""}
        flags = {"clear_on_close": False, "notify_on_close": False, "close": None, "submit": None}
        return {
            **empty,
            **flags,
            **self.payload,
            "id": self.id,
            "team_id": self.team_id,
            "app_id": self.app_id,
            "app_installed_team_id": self.team_id,
            "bot_id": self.bot_id,
            "hash": self.hash,
            "root_view_id": self.root_id,
            "previous_view_id": self.previous_id,
            "state": {"values": self.state},
        }


@dataclass(slots=True)
class Token:
    """A credential and what it may do."""

    value: str
    team_id: str
    kind: TokenKind
    scopes: list[str]
    user_id: str = ""
    revoked: bool = False
    expires_at: float | None = None


@dataclass(slots=True)
class Trigger:
    """A ticket to open one modal within three seconds."""

    id: str
    team_id: str
    user: str
    channel: str
    issued: float
    used: bool = False
    view_id: str = ""


@dataclass(slots=True)
class Grant:
    """A consent given and not yet turned into a token."""

    code: str
    user: str
    redirect_uri: str
    scope: str
    nonce: str
    issued: float
    used: bool = False


@dataclass(slots=True)
class Hook:
    """What stands behind one `response_url`: five posts within thirty minutes."""

    path: str
    team_id: str
    channel: str
    user: str
    issued: float
    origin: Literal["command", "interaction"]
    original: Message | None = None
    uses: int = 0


@dataclass(slots=True)
class Redelivery:
    """An event that was not taken, and when it is sent again."""

    body: Json
    due: float
    retries: int
    reason: str
