"""How Slack calls the bridge: the signature, the three seconds, and what it makes of the answer.

https://docs.slack.dev/authentication/verifying-requests-from-slack and
https://docs.slack.dev/interactivity/handling-user-interaction. Nothing here retries: commands and
interactions are sent once, whatever happens.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp

from bridge.sandbox.slack import seed
from bridge.sandbox.slack.model import Channel, Json, Team, User
from bridge.sandbox.slack.typed import linkify
from bridge.sandbox.slack.workspace import Workspace

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 and a `failure` when nothing usable did."""

    status: int = 0
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    failure: str = ""

    def json(self) -> Json | None:
        """The body when it is a JSON object and says so."""
        if "json" not in self.headers.get("Content-Type", ""):
            return None
        try:
            value = json.loads(self.body)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None


@dataclass(frozen=True, slots=True)
class Receipt:
    """One request to the bridge as the person saw it: `shown` is what appeared because of the answer itself."""

    status: int
    body: str
    seconds: float
    shown: str = ""
    error: str = ""
    trigger_id: str = ""
    response_url: str = ""
    payload: Json = field(default_factory=dict)


def sign(secret: str, timestamp: str, raw: bytes) -> str:
    """The v0 signature over the raw bytes."""
    base = b"v0:" + timestamp.encode() + b":" + raw
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class Wire(Workspace):
    """Sends signed requests to `{bridge_url}/slack/events`, or through a socket when Socket Mode is on."""

    session: aiohttp.ClientSession | None = None

    async def post_signed(
        self,
        raw: bytes,
        headers: Mapping[str, str | None] | None = None,
        *,
        content_type: str = FORM,
        timestamp: float | str | None = None,
        secret: str | None = None,
    ) -> Answer:
        """Send these very bytes; a header given as None is left out, so every forgery can be tried."""
        stamp = str(int(self.clock())) if timestamp is None else str(timestamp)
        signed: dict[str, str | None] = {
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "Accept": "application/json,*/*",
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(secret or self.signing_secret, stamp, raw),
            **(headers or {}),
        }
        sent = {name: value for name, value in signed.items() if value is not None}
        if self.session is not None:
            return await self._post(self.session, raw, sent)
        async with aiohttp.ClientSession() as session:
            return await self._post(session, raw, sent)

    async def _post(
        self, session: aiohttp.ClientSession, raw: bytes, headers: dict[str, str]
    ) -> Answer:
        started = time.perf_counter()
        try:
            async with (
                asyncio.timeout(self.settings.ack_limit_s),
                session.post(
                    f"{self.bridge_url}/slack/events",
                    data=raw,
                    headers=headers,
                    allow_redirects=False,
                ) as response,
            ):
                body = (await response.read()).decode("utf-8", "replace")
                status, received = response.status, dict(response.headers)
        except TimeoutError:
            return Answer(seconds=time.perf_counter() - started, failure="operation_timeout")
        except aiohttp.ClientError:
            return Answer(seconds=time.perf_counter() - started, failure="dispatch_failed")
        failure = "" if status == 200 else "dispatch_failed"
        return Answer(status, body, received, time.perf_counter() - started, failure)

    async def deliver(
        self, kind: str, content: Json, headers: Mapping[str, str | None] | None = None
    ) -> Answer:
        """Send a command (`slash_commands`), an `interactive` payload or an event (`events_api`)."""
        if kind == "events_api":
            raw = json.dumps(content).encode()
            return await self.post_signed(raw, headers, content_type="application/json")
        fields = {"payload": json.dumps(content)} if kind == "interactive" else content
        return await self.post_signed(urlencode(fields).encode(), headers)

    # -- pieces every payload shares -----------------------------------------------------------

    def envelope(self, user: User) -> Json:
        """The fields that open every interaction payload."""
        team = self.teams[user.team_id]
        grid = {"id": team.enterprise_id, "name": team.enterprise_name}
        return {
            "team": {"id": team.id, "domain": team.domain},
            "user": {
                "id": user.id,
                "username": user.name,
                "name": user.name,
                "team_id": user.team_id,
            },
            "api_app_id": self.app_id,
            "token": seed.VERIFICATION_TOKEN,
            "enterprise": grid if team.enterprise_id else None,
            "is_enterprise_install": False,
        }

    def channel_names(self, channel: Channel) -> dict[str, str]:
        """Id and name as payloads carry them; what is private has no real name in them."""
        names = {"im": "directmessage", "private": "privategroup", "public": channel.name}
        return {"id": channel.id, "name": names[channel.kind]}

    def team_of(self, channel: Channel) -> Team:
        return self.teams[channel.team_id]

    def as_sent(self, team_id: str, text: str) -> str:
        """Typed text with mentions, channels, links and e-mails as tokens."""
        named = self.settings.mention_names
        people = {
            user.name: f"<@{user.id}|{user.name}>" if named else f"<@{user.id}>"
            for user in self.users.values()
            if user.team_id == team_id
        }
        groups = {
            group.handle: f"<!subteam^{group.id}|@{group.handle}>"
            if named
            else f"<!subteam^{group.id}>"
            for group in self.usergroups.values()
            if group.team_id == team_id
        }
        # A private channel's name never leaves Slack: its token has nothing after the bar.
        places = {
            channel.name: f"<#{channel.id}|{channel.name if channel.kind == 'public' else ''}>"
            for channel in self.channels.values()
            if channel.team_id == team_id and channel.name
        }
        return linkify(text, people | groups, places)
