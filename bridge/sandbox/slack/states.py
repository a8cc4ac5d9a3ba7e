"""What a filled-in element says: the shape of `state.values` for each kind, and what Slack's client refuses to send.

https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload. An untouched element is
present with its initial value or null, so `state.values` always names every element that can hold one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bridge.sandbox.slack.elements import STATEFUL, TYPED_INPUTS
from bridge.sandbox.slack.model import Json

_KEYS = {
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "checkboxes": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", ""),
    "rich_text_input": ("rich_text_value", "initial_value"),
}
_KEYS |= dict.fromkeys(TYPED_INPUTS, ("value", "initial_value"))


def elements(block: Json) -> Iterator[Json]:
    """Every element of a block that a person can use."""
    inside = [*block.get("elements", []), block.get("accessory"), block.get("element")]
    yield from (element for element in inside if isinstance(element, dict))


def stateful(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Each block with each of its elements that can hold a value."""
    for block in blocks:
        for element in elements(block):
            if element.get("type") in STATEFUL:
                yield block, element


def untouched(element: Json) -> Json:
    """The state of an element nobody has used yet."""
    kind = str(element["type"])
    key, initial = _KEYS[kind]
    empty: Any = [] if key.endswith("s") else None
    return {"type": kind, key: element.get(initial, empty)}


def filled(element: Json, raw: Any, offers: list[Json]) -> Json:
    """The state after a person entered `raw`: words, or the value or text of an option that is really there."""
    kind = str(element["type"])
    key, _ = _KEYS[kind]
    if key == "selected_option":
        return {"type": kind, key: None if raw is None else option(element, str(raw), offers)}
    if key == "selected_options":
        return {"type": kind, key: [option(element, str(one), offers) for one in raw]}
    if kind in TYPED_INPUTS:
        return {"type": kind, key: None if raw in (None, "") else str(raw)}
    return {"type": kind, key: raw}


def all_options(element: Json) -> list[Json]:
    """The options an element shows, groups or none."""
    grouped = [group.get("options", []) for group in element.get("option_groups", [])]
    return [one for options in [element.get("options", []), *grouped] for one in options]


def option(element: Json, wanted: str, offers: list[Json]) -> Json:
    """The offered option with this value or text; a person cannot choose what is not there."""
    initial = element.get("initial_option")
    there = [*all_options(element), *offers, *element.get("initial_options", [])]
    for one in [*there, *([initial] if initial else [])]:
        if wanted in (one.get("value"), one.get("text", {}).get("text")):
            return dict(one)
    raise LookupError(f"no option {wanted!r} is offered in {element.get('action_id')}")


def client_refusals(blocks: list[Json], state: dict[str, dict[str, Json]]) -> dict[str, str]:
    """What Slack's own client tells a person before anything is sent, by block."""
    found: dict[str, str] = {}
    for block, element in stateful(blocks):
        if block.get("type") != "input":
            continue
        held = state[block["block_id"]][element["action_id"]]
        value = held[_KEYS[str(element["type"])][0]]
        if value in (None, "", []):
            if not block.get("optional"):
                found[block["block_id"]] = "Please complete this required field."
        elif isinstance(value, str):
            complaint = _complaint(element, value)
            if complaint:
                found[block["block_id"]] = complaint
    return found


def _complaint(element: Json, value: str) -> str:
    shortest, longest = element.get("min_length", 0), element.get("max_length", 3000)
    match element["type"]:
        case "plain_text_input" if len(value) < shortest:
            return f"Please enter at least {shortest} characters."
        case "plain_text_input" if len(value) > longest:
            return f"Please enter at most {longest} characters."
        case "email_text_input" if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
            return "Please enter a valid email address."
        case "url_text_input" if not re.match(r"https?://\S+$", value):
            return "Please enter a valid URL."
        case "number_input" if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            return "Please enter a valid number."
    return ""
