"""An action as a Slack form: one input per leaf, filled in with what is known.

A block's id is the leaf's key, so an error lands on its own input (see `submission`). A picker's
`action_id` is the list it shows; a box that opens with an answer says so in its own. `private_metadata` carries a reference only: what is behind it stays
with the door. Limits: https://docs.slack.dev/reference/views/modal-views and …/block-kit/blocks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final

from slack_sdk.models.blocks import (
    Block,
    CheckboxesElement,
    ContextBlock,
    DatePickerElement,
    EmailInputElement,
    ExternalDataMultiSelectElement,
    ExternalDataSelectElement,
    InputBlock,
    NumberInputElement,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RadioButtonsElement,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.blocks.block_elements import InputInteractiveElement
from slack_sdk.models.views import View

from bridge.contract import Action
from bridge.surfaces.leaves import Kind, Leaf
from bridge.surfaces.usage import shown_leaves

CALLBACK: Final = "bridge.form:"  # then the action's id
PLAIN_VALUE: Final = "value"  # action_id of every input that is no picker
KNOWN: Final = "known"  # action_id of a box that opened with an answer: unticked it says no
CONNECTION_BLOCK: Final = "bridge.connection"
SUBMIT = "Run"
CANCEL = "Cancel"
YES = "Yes"
CONNECTION_LABEL = "Connection"
CONNECTION_HINT = "Which account this is for."
COMMAS = "Several: separate them with commas."
PICK = "Choose, or type an id"

TITLE_MOST: Final = 24
METADATA_MOST: Final = 3000
TEXT_MOST: Final = 3000
HINT_MOST: Final = 2000
PLACEHOLDER_MOST: Final = 150
OPTION_TEXT_MOST: Final = 75
OPTION_VALUE_MOST: Final = 150
OPTIONS_MOST: Final = 100
RADIO_MOST: Final = 5  # more are easier found in a list


def view(
    action: type[Action],
    values: Mapping[str, Any] | None = None,
    *,
    reference: str = "",
    says: Sequence[str] = (),
    connections: Collection[str] = (),
    connection: str = "",
    labels: Mapping[str, str] | None = None,
) -> View:
    """The form, with values by leaf key filled in. `says` stands on top; `labels` name picked values.

    The connection is asked for only where several are offered.
    """
    given = dict(values or {})
    blocks: list[Block] = [_section(sentence) for sentence in says]
    if len(connections) > 1:
        blocks.append(_connection(list(connections)[:OPTIONS_MOST], connection))
    blocks += [_block(leaf, _initial(leaf, given), labels or {}) for leaf in shown_leaves(action)]
    if action.confirm:
        blocks.append(ContextBlock(elements=[PlainTextObject(text=action.confirm)]))
    return View(
        type="modal",
        title=_title(action),
        submit=PlainTextObject(text=SUBMIT),
        close=PlainTextObject(text=CANCEL),
        callback_id=f"{CALLBACK}{action.id}",
        private_metadata=_reference(reference),
        blocks=blocks,
    )


def _title(action: type[Action]) -> PlainTextObject:
    return PlainTextObject(text=_cut(action.title, TITLE_MOST))


def _reference(reference: str) -> str:
    if len(reference) > METADATA_MOST:
        raise ValueError("A form carries a reference, not what it refers to.")
    return reference


def _section(text: str) -> SectionBlock:
    return SectionBlock(text=PlainTextObject(text=_cut(text, TEXT_MOST)))


def _connection(names: list[str], chosen: str) -> InputBlock:
    options = [_option(name) for name in names]
    initial = next((option for option in options if option.value == chosen), options[0])
    return InputBlock(
        block_id=CONNECTION_BLOCK,
        label=CONNECTION_LABEL,
        hint=CONNECTION_HINT,
        element=StaticSelectElement(action_id=PLAIN_VALUE, options=options, initial_option=initial),
    )


def _initial(leaf: Leaf, given: Mapping[str, Any]) -> Any:
    """What is known, else the default; a box of a group nobody asked for yet opens unticked."""
    inside = ".".join((*leaf.group, ""))
    if (
        leaf.kind is Kind.BOOLEAN
        and leaf.group
        and not any(key.startswith(inside) for key in given)
    ):
        return None
    return given.get(leaf.key, leaf.default)


def _block(leaf: Leaf, value: Any, labels: Mapping[str, str]) -> InputBlock:
    hint = leaf.description
    if leaf.kind is Kind.LIST and not leaf.picker:
        hint = f"{hint} {COMMAS}".strip()
    return InputBlock(
        block_id=leaf.key,
        label=_cut(leaf.label, HINT_MOST),
        hint=_cut(hint, HINT_MOST) or None,
        optional=not leaf.required or leaf.kind is Kind.BOOLEAN,
        element=_element(leaf, value, labels),
    )


def _element(leaf: Leaf, value: Any, labels: Mapping[str, str]) -> InputInteractiveElement:
    if leaf.picker:
        return _picker(leaf, value, labels)
    if leaf.kind is Kind.BOOLEAN:
        box = [Option(value="true", text=YES)]
        return CheckboxesElement(
            action_id=PLAIN_VALUE if value is None else KNOWN,
            options=box,
            initial_options=box if value is True else None,
        )
    if leaf.kind is Kind.CHOICE and len(leaf.choices) <= OPTIONS_MOST:
        return _choice(leaf, value)
    if leaf.kind is Kind.DATE:
        return DatePickerElement(action_id=PLAIN_VALUE, initial_date=_day(value))
    return _typed(leaf, value)


def _typed(leaf: Leaf, value: Any) -> InputInteractiveElement:
    text = as_text(value)
    sample = _cut(leaf.sample, PLACEHOLDER_MOST) or None
    if leaf.kind is Kind.EMAIL:
        return EmailInputElement(action_id=PLAIN_VALUE, initial_value=text, placeholder=sample)
    if leaf.kind is Kind.INTEGER:
        number = text if text and text.lstrip("-").isdecimal() else None
        return NumberInputElement(
            action_id=PLAIN_VALUE,
            is_decimal_allowed=False,
            initial_value=number,
            placeholder=sample,
        )
    most = min(leaf.max_length or TEXT_MOST, TEXT_MOST)
    return PlainTextInputElement(
        action_id=PLAIN_VALUE,
        multiline=leaf.kind is Kind.LONG_TEXT,
        max_length=most,
        initial_value=_cut(text, most) if text else None,
        placeholder=sample,
    )


def _picker(leaf: Leaf, value: Any, labels: Mapping[str, str]) -> InputInteractiveElement:
    if leaf.kind is Kind.LIST:
        chosen = [str(item) for item in value or () if 0 < len(str(item)) <= OPTION_VALUE_MOST]
        options = [_option(item, labels.get(item, "")) for item in chosen[:OPTIONS_MOST]]
        return ExternalDataMultiSelectElement(
            action_id=leaf.picker,
            min_query_length=0,
            initial_options=options or None,
            placeholder=PICK,
        )
    text = as_text(value) or ""
    fits = 0 < len(text) <= OPTION_VALUE_MOST
    return ExternalDataSelectElement(
        action_id=leaf.picker,
        min_query_length=0,
        initial_option=_option(text, labels.get(text, "")) if fits else None,
        placeholder=PICK,
    )


def _choice(leaf: Leaf, value: Any) -> InputInteractiveElement:
    options = [_option(choice) for choice in leaf.choices if len(choice) <= OPTION_VALUE_MOST]
    text = as_text(value)
    initial = next((option for option in options if option.value == text), None)
    # a radio button cannot be taken back, so it is only for what always has a value
    if len(options) <= RADIO_MOST and (leaf.required or leaf.default is not None):
        return RadioButtonsElement(action_id=PLAIN_VALUE, options=options, initial_option=initial)
    return StaticSelectElement(action_id=PLAIN_VALUE, options=options, initial_option=initial)


def _option(value: str, label: str = "") -> Option:
    return Option(value=value, text=_cut(label or value, OPTION_TEXT_MOST))


def as_text(value: Any) -> str | None:
    """A value as it stands in an input."""
    if value is None:
        return None
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(str(item).replace(",", "\\,") for item in value)
    return str(value)


def _day(value: Any) -> str | None:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        return None


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
