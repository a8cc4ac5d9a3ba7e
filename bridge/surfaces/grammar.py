"""One action's values read from a line: options anywhere, required fields in order, the rest untouched.

`key=value` and `--key value` are options until the free text begins; a bare `--` ends them by hand. The
reader never raises: what it cannot place becomes a fault, and the values it did place are kept, so that
a form can open with them or another candidate of the same command can be preferred.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bridge.contract import Action
from bridge.surfaces import sentences
from bridge.surfaces.leaves import Kind, Leaf, by_name, leaves, squeeze
from bridge.surfaces.line import INVISIBLE, Key, Line, Typed, Unclosed, dashed
from bridge.surfaces.sentences import Fault

CONNECTION = "on"  # the option that every command has: which connection is meant
YES_NO: Mapping[str, bool] = MappingProxyType(
    {
        **dict.fromkeys(("yes", "y", "true", "1", "on"), True),
        **dict.fromkeys(("no", "n", "false", "0", "off"), False),
    }
)


@dataclass(slots=True)
class Reading:
    """What a line holds for one action."""

    values: dict[str, Any] = field(default_factory=dict)  # by leaf key, as typed
    mentions: dict[str, tuple[str, ...]] = field(default_factory=dict)  # leaf key -> Slack users
    connection: str = ""
    faults: list[Fault] = field(default_factory=list)


def option_names(action: type[Action]) -> tuple[str, ...]:
    """The options an action offers, as help shows them."""
    shown = [leaf.name for leaf in leaves(action) if not leaf.implied and not leaf.positional]
    return (*shown, CONNECTION)


def read(action: type[Action], line: Line) -> Reading:
    """Read the line to its end."""
    return _Reader(action, line).run()


class _Reader:
    def __init__(self, action: type[Action], line: Line) -> None:
        self._action = action
        self._line = line
        self._reading = Reading()
        self._options = True
        self._places = deque(leaf for leaf in leaves(action) if leaf.positional)
        self._text = next((leaf for leaf in leaves(action) if leaf.rest), None)

    def run(self) -> Reading:
        while not self._line.at_end():
            if self._options and self._line.ends_options():
                self._options = False
                self._line.step()
                continue
            key = self._line.key() if self._options else None
            if not (key and self._option(key)) and not self._word():
                break
        return self._reading

    def _option(self, key: Key) -> bool:
        """Take an option; False when these are words of the free text that only look like one."""
        leaf = by_name(self._action).get(squeeze(key.name))
        if leaf is None and squeeze(key.name) == CONNECTION:
            self._line.at = key.end
            self._reading.connection = self._take(key)
            return True
        if leaf is None:
            known = option_names(self._action)
            if not sentences.nearest(key.name, known) and self._in_text():
                return False
            self._fault(None, sentences.unknown_option(key.name, known))
            self._line.at = key.end
            if not self._no_value(key) and key.equals:
                self._take(key)
            return True
        self._line.at = key.end
        if leaf.key in self._reading.values:
            self._fault(leaf, sentences.TWICE.format(name=leaf.name), on_list=leaf.kind)
        if not key.equals and leaf.kind is Kind.BOOLEAN:
            self._put(leaf, True)  # noqa: FBT003 - `--pdf` says yes
            return True
        if self._no_value(key):
            self._fault(leaf, sentences.NO_VALUE.format(name=leaf.name))
            return True
        self._read_into(leaf)
        return True

    def _word(self) -> bool:
        """Take the next place, or the free text; False at the end of what fits."""
        while self._places and self._places[0].key in self._reading.values:
            self._places.popleft()
        if self._places:
            self._read_into(self._places.popleft())
            return True
        text = self._text
        if text is None or text.key in self._reading.values:
            self._fault(None, sentences.TOO_MUCH.format(text=sentences.cut(self._line.rest())))
            return False
        rest = self._line.rest()
        if rest:
            self._put(text, rest)
        return False

    def _read_into(self, leaf: Leaf) -> None:
        try:
            if leaf.kind is Kind.LIST:
                items = self._line.values()
                found = [*self._reading.values.get(leaf.key, ()), *(item.text for item in items)]
                self._put(leaf, found, *(item.user_id for item in items))
            else:
                typed = self._line.value()
                self._put(leaf, _value(leaf, typed), typed.user_id)
        except Unclosed:
            self._fault(leaf, sentences.UNCLOSED.format(name=leaf.name))
            self._line.rest()

    def _take(self, key: Key) -> str:
        """The value of an option that is no leaf."""
        if self._no_value(key):
            self._fault(None, sentences.NO_VALUE.format(name=key.name))
            return ""
        try:
            return self._line.value().text
        except Unclosed:
            self._fault(None, sentences.UNCLOSED.format(name=key.name))
            self._line.rest()
            return ""

    def _no_value(self, key: Key) -> bool:
        """Nothing right behind the equals sign, or nothing at all behind `--key`."""
        at, text = self._line.at, self._line.text
        return (key.equals and (at >= len(text) or text[at].isspace())) or self._line.at_end()

    def _in_text(self) -> bool:
        """Whether all places are filled, so that free text begins with the next word."""
        filled = all(leaf.key in self._reading.values for leaf in self._places)
        return filled and self._text is not None and self._text.key not in self._reading.values

    def _put(self, leaf: Leaf, value: Any, *user_ids: str) -> None:
        self._reading.values[leaf.key] = value
        mentioned = tuple(user_id for user_id in user_ids if user_id)
        if mentioned:
            earlier = self._reading.mentions.get(leaf.key, ())
            self._reading.mentions[leaf.key] = (*earlier, *mentioned)

    def _fault(self, leaf: Leaf | None, sentence: str, *, on_list: Kind | None = None) -> None:
        if on_list is not Kind.LIST:  # a list may be given in several options
            self._reading.faults.append(Fault(leaf, sentence))


def _value(leaf: Leaf, typed: Typed) -> Any:
    """What was typed, put the way the action's validators read it best."""
    if leaf.kind in (Kind.TEXT, Kind.LONG_TEXT):
        return typed.text
    text = INVISIBLE.sub("", typed.text).strip()
    if leaf.kind is Kind.BOOLEAN:
        return YES_NO.get(text.casefold(), text)
    if leaf.kind is Kind.CHOICE:
        spelled = {choice.casefold(): choice for choice in leaf.choices}
        return spelled.get(text.casefold(), text)
    return dashed(text) if leaf.kind in (Kind.DATE, Kind.INTEGER) else text
