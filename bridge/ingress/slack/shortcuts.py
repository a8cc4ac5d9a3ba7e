"""Shortcuts: every command by a tap, also in threads and on a phone, where slash commands do not work.

A shortcut whose callback id is an action's opens that action's form; any other opens a list of all of
them. On a message, a pasted link to a conversation in its text fills in the room, and the answer comes in
the message's thread.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bridge.contract import Action
from bridge.delivery import notices
from bridge.ingress.slack import words
from bridge.ingress.slack.background import BackgroundTasks
from bridge.ingress.slack.chooser import Chooser, prefilled
from bridge.ingress.slack.forms import Forms
from bridge.ingress.slack.launching import Launching
from bridge.ingress.slack.place import Place
from bridge.ingress.slack.telling import Telling


class Shortcuts:
    """Answers global shortcuts and those on a message."""

    def __init__(
        self,
        *,
        catalogue: Mapping[str, type[Action]],
        chooser: Chooser,
        forms: Forms,
        launching: Launching,
        telling: Telling,
        background: BackgroundTasks,
    ) -> None:
        self._catalogue = catalogue
        self._chooser = chooser
        self._forms = forms
        self._launching = launching
        self._telling = telling
        self._background = background

    def register(self, app: AsyncApp) -> None:
        app.shortcut(re.compile(""))(self.taken)

    async def taken(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        place = Place.of_interaction(body)
        message: Mapping[str, Any] = body.get("message") or {}
        if not place.thread_ts and message.get("ts"):
            place = place.but(thread_ts=str(message["ts"]))
        text = str(message.get("text") or "")
        callback = str(body.get("callback_id") or "")
        self._background.start("shortcut", self._open(place, callback, text), team=place.team_id)

    async def _open(self, place: Place, callback: str, text: str) -> None:
        await self._launching.ready(place)
        action = self._catalogue.get(callback)
        refusal = None
        if action is None:
            opened = await self._chooser.open(place, self._catalogue.values(), text)
        else:
            names, refusal = self._chooser.usable(action, place)
            opened = refusal is None and await self._forms.open(
                action, place, connections=names, values=prefilled(action, text)
            )
        if not opened:
            await self._telling.tell(place, refusal or notices.mistake(words.NO_FORM))
