"""`@bridge close …`: the same lines as the root command takes, where slash commands do not work.

In a thread Slack never calls an app for a slash command, on a phone typing one is clumsy. A mention is an
event: Slack sends it again until it is acknowledged (https://docs.slack.dev/apis/events-api), so it is acknowledged after the commit, and the
event's id keeps a second delivery from doing the thing twice. The answer comes in the thread.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bridge.delivery.render import Message
from bridge.ingress.slack.background import BackgroundTasks
from bridge.ingress.slack.place import Place
from bridge.ingress.slack.telling import Telling
from bridge.ingress.slack.wishes import Later, Wishes

REMEMBERED = 1000  # events that were answered; Slack sends one again within the hour at most
_LEADING = re.compile(r"^\s*<@[UW][A-Z0-9]+(?:\|[^<>]*)?>[:,]?\s*")


class Mentions:
    """Answers mentions of the bot."""

    def __init__(
        self, *, wishes: Wishes, telling: Telling, background: BackgroundTasks, root: str
    ) -> None:
        self._wishes = wishes
        self._telling = telling
        self._background = background
        self._root = root
        self._answered: OrderedDict[str, None] = OrderedDict()

    def register(self, app: AsyncApp) -> None:
        app.event("app_mention")(self.mentioned)

    async def mentioned(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        event: dict[str, Any] = body.get("event") or {}
        place = Place.of_event(body)
        if event.get("bot_id") or not place.user_id:
            await ack()  # programs have doors of their own
            return
        text = _LEADING.sub("", str(event.get("text") or ""), count=1)
        key = f"event:{body.get('event_id') or event.get('ts') or ''}"
        if key in self._answered:
            await ack()
            return
        answer = await self._wishes.fulfil(f"{self._root} {text}", place, key=key)
        self._answered[key] = None
        while len(self._answered) > REMEMBERED:
            self._answered.popitem(last=False)
        self._background.start("mention", self._tell(place, answer), team=place.team_id)
        await ack()

    async def _tell(self, place: Place, answer: Message | Later | None) -> None:
        message = await answer.then() if isinstance(answer, Later) else answer
        if message is not None:
            await self._telling.tell(place, message)
