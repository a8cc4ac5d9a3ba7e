"""The list of what can be done: answered, it becomes the form of what was chosen.

For shortcuts that stand for all commands, and for a command word that several actions share when nothing
typed says which one is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bridge.actions import links
from bridge.contract import Action
from bridge.delivery import notices
from bridge.delivery.render import Message
from bridge.ingress.slack import words
from bridge.ingress.slack.forms import Forms, message_view
from bridge.ingress.slack.launching import Launching
from bridge.ingress.slack.place import Place
from bridge.ingress.slack.workspaces import SLACK_FAILS, NotInstalled, Workspaces
from bridge.surfaces.leaves import leaves
from bridge.surfaces.usage import summary
from bridge.vault import Unreadable, Vault

CALLBACK = "bridge.chooser"
_BLOCK, _VALUE = "bridge.action", "value"
_LINK = re.compile(r"https?://[^\s|<>]+")
_LINKS_MOST = 500
_ROOMS = frozenset(("rocketchat.open_rooms", "rocketchat.closed_rooms", "rocketchat.rooms"))
_SESSIONS = frozenset(("superoffice.sessions",))


class Chooser:
    """Opens the list and takes the answer."""

    def __init__(
        self,
        *,
        catalogue: Mapping[str, type[Action]],
        launching: Launching,
        forms: Forms,
        workspaces: Workspaces,
        vault: Vault,
    ) -> None:
        self._catalogue = catalogue
        self._launching = launching
        self._forms = forms
        self._workspaces = workspaces
        self._vault = vault

    def register(self, app: AsyncApp) -> None:
        app.view(CALLBACK)(self.chosen)

    async def open(self, place: Place, actions: Iterable[type[Action]], text: str = "") -> bool:
        """Open the list; `text` is searched for links once something is chosen."""
        view = self._view(place, list(actions), text)
        try:
            client = await self._workspaces.client(place.team_id, place.enterprise_id)
            await client.views_open(trigger_id=place.trigger_id, view=view)
        except (NotInstalled, *SLACK_FAILS):
            return False
        return True

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
        names, refusal = self.usable(action, there)
        if refusal is not None:
            await ack(response_action="update", view=message_view(words.FORM_TITLE, refusal))
            return
        values = prefilled(action, str(held["text"]))
        form = self._forms.view(action, there, connections=names, values=values)
        await ack(response_action="update", view=form.to_dict())

    def usable(
        self, action: type[Action], place: Place, *, asked: bool = True
    ) -> tuple[tuple[str, ...], Message | None]:
        """The connections to offer for an action, or why there is none. `asked`: the person chose it."""
        choice = self._launching.choose(action, place)
        names = (choice.connection,) if choice.connection else choice.names
        if not names:
            return (), notices.mistake(choice.problem)
        if asked:
            refusal = self._launching.refusal(action, place, names[0])
            return ((), refusal) if refusal is not None else (names, None)
        decision = self._launching.decide(action, place, names[0])
        if not decision.allowed:
            return (), notices.denial(decision.reason, decision.how)
        return names, None

    def _view(self, place: Place, actions: list[type[Action]], text: str) -> dict[str, Any]:
        held = {
            "team_id": place.team_id,
            "channel_id": place.channel_id,
            "thread_ts": place.thread_ts,
            "response_url": place.response_url,
            "text": " ".join(_LINK.findall(text))[:_LINKS_MOST],
        }
        options = [
            {
                "text": _plain(action.title),
                "description": _plain(summary(action)[:75]),
                "value": action.id,
            }
            for action in actions[:100]
        ]
        return {
            "type": "modal",
            "callback_id": CALLBACK,
            "title": _plain(words.CHOOSE_TITLE),
            "submit": _plain(words.CHOOSE_SUBMIT),
            "close": _plain(words.CLOSE),
            "private_metadata": self._vault.seal(held),
            "blocks": [
                {
                    "type": "input",
                    "block_id": _BLOCK,
                    "label": _plain(words.CHOOSE_LABEL),
                    "element": {
                        "type": "static_select",
                        "action_id": _VALUE,
                        "options": options,
                    },
                }
            ],
        }


def _plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


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
