"""Validation errors as sentences for people: what is wrong with which value, and what to type.

An action's own validators already speak in sentences; here the messages of pydantic that were written
for programmers are put the same way. Slash lines, forms, the command line and problem+json share them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bridge.contract import Action
from bridge.surfaces.leaves import Leaf, leaf_at, leaves

NEEDED = "This is needed."
FOR_EXAMPLE = "For example: {sample}"
UNKNOWN_OPTION = "There is no option {option}=."
DID_YOU_MEAN = "Did you mean {near}?"
OPTIONS = "There are: {options}."
NO_OPTIONS = "It takes no options."
TWICE = "{name}= is given twice. Keep one of them."
NO_VALUE = "{name}= has no value. Type it right behind the equals sign, without a space."
UNCLOSED = "The quote of {name} is never closed. Put a closing quote at its end."
TOO_MUCH = "“{text}” is more than this command takes. Leave it out."
UNKNOWN_COMMAND = "There is no command {command}."
UNKNOWN_SUB = "“{word}” is none of its words."
SUBS = "Type one of: {subs}."
_SHOWN = 60

_BY_TYPE = {
    "missing": NEEDED,
    "extra_forbidden": "There is no such field. Leave it out.",
    "int_parsing": "Give a whole number.",
    "int_type": "Give a whole number.",
    "int_from_float": "Give a whole number.",
    "int_parsing_size": "This number is too large. Give a smaller one.",
    "bool_parsing": "Say yes or no.",
    "bool_type": "Say yes or no.",
    "string_type": "Give a text.",
    "list_type": "Give one or more values, separated by commas.",
    "tuple_type": "Give one or more values, separated by commas.",
    "set_type": "Give one or more values, separated by commas.",
    "date_parsing": "Give the date as YYYY-MM-DD.",
    "date_type": "Give the date as YYYY-MM-DD.",
    "date_from_datetime_parsing": "Give the date as YYYY-MM-DD.",
    "date_from_datetime_inexact": "Give the date as YYYY-MM-DD.",
    "literal_error": "Choose {expected}.",
    "enum": "Choose {expected}.",
    "string_too_short": "Give at least {min_length} characters.",
    "string_too_long": "Give at most {max_length} characters.",
    "too_short": "Give at least {min_length}.",
    "too_long": "Give at most {max_length}.",
    "greater_than": "It must be more than {gt}.",
    "greater_than_equal": "It must be at least {ge}.",
    "less_than": "It must be less than {lt}.",
    "less_than_equal": "It must be at most {le}.",
    "model_type": "Give an object with fields of its own.",
    "dict_type": "Give an object with fields of its own.",
    "string_pattern_mismatch": "This does not look right. Correct it.",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; `leaf` is None when it concerns several values at once."""

    leaf: Leaf | None
    sentence: str
    missing: bool = False
    loc: tuple[int | str, ...] = ()  # where pydantic found it, for a JSON pointer

    @property
    def line(self) -> str:
        """The sentence with the name of what it is about."""
        return f"{self.leaf.name}: {self.sentence}" if self.leaf else self.sentence


def faults(action: type[Action], error: ValidationError) -> list[Fault]:
    """Each error as a sentence on its leaf, once."""
    found: dict[tuple[str, str], Fault] = {}
    for detail in error.errors(include_url=False, include_input=False):
        leaf = leaf_at(action, detail["loc"])
        fault = Fault(leaf, _sentence(detail, leaf), detail["type"] == "missing", detail["loc"])
        found.setdefault((leaf.key if leaf else "", fault.sentence), fault)
    return list(found.values())


def home(action: type[Action], fault: Fault) -> Leaf | None:
    """The input that a fault is best shown at: its own, else one of the group, else the first."""
    if fault.leaf:
        return fault.leaf
    inside = tuple(part for part in fault.loc if isinstance(part, str))
    shown = [leaf for leaf in leaves(action) if not leaf.implied]
    group = [leaf for leaf in shown if inside and leaf.path[: len(inside)] == inside]
    return next((leaf for leaf in group if leaf.needed), next(iter(group or shown), None))


def nearest(word: str, known: Iterable[str], cutoff: float = 0.7) -> str:
    """The known word that was probably meant, or nothing."""
    words = list(known)
    close = words and difflib.get_close_matches(word.casefold(), words, n=1, cutoff=cutoff)
    return close[0] if close else ""


def unknown_option(key: str, known: Sequence[str]) -> str:
    """No such option, with the nearest or all of them."""
    near = nearest(key, known)
    said = UNKNOWN_OPTION.format(option=cut(key))
    if near:
        return f"{said} {DID_YOU_MEAN.format(near=near + '=')}"
    if not known:
        return f"{said} {NO_OPTIONS}"
    return f"{said} {OPTIONS.format(options=', '.join(f'{name}=' for name in known))}"


def cut(text: str) -> str:
    """What somebody typed, short enough to be repeated in a sentence."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else f"{flat[: _SHOWN - 1]}…"


def _sentence(detail: ErrorDetails, leaf: Leaf | None) -> str:
    template = _BY_TYPE.get(detail["type"])
    if template is None:
        said = detail["msg"].removeprefix("Value error, ").replace("Input should", "It must")
        return said if said.endswith((".", "!", "?", "…")) else f"{said}."
    context = {key: str(value) for key, value in detail.get("ctx", {}).items()}
    if leaf and leaf.choices:
        context["expected"] = " or ".join((", ".join(leaf.choices[:-1]), leaf.choices[-1]))
    sentence = template.format_map(context)
    if leaf and leaf.sample and not leaf.choices:
        return f"{sentence} {FOR_EXAMPLE.format(sample=cut(leaf.sample))}"
    return sentence
