"""Buttons, menus and shortcuts: what a person clicks and what the bridge is told.

https://docs.slack.dev/reference/interaction-payloads/block_actions-payload and its neighbours. Each click
brings a new `response_url` and a new trigger; the body of the answer is ignored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox.slack import states
from bridge.sandbox.slack.elements import STATEFUL, group_problems, options_problems
from bridge.sandbox.slack.model import Json, Message, Trigger, User, View
from bridge.sandbox.slack.wire import Answer, Receipt, Wire

WARNING_SIGN = "\u26a0"


@dataclass(frozen=True, slots=True)
class ClickReceipt(Receipt):
    """A click; `confirm` holds the words of the dialog that was shown first, `sent` whether it went on."""

    confirm: str = ""
    sent: bool = True


@dataclass(frozen=True, slots=True)
class SuggestReceipt(Receipt):
    """What a menu offered after some letters were typed."""

    options: list[Json] = field(default_factory=list)

    @property
    def labels(self) -> list[str]:
        return [str(option["text"]["text"]) for option in self.options]


class Interactions(Wire):
    """A person clicks in a message or a view, types into a menu, or calls a shortcut."""

    async def click(
        self,
        user: str,
        place: Message | View | None,
        wanted: str,
        choice: Any = None,
        *,
        agree: bool = True,
    ) -> ClickReceipt:
        """Use the element whose action_id, value or text is `wanted`; a menu is set to `choice`.

        `place` is a message, a view, or None for the topmost open modal. With `agree=False` the person
        says no to the confirmation dialog and nothing is sent.
        """
        who = self.user(user)
        spot = self._seen(who, place)
        block, element = _find(spot.blocks, wanted)
        confirm = _confirm_words(element)
        if confirm and not agree:
            return ClickReceipt(0, "", 0.0, confirm=confirm, sent=False)
        action = {key: value for key, value in element.items() if not key.startswith("initial_")}
        action |= {"block_id": block["block_id"], "action_ts": self.next_ts()}
        if isinstance(spot, View):
            action |= self._hold(spot, block, element, choice)
            payload, trigger, hook = self._from_view(who, spot)
        else:
            offers = self.message_offers.get((spot.ts, element["action_id"]), [])
            action |= _chosen(element, choice, offers)
            payload, trigger, hook = self._from_message(who, spot)
        payload |= {"type": "block_actions", "actions": [action]}
        answer = await self.deliver("interactive", payload)
        return ClickReceipt(
            answer.status,
            answer.body,
            answer.seconds,
            WARNING_SIGN if answer.failure else "",
            answer.failure,
            trigger.id,
            hook,
            payload,
            confirm,
        )

    async def suggest(
        self, user: str, place: Message | View | None, action_id: str, typed: str = ""
    ) -> SuggestReceipt:
        """Type into an external_select; fewer letters than `min_query_length` ask for nothing."""
        who = self.user(user)
        spot = self._seen(who, place)
        block, element = _find(spot.blocks, action_id)
        if len(typed) < element.get("min_query_length", 3):
            return SuggestReceipt(0, "", 0.0, error="query_too_short")
        payload = self.envelope(who) | {
            "type": "block_suggestion",
            "action_id": element["action_id"],
            "block_id": block["block_id"],
            "value": typed,
        }
        if isinstance(spot, View):
            payload |= {"container": _container(spot), "view": spot.as_json()}
        else:
            channel = self.channels[spot.channel]
            payload |= {"container": _container(spot), "channel": self.channel_names(channel)}
            if spot.ephemeral_to is None:
                payload["message"] = spot.as_json(who.team_id)
        answer = await self.deliver("interactive", payload)
        options, error = _offered(answer)
        if error:
            self.record("refuse_options", action_id, error=error)
        elif isinstance(spot, View):
            spot.offers[element["action_id"]] = options
        else:
            self.message_offers[spot.ts, element["action_id"]] = options
        return SuggestReceipt(
            answer.status,
            answer.body,
            answer.seconds,
            "" if not error else "No results",
            error,
            payload=payload,
            options=options,
        )

    async def shortcut(
        self, user: str, callback_id: str, message: Message | None = None
    ) -> ClickReceipt:
        """Call a global shortcut, or a message shortcut on `message`."""
        who = self.user(user)
        payload = self.envelope(who) | {"callback_id": callback_id, "action_ts": self.next_ts()}
        hook = ""
        if message is None:
            payload["type"] = "shortcut"
            trigger = self.new_trigger(who.team_id, who.id)
        else:
            self._seen(who, message)
            channel = self.channels[message.channel]
            trigger = self.new_trigger(who.team_id, who.id, channel.id)
            hook = self.new_hook(channel, who.id, message if message.app_id else None)
            payload |= {
                "type": "message_action",
                "message_ts": message.ts,
                "channel": self.channel_names(channel),
                "message": message.as_json(who.team_id),
                "response_url": hook,
            }
        payload["trigger_id"] = trigger.id
        answer = await self.deliver("interactive", payload)
        shown = "We had some trouble connecting. Try again?" if answer.failure else ""
        return ClickReceipt(
            answer.status,
            answer.body,
            answer.seconds,
            shown,
            answer.failure,
            trigger.id,
            hook,
            payload,
        )

    # -- pieces ---------------------------------------------------------------------------------

    def _seen(self, who: User, place: Message | View | None) -> Message | View:
        if place is None:
            stack = self.open_views(who.id)
            if not stack:
                raise LookupError(f"{who.name} has no modal open")
            return stack[-1]
        if isinstance(place, View):
            if place.user != who.id:
                raise LookupError(f"{who.name} does not see view {place.id}")
            return place
        if not any(place is message for message in self.messages(place.channel, who.id)):
            raise LookupError(f"{who.name} does not see message {place.ts}")
        return place

    def _from_message(self, who: User, message: Message) -> tuple[Json, Trigger, str]:
        channel = self.channels[message.channel]
        trigger = self.new_trigger(who.team_id, who.id, channel.id)
        hook = self.new_hook(channel, who.id, message)
        values: dict[str, Json] = {}
        for block, element in states.stateful(message.blocks):
            values.setdefault(block["block_id"], {})[element["action_id"]] = states.untouched(
                element
            )
        payload = self.envelope(who) | {
            "container": _container(message),
            "trigger_id": trigger.id,
            "channel": self.channel_names(channel),
            "state": {"values": values},
            "response_url": hook,
        }
        # An ephemeral message is not in the payload: Slack keeps no copy of it.
        if message.ephemeral_to is None:
            payload["message"] = message.as_json(who.team_id)
        return payload, trigger, hook

    def _from_view(self, who: User, view: View) -> tuple[Json, Trigger, str]:
        trigger = self.new_trigger(who.team_id, who.id, view.channel, view.id)
        payload = self.envelope(who) | {
            "container": _container(view),
            "trigger_id": trigger.id,
            "view": view.as_json(),
        }
        return payload, trigger, ""

    def _hold(self, view: View, block: Json, element: Json, choice: Any) -> Json:
        """A menu in a view keeps what was chosen, so that a later submission carries it."""
        chosen = _chosen(element, choice, view.offers.get(element["action_id"], []))
        if element["type"] in STATEFUL:
            held = {"type": element["type"], **chosen}
            view.state.setdefault(block["block_id"], {})[element["action_id"]] = held
        return chosen


def _chosen(element: Json, choice: Any, offers: list[Json]) -> Json:
    if element["type"] == "overflow":
        return {"selected_option": states.option(element, str(choice), offers)}
    if element["type"] not in STATEFUL:
        return {}
    held = states.filled(element, choice, offers)
    return {key: value for key, value in held.items() if key != "type"}


def _container(spot: Message | View) -> Json:
    if isinstance(spot, View):
        return {"type": "view", "view_id": spot.id}
    container: Json = {
        "type": "message",
        "message_ts": spot.ts,
        "channel_id": spot.channel,
        "is_ephemeral": spot.ephemeral_to is not None,
    }
    if spot.thread_ts:
        container["thread_ts"] = spot.thread_ts
    return container


def _find(blocks: list[Json], wanted: str) -> tuple[Json, Json]:
    for block in blocks:
        for element in states.elements(block):
            words = element.get("text")
            label = words.get("text") if isinstance(words, dict) else None
            if wanted in (element.get("action_id"), element.get("value"), label):
                return block, element
    raise LookupError(f"nothing to use is called {wanted!r}")


def _confirm_words(element: Json) -> str:
    confirm = element.get("confirm")
    if not confirm:
        return ""
    return f"{confirm['title']['text']}\n{confirm['text']['text']}"


def _offered(answer: Answer) -> tuple[list[Json], str]:
    if answer.failure:
        return [], answer.failure
    content = answer.json()
    if content is None:
        return [], "invalid_options"
    groups = content.get("option_groups")
    if groups:
        reasons = list(group_problems(groups, "/option_groups"))
        return ([], reasons[0]) if reasons else (states.all_options(content), "")
    options = content.get("options")
    if options == []:
        return [], ""
    reasons = list(options_problems(options, 100, "/options"))
    return ([], reasons[0]) if reasons else (list(options or []), "")
