"""Who is asking from where, read from a verified payload of any kind.

Only ids are read for decisions: Slack phases `user_name` out and lets people change it. The team is the
tenant and comes from the signed body, never from anything a person typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from bridge.contract import Asker, ReplyTo, json_part, json_text


@dataclass(frozen=True, slots=True)
class Place:
    """A person in a workspace and perhaps in a channel and a thread, with what answers may use."""

    team_id: str
    user_id: str
    enterprise_id: str = ""
    user_name: str = ""
    channel_id: str = ""
    thread_ts: str = ""
    response_url: str = ""
    trigger_id: str = ""

    @classmethod
    def of_command(cls, body: Mapping[str, Any]) -> Self:
        """From a slash command's form."""
        return cls(
            team_id=json_text(body, "team_id"),
            user_id=json_text(body, "user_id"),
            enterprise_id=json_text(body, "enterprise_id"),
            user_name=json_text(body, "user_name"),
            channel_id=json_text(body, "channel_id"),
            response_url=json_text(body, "response_url"),
            trigger_id=json_text(body, "trigger_id"),
        )

    @classmethod
    def of_interaction(cls, body: Mapping[str, Any]) -> Self:
        """From a button, form, menu or shortcut payload."""
        user, container = json_part(body, "user"), json_part(body, "container")
        message = json_part(body, "message")
        # An org-wide install sends a null team; the person's own team is the tenant then.
        team = json_part(body, "team")
        return cls(
            team_id=json_text(team, "id") or json_text(user, "team_id"),
            user_id=json_text(user, "id"),
            enterprise_id=json_text(json_part(body, "enterprise"), "id")
            or json_text(team, "enterprise_id"),
            user_name=json_text(user, "username") or json_text(user, "name"),
            channel_id=json_text(json_part(body, "channel"), "id")
            or json_text(container, "channel_id"),
            thread_ts=json_text(container, "thread_ts") or json_text(message, "thread_ts"),
            response_url=json_text(body, "response_url"),
            trigger_id=json_text(body, "trigger_id"),
        )

    @classmethod
    def of_event(cls, body: Mapping[str, Any]) -> Self:
        """From an event that a person caused in a channel."""
        event = json_part(body, "event")
        return cls(
            team_id=json_text(body, "team_id") or json_text(event, "team"),
            user_id=json_text(event, "user"),
            enterprise_id=json_text(body, "enterprise_id"),
            channel_id=json_text(event, "channel"),
            thread_ts=json_text(event, "thread_ts") or json_text(event, "ts"),
        )

    @property
    def scope(self) -> str:
        """The tenant: nobody sees another scope's jobs."""
        return f"slack:{self.team_id or self.enterprise_id}"

    def asker(self, *, name: str = "", locale: str = "") -> Asker:
        return Asker(
            door="slack",
            scope=self.scope,
            name=name or self.user_name,
            user_id=self.user_id,
            team_id=self.team_id,
            enterprise_id=self.enterprise_id,
            channel_id=self.channel_id,
            locale=locale,
        )

    def reply_to(self, now: float, *, uses: int = 0) -> ReplyTo:
        """Where the answer goes; `uses` of the response_url are spoken for already."""
        return ReplyTo(
            team_id=self.team_id,
            enterprise_id=self.enterprise_id,
            slack_channel=self.channel_id,
            slack_user=self.user_id,
            thread_ts=self.thread_ts,
            response_url=self.response_url,
            response_url_uses=uses if self.response_url else 0,
            response_url_at=now if self.response_url else 0.0,
        )

    def but(self, **changes: str) -> Self:
        return replace(self, **changes)
