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

from bridge.actions import links
from bridge.contract import Action
from bridge.delivery import notices
from bridge.delivery.render import Message
from bridge.ingress.slack import words
from bridge.ingress.slack.errands import Errands
from bridge.ingress.slack.forms import Forms, message_view
from bridge.ingress.slack.launching import Launching
from bridge.ingress.slack.place import Place
from bridge.ingress.slack.telling import Telling
from bridge.ingress.slack.workspaces import SLACK_FAILS, NotInstalled, Workspaces
from bridge.surfaces.leaves import leaves
from bridge.surfaces.usage import summary
from bridge.vault import Unreadable, Vault

CHOOSER = "bridge.chooser"
_BLOCK, _VALUE = "bridge.action", "value"
_LINK = re.compile(r"https?://[^\s|<>]+")
_ROOMS = frozenset(("rocketchat.open_rooms", "rocketchat.closed_rooms", "rocketchat.rooms"))
_SESSIONS = frozenset(("superoffice.sessions",))


class Shortcuts:
    """Answers shortcuts and the list of commands."""

    def __init__(
        self,
        *,
        catalogue: Mapping[str, type[Action]],
        launching: Launching,
        forms: Forms,
        workspaces: Workspaces,
        telling: Telling,
        errands: Errands,
        vault: Vault,
    ) -> None:
        self._catalogue = catalogue
        self._launching = launching
        self._forms = forms
        self._workspaces = workspaces
        self._telling = telling
        self._errands = errands
        self._vault = vault

    def register(self, app: AsyncApp) -> None:
        app.shortcut(re.compile(""))(self.taken)
        app.view(CHOOSER)(self.chosen)

    async def taken(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        place = Place.of_interaction(body)
        message: Mapping[str, Any] = body.get("message") or {}
        if not place.thread_ts and message.get("ts"):
            place = place.but(thread_ts=str(message["ts"]))
        text = str(message.get("text") or "")
        callback = str(body.get("callback_id") or "")
        self._errands.start("shortcut", self._open(place, callback, text), team=place.team_id)

    async def chosen(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """The list was answered: it becomes the form."""
        view: dict[str, Any] = body.get("view") or {}
        state: Mapping[str, Any] = (view.get("state") or {}).get("values") or {}
        option = ((state.get(_BLOCK) or {}).get(_VALUE) or {}).get("selected_option") or {}
        action = self._catalogue.get(str(option.get("value") or ""))
        place = Place.of_interaction(body)
        try:
            held = self._vault.open(str(view.get("private_metadata") or ""))
        except Unreadable:
            held = {}
        if action is None or held.get("team_id") != place.team_id:
            refused = message_view(words.FORM_TITLE, notices.mistake(words.OUTDATED))
            await ack(response_action="update", view=refused)
            return
        there = place.but(
            channel_id=str(held["channel_id"]),
            thread_ts=str(held["thread_ts"]),
            response_url=str(held["response_url"]),
        )
        names, refusal = self._usable(action, there)
        if refusal is not None:
            await ack(response_action="update", view=message_view(words.FORM_TITLE, refusal))
            return
        form = self._forms.view(
            action, there, connections=names, values=prefilled(action, str(held["text"]))
        )
        await ack(response_action="update", view=form.to_dict())

    async def _open(self, place: Place, callback: str, text: str) -> None:
        action = self._catalogue.get(callback)
        if action is None:
            opened = await self._open_chooser(place, text)
            refusal = None
        else:
            names, refusal = self._usable(action, place)
            opened = refusal is None and await self._forms.open(
                action, place, connections=names, values=prefilled(action, text)
            )
        if refusal is not None or not opened:
            await self._telling.tell(place, refusal or notices.mistake(words.NO_FORM))

    async def _open_chooser(self, place: Place, text: str) -> bool:
        held = {
            "team_id": place.team_id,
            "channel_id": place.channel_id,
            "thread_ts": place.thread_ts,
            "response_url": place.response_url,
            "text": " ".join(_LINK.findall(text))[:500],
        }
        options = [
            {
                "text": {"type": "plain_text", "text": action.title},
                "description": {"type": "plain_text", "text": summary(action)[:75]},
                "value": name,
            }
            for name, action in self._catalogue.items()
        ]
        view = {
            "type": "modal",
            "callback_id": CHOOSER,
            "title": {"type": "plain_text", "text": words.CHOOSE_TITLE},
            "submit": {"type": "plain_text", "text": words.CHOOSE_SUBMIT},
            "close": {"type": "plain_text", "text": words.CLOSE},
            "private_metadata": self._vault.seal(held),
            "blocks": [
                {
                    "type": "input",
                    "block_id": _BLOCK,
                    "label": {"type": "plain_text", "text": words.CHOOSE_LABEL},
                    "element": {
                        "type": "static_select",
                        "action_id": _VALUE,
                        "options": options[:100],
                    },
                }
            ],
        }
        try:
            client = await self._workspaces.client(place.team_id, place.enterprise_id)
            await client.views_open(trigger_id=place.trigger_id, view=view)
        except (NotInstalled, *SLACK_FAILS):
            return False
        return True

    def _usable(self, action: type[Action], place: Place) -> tuple[tuple[str, ...], Message | None]:
        """The connections to offer, or why there is none."""
        choice = self._launching.choose(action, place)
        names = (choice.connection,) if choice.connection else choice.names
        if not names:
            return (), notices.mistake(choice.problem)
        decision = self._launching.decide(action, place, names[0])
        if not decision.allowed:
            return (), notices.denial(decision.reason, decision.how)
        return names, None


def prefilled(action: type[Action], text: str) -> dict[str, Any]:
    """What a message's links say about the action's fields."""
    values: dict[str, Any] = {}
    for link in _LINK.findall(text):
        room, session = links.room_in(link), links.session_in(link)
        for leaf in leaves(action):
            if room and leaf.picker in _ROOMS:
                values.setdefault(leaf.key, room)
            if session and leaf.picker in _SESSIONS:
                values.setdefault(leaf.key, str(session))
    return values
