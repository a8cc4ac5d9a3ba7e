"""The state of the emulated Slack and the few ways it changes: a message appears, is edited, goes away.

Both halves work on this: the outward half (a person typing and clicking) and the inward half (the Web API).
Every change a person could notice is written into the ledger with what they would read.
"""

from __future__ import annotations

import asyncio
import time
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bridge.sandbox.emulator import Clock, Emulator
from bridge.sandbox.slack import blockkit, seed
from bridge.sandbox.slack.model import (
    Channel,
    File,
    Grant,
    Hook,
    Json,
    Message,
    Redelivery,
    Team,
    Token,
    Trigger,
    User,
    Usergroup,
    View,
)
from bridge.sandbox.slack.visible import Link, Reader, Reading


@dataclass(slots=True)
class Switches:
    """How this Slack behaves; each can be changed while it runs."""

    ack_limit_s: float = 3.0
    trigger_s: float = 3.0
    response_url_uses: int = 5
    response_url_s: float = 1800.0
    response_urls_expired: bool = False
    post_rate: bool = False
    post_burst: int = 3
    should_escape: bool = True
    mention_names: bool = False
    dialog_trigger_errors: bool = False
    truncate_long_text: bool = False
    socket_mode: bool = False
    token_rotation: bool = False


class Workspace(Emulator):
    """Teams, people, channels, messages, views, files, tokens; see `seed` for who is there at the start."""

    name = "slack"

    def __init__(
        self,
        bridge_url: str = "http://127.0.0.1:8080",
        signing_secret: str = seed.SIGNING_SECRET,
        clock: Clock = time.time,
        *,
        public_url: str = "http://slack.invalid",
        settings: Switches | None = None,
    ) -> None:
        super().__init__(clock)
        self.bridge_url = bridge_url.rstrip("/")
        self.signing_secret = signing_secret
        self.public_url = public_url.rstrip("/")
        self.settings = settings or Switches()
        self.sockets: list[web.WebSocketResponse] = []
        self.socket_opened = asyncio.Event()
        self.envelopes: dict[str, asyncio.Future[Json]] = {}
        self._seed()

    def _seed(self) -> None:
        self.app_id, self.client_id, self.client_secret = (
            seed.APP_ID,
            seed.CLIENT_ID,
            seed.CLIENT_SECRET,
        )
        self.teams: dict[str, Team] = {team.id: team for team in seed.teams()}
        self.users: dict[str, User] = {user.id: user for user in seed.users()}
        self.channels: dict[str, Channel] = {channel.id: channel for channel in seed.channels()}
        self.usergroups: dict[str, Usergroup] = {group.id: group for group in seed.usergroups()}
        self.tokens: dict[str, Token] = {token.value: token for token in seed.tokens()}
        self.all_messages: list[Message] = []
        self.files: dict[str, File] = {}
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.hooks: dict[str, Hook] = {}
        self.manifests: dict[str, Json] = {}
        self.grants: dict[str, Grant] = {}
        self.refreshes: dict[str, Token] = {}
        self.socket_tickets: set[str] = set()
        self.should_escape_of: dict[str, bool] = {}
        self.rejected: list[str] = []
        self.message_offers: dict[tuple[str, str], list[Json]] = {}
        self.redeliveries: list[Redelivery] = []
        self._last_ts = 0
        self._serial = 0
        self._posts: dict[str, tuple[float, float]] = {}

    def reset(self) -> None:
        super().reset()
        self._seed()

    # -- ids and tickets ---------------------------------------------------------------------

    def next_ts(self) -> str:
        """A message id: the time in microseconds, never twice."""
        self._last_ts = max(int(self.clock() * 1_000_000), self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def new_id(self, prefix: str) -> str:
        self._serial += 1
        return f"{prefix}{self._serial:08X}"

    def new_trigger(self, team_id: str, user: str, channel: str = "", view_id: str = "") -> Trigger:
        serial = self.new_id("")
        trigger_id = f"{int(self.clock() * 1000)}.{int(serial, 16)}.{serial.lower()}"
        trigger = Trigger(trigger_id, team_id, user, channel, self.clock(), view_id=view_id)
        self.triggers[trigger.id] = trigger
        return trigger

    def new_hook(
        self, channel: Channel, user: str, original: Message | None = None, *, command: bool = False
    ) -> str:
        """The `response_url` of one interaction; it leads back to this emulator."""
        family = "commands" if command else "actions"
        path = f"/{family}/{channel.team_id}/{int(self.clock())}/{self.new_id('').lower()}"
        self.hooks[path] = Hook(
            path,
            channel.team_id,
            channel.id,
            user,
            self.clock(),
            "command" if command else "interaction",
            original,
        )
        return self.public_url + path

    # -- looking things up -------------------------------------------------------------------

    def user(self, who: str, team_id: str = "") -> User:
        """A person by id, name or @name."""
        if who in self.users:
            return self.users[who]
        name = who.removeprefix("@").lower()
        for user in self.users.values():
            if user.name == name and team_id in ("", user.team_id):
                return user
        raise LookupError(f"no Slack user {who!r}")

    def channel(self, where: str, team_id: str = "") -> Channel:
        """A conversation by id, name or #name."""
        if where in self.channels:
            return self.channels[where]
        for channel in self.channels.values():
            if channel.name == where.removeprefix("#") and team_id in ("", channel.team_id):
                return channel
        raise LookupError(f"no Slack channel {where!r}")

    def direct(self, team_id: str, *members: str) -> Channel:
        """The direct conversation of exactly these people, opened when there is none."""
        for channel in self.channels.values():
            if channel.kind == "im" and set(channel.members) == set(members):
                return channel
        opened = Channel(self.new_id("D0"), team_id, "", "im", list(members))
        self.channels[opened.id] = opened
        return opened

    def message(self, channel: str, ts: str) -> Message | None:
        for message in reversed(self.all_messages):
            if message.ts == ts and message.channel == channel and not message.deleted:
                return message
        return None

    def messages(self, channel: str, user: str | None = None) -> list[Message]:
        """What stands in a channel; with `user`, only what that person sees of it."""
        place = self.channel(channel)
        there = [m for m in self.all_messages if m.channel == place.id and not m.deleted]
        if user is None:
            return there
        reader = self.user(user).id
        if place.kind != "public" and reader not in place.members:
            return []
        return [m for m in there if m.ephemeral_to in (None, reader)]

    def open_views(self, user: str) -> list[View]:
        """The stack of modals a person has open, the topmost last."""
        return [self.views[view_id] for view_id in self.stacks.get(self.user(user).id, [])]

    # -- reading -----------------------------------------------------------------------------

    def names(self) -> dict[str, str]:
        people = {user.id: user.name for user in self.users.values()}
        places = {channel.id: channel.name for channel in self.channels.values() if channel.name}
        return people | places | {group.id: group.handle for group in self.usergroups.values()}

    def read(self, message: Message) -> Reading:
        return Reader(self.names()).read(message)

    def visible_text(self, message: Message) -> str:
        """What a person reads: tokens as names, escapes undone, buttons in brackets."""
        return self.read(message).text

    def pings(self, message: Message) -> list[str]:
        return self.read(message).pings

    def links(self, message: Message) -> list[Link]:
        return self.read(message).links

    # -- changing ----------------------------------------------------------------------------

    def check_blocks(self, blocks: Any, surface: blockkit.Surface = "message") -> list[str]:
        """Why Slack would refuse these blocks; the reasons are kept in the ledger too."""
        reasons = blockkit.problems(blocks, surface)
        if reasons:
            self.rejected += reasons
            self.record("reject_blocks", surface, reasons=reasons)
        return reasons

    def stamped(self, blocks: list[Json]) -> list[Json]:
        """Blocks as Slack stores them: each block and element gets the id its sender left out."""
        stored = deepcopy(blocks)
        for block in stored:
            block.setdefault("block_id", self.new_id("b").lower())
            inside = [*block.get("elements", []), block.get("accessory"), block.get("element")]
            for element in inside:
                if isinstance(element, dict) and blockkit.is_interactive(element):
                    element.setdefault("action_id", self.new_id("a").lower())
        return stored

    def put(self, message: Message) -> Message:
        """Let a message appear."""
        message.blocks = self.stamped(message.blocks)
        self.all_messages.append(message)
        private = message.ephemeral_to is not None
        self.record(
            "post_ephemeral" if private else "post_message",
            message.ts,
            channel=message.channel,
            user=message.user,
            text=self.visible_text(message),
            thread_ts=message.thread_ts,
            ephemeral_to=message.ephemeral_to,
            via=message.via,
        )
        return message

    def say(self, channel: Channel, user: str, text: str, thread_ts: str | None = None) -> Message:
        """A person writes something; no app is told."""
        ts = self.next_ts()
        return self.put(Message(ts, channel.id, user, text, thread_ts=thread_ts, via="typed"))

    def edit(self, message: Message, content: Json, via: str) -> None:
        """Replace what a message says, by the rules of chat.update."""
        text, blocks = content.get("text"), content.get("blocks")
        if blocks is not None:
            message.blocks = self.stamped(blocks)
        elif text is not None:
            message.blocks = []
        if content.get("attachments") is not None:
            message.attachments = content["attachments"]
        if text is not None:
            message.text = text
        # The mark "(edited)" shows only when no blocks are used: chat.update's page, argument `blocks`.
        message.edited = message.edited or blocks is None
        self.record(
            "update_message",
            message.ts,
            channel=message.channel,
            text=self.visible_text(message),
            ephemeral_to=message.ephemeral_to,
            via=via,
        )

    def remove(self, message: Message, via: str) -> None:
        message.deleted = True
        self.record("delete_message", message.ts, channel=message.channel, via=via)

    def wait_to_post(self, channel: str) -> int:
        """Seconds a sender must wait for this channel: one per second after a small burst."""
        if not self.settings.post_rate:
            return 0
        now = self.clock()
        tokens, at = self._posts.get(channel, (float(self.settings.post_burst), now))
        tokens = min(float(self.settings.post_burst), tokens + now - at)
        if tokens < 1:
            self._posts[channel] = (tokens, now)
            return max(1, round(1 - tokens))
        self._posts[channel] = (tokens - 1, now)
        return 0
