"""The line that runs an action with given arguments: what `command_line` writes, `parse` reads back.

Next steps and help show such lines for people to type or copy. A value is quoted where a bare word could
be taken for something else: for a sub word, an option, the beginning of the free text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.contract import Action
from bridge.surfaces.grammar import CONNECTION
from bridge.surfaces.leaves import Kind, Leaf, flatten, leaves
from bridge.surfaces.line import QUOTES, Line, plain
from bridge.surfaces.usage import HELP, name_of, unmistakable

_PLAIN = re.compile(r"[A-Za-z0-9][\w.@:/+\-]*", re.ASCII)


def command_line(
    action: type[Action],
    args: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
    connection: str = "",
) -> str:
    """The line that a person would type to run this action with these arguments."""
    values = flatten(action, args)
    shown = [leaf for leaf in leaves(action) if leaf.key in values]
    words = [name_of(action.command.word, names or {}), *filter(None, [action.command.sub])]
    places = [leaf for leaf in leaves(action) if leaf.positional]
    filled = 0
    while filled < len(places) and values.get(places[filled].key) not in (None, "", [], ()):
        leaf = places[filled]
        first = not filled and not action.command.sub
        words.append(_written(leaf, values[leaf.key], first=first))
        filled += 1
    rest = [leaf for leaf in shown if leaf.rest and _may_end(str(values[leaf.key]))]
    if filled < len(places):
        rest = []  # the text would be taken for the next place
    for leaf in shown:
        value = values[leaf.key]
        empty = leaf.kind is Kind.LIST and not value
        if leaf not in places[:filled] and leaf not in rest and not empty:
            words.append(f"{unmistakable(action, leaf)}={_written(leaf, value)}")
    if connection:
        words.append(f"{CONNECTION}={_quoted(connection)}")
    for leaf in rest:
        text = str(values[leaf.key])
        words += [text] if _begins_text(text, after_name=len(words) == 1) else ["--", text]
    return " ".join(words)


def _written(leaf: Leaf, value: Any, *, first: bool = False) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(_quoted(str(item), in_list=True) for item in value)
    text = str(value)
    # a short first word could be a sub word of a neighbour, or be taken for a typo of one
    doubtful = text.casefold() in HELP or (first and len(text) < 8 and not text.isdigit())
    return _quoted(text, always=leaf.rest or doubtful)


def _quoted(text: str, *, always: bool = False, in_list: bool = False) -> str:
    if not always and _PLAIN.fullmatch(text):
        return text
    special = QUOTES + "\\" + ("," if in_list else "")
    return '"' + "".join(f"\\{char}" if char in special else char for char in text) + '"'


def _may_end(text: str) -> bool:
    """Whether free text can stand at the end of a line as it is."""
    return bool(text) and not text[0].isspace() and bool(plain(text))


def _begins_text(text: str, *, after_name: bool) -> bool:
    """Whether it cannot be taken for an option, nor its first word for a sub word."""
    line = Line(text)
    return not (after_name or line.key() or line.ends_options()) and bool(plain(line.peek()))
