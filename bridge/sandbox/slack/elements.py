"""Whether Slack would take one block element: a button, a menu, an input.

Limits from https://docs.slack.dev/reference/block-kit/block-elements and the option, option group and
confirmation dialog pages of composition objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bridge.sandbox.slack.model import Json
from bridge.sandbox.slack.texts import at, length_problems, missing, text_problems

_SELECT_SOURCES = ("static", "external", "users", "conversations", "channels")
SELECTS = {f"{source}_select" for source in _SELECT_SOURCES}
MULTI_SELECTS = {f"multi_{name}" for name in SELECTS}
TYPED_INPUTS = {"plain_text_input", "email_text_input", "url_text_input", "number_input"}
PICKERS = {"datepicker", "timepicker", "datetimepicker"}
CHOICES = {"checkboxes", "radio_buttons"}
STATEFUL = SELECTS | MULTI_SELECTS | TYPED_INPUTS | PICKERS | CHOICES
STATEFUL |= {"file_input", "rich_text_input"}
INTERACTIVE = STATEFUL | {"button", "overflow", "workflow_button"}
INTERACTIVE |= {"feedback_buttons", "icon_button"}
ELEMENTS = INTERACTIVE | {"image"}


def element_problems(element: Json, where: str) -> Iterator[str]:
    """The reasons why one element is refused."""
    kind = element.get("type")
    yield from length_problems(element.get("action_id"), 255, f"{where}/action_id")
    if "placeholder" in element:
        yield from text_problems(element["placeholder"], 150, f"{where}/placeholder", plain=True)
    if "confirm" in element:
        yield from _confirm(element["confirm"], f"{where}/confirm")
    if kind == "button":
        yield from _button(element, where)
    elif kind == "image":
        if not element.get("image_url") and not element.get("slack_file"):
            yield missing("image_url", where)
        if not isinstance(element.get("alt_text"), str):
            yield missing("alt_text", where)
    elif kind in {"static_select", "multi_static_select"}:
        yield from _static(element, where)
    elif kind == "overflow":
        yield from options_problems(element.get("options"), 5, f"{where}/options")
    elif kind in CHOICES:
        yield from options_problems(element.get("options"), 10, f"{where}/options", plain=False)
    elif kind == "plain_text_input":
        yield from _plain_text_input(element, where)
    elif kind == "number_input" and not isinstance(element.get("is_decimal_allowed"), bool):
        yield missing("is_decimal_allowed", where)
    for initial in ("initial_option", "initial_options"):
        if initial in element and kind in CHOICES | {"static_select", "multi_static_select"}:
            yield from _initial(element, element[initial], f"{where}/{initial}")


def _button(element: Json, where: str) -> Iterator[str]:
    yield from text_problems(element.get("text"), 75, f"{where}/text", plain=True)
    yield from length_problems(element.get("value"), 2000, f"{where}/value")
    yield from length_problems(element.get("url"), 3000, f"{where}/url")
    yield from length_problems(
        element.get("accessibility_label"), 75, f"{where}/accessibility_label"
    )
    if element.get("style", "primary") not in {"primary", "danger"}:
        yield at("must be primary or danger", f"{where}/style")


def _static(element: Json, where: str) -> Iterator[str]:
    if "option_groups" in element:
        yield from group_problems(element["option_groups"], f"{where}/option_groups")
    else:
        yield from options_problems(element.get("options"), 100, f"{where}/options")


def _plain_text_input(element: Json, where: str) -> Iterator[str]:
    shortest, longest = element.get("min_length", 0), element.get("max_length", 3000)
    if not 0 <= shortest <= 3000:
        yield at("must be between 0 and 3000", f"{where}/min_length")
    if not 1 <= longest <= 3000:
        yield at("must be between 1 and 3000", f"{where}/max_length")
    if shortest > longest:
        yield at("must not be greater than max_length", f"{where}/min_length")
    yield from length_problems(element.get("initial_value"), 3000, f"{where}/initial_value")


def options_problems(options: Any, most: int, where: str, *, plain: bool = True) -> Iterator[str]:
    """The reasons why a list of options is refused."""
    if not isinstance(options, list) or not options:
        yield at("must have at least 1 item", where)
        return
    if len(options) > most:
        yield at(f"no more than {most} items allowed", where)
    for index, option in enumerate(options):
        spot = f"{where}/{index}"
        if not isinstance(option, dict):
            yield at("must be an object", spot)
            continue
        yield from text_problems(option.get("text"), 75, f"{spot}/text", plain=plain)
        if not isinstance(option.get("value"), str):
            yield missing("value", spot)
        yield from length_problems(option.get("value"), 150, f"{spot}/value")
        if "description" in option:
            yield from text_problems(option["description"], 75, f"{spot}/description", plain=plain)


def group_problems(groups: Any, where: str) -> Iterator[str]:
    """The reasons why a list of option groups is refused."""
    if not isinstance(groups, list) or not groups:
        yield at("must have at least 1 item", where)
        return
    if len(groups) > 100:
        yield at("no more than 100 items allowed", where)
    for index, group in enumerate(groups):
        yield from text_problems(group.get("label"), 75, f"{where}/{index}/label", plain=True)
        yield from options_problems(group.get("options"), 100, f"{where}/{index}/options")


def _confirm(confirm: Any, where: str) -> Iterator[str]:
    if not isinstance(confirm, dict):
        yield at("must be an object", where)
        return
    yield from text_problems(confirm.get("title"), 100, f"{where}/title", plain=True)
    yield from text_problems(confirm.get("text"), 300, f"{where}/text")
    for answer in ("confirm", "deny"):
        yield from text_problems(confirm.get(answer), 30, f"{where}/{answer}", plain=True)


def _initial(element: Json, initial: Any, where: str) -> Iterator[str]:
    chosen = initial if isinstance(initial, list) else [initial]
    groups = [group.get("options", []) for group in element.get("option_groups", [])]
    offered = [option for options in [element.get("options", []), *groups] for option in options]
    values = {option.get("value") for option in offered if isinstance(option, dict)}
    if any(not isinstance(option, dict) or option.get("value") not in values for option in chosen):
        yield at("must be one of the provided options", where)
