"""The slash grammar: a line such as `/close abc tags=vip solved` becomes an action and its arguments.

`Parser.read` takes the whole line, the command's name included, because the same words work under the root
command (`/bridge close …`), in a mention (`@bridge close …`) and under configured names. Several actions
may share a command word: the first whose values are valid wins, else the one that got farthest explains
what is wrong. It raises on no text at all; a person always gets a form, a page of help or a sentence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from bridge.contract import Action
from bridge.surfaces import sentences
from bridge.surfaces.grammar import Reading, read
from bridge.surfaces.leaves import Leaf, fold
from bridge.surfaces.line import QUOTES, Line, plain
from bridge.surfaces.sentences import Fault
from bridge.surfaces.usage import HELP, ROOT, name_of, usage

BUILTINS: Mapping[str, str] = MappingProxyType(
    {
        "jobs": "Your latest requests and how they stand.",
        "link": "Link your own account, so that things are done in your name.",
        "unlink": "Forget your linked account.",
    }
)
Actions = Collection[type[Action]]


@dataclass(frozen=True, slots=True)
class Parsed:
    """An action to run. With mentions, the arguments are still to be completed and validated."""

    action: type[Action]
    args: Mapping[str, Any]
    connection: str = ""
    mentions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # leaf key -> user ids


@dataclass(frozen=True, slots=True)
class Help:
    """Somebody wants to know: about a command word, about one of its sub words, or about all."""

    word: str = ""
    sub: str = ""


@dataclass(frozen=True, slots=True)
class Builtin:
    """A word of the root command that is no action: jobs, link, unlink."""

    name: str
    rest: str = ""


@dataclass(frozen=True, slots=True)
class NeedsForm:
    """Something is still needed: open the form with what is known; `sentences` say what else."""

    action: type[Action]
    values: Mapping[str, Any]  # by leaf key
    missing: tuple[Leaf, ...] = ()
    sentences: tuple[str, ...] = ()
    connection: str = ""
    alternatives: tuple[type[Action], ...] = ()  # other actions that may have been meant
    mentions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong, in sentences. `usage` is the line to type; `action` the one that was tried."""

    sentences: tuple[str, ...]
    usage: tuple[str, ...] = ()
    action: type[Action] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


Answer = Parsed | Help | Builtin | NeedsForm | Mistake


def of_word(word: str, actions: Actions) -> list[type[Action]]:
    """The actions of a command word, those that need no sub word first."""
    mine = [action for action in actions if action.command.word == word]
    return sorted(mine, key=lambda action: bool(action.command.sub) and not action.command.default)


class Parser:
    """Reads lines under one set of names, made once because each line asks for the same tables."""

    def __init__(
        self,
        actions: Actions,
        names: Mapping[str, str],
        builtins: Mapping[str, str] = BUILTINS,
    ) -> None:
        self._actions = tuple(actions)
        self._names = names
        self._builtins = builtins
        self._words = {action.command.word: action.command.word for action in self._actions}
        for word in tuple(self._words):
            self._words[name_of(word, names).lstrip("/").casefold()] = word
        self._root = name_of(ROOT, names).lstrip("/").casefold()
        self._of_word = {word: of_word(word, actions) for word in self._words.values()}

    def read(self, text: str) -> Answer:
        """What this whole line, `/command text`, asks for; the slash may be missing."""
        line = Line(text)
        first = line.step().lstrip("/").casefold()
        if not first or first == self._root:
            return self._under_root(line)
        if first in self._words:
            return self._command(self._words[first], line)
        return self._no_command(first)

    def _under_root(self, line: Line) -> Answer:
        first = line.step().lstrip("/").casefold()
        if not first:
            return Help()
        if first in HELP:
            return self._help_for(line)
        if first in self._words:
            return self._command(self._words[first], line)
        if first in self._builtins:
            return Builtin(first, line.rest())
        for action in self._actions:
            if first == action.id:
                return self._choose([action], line)
        return self._no_command(first)

    def _help_for(self, line: Line) -> Help:
        word = self._words.get(line.step().lstrip("/").casefold(), "")
        sub = line.step().casefold() if word else ""
        subs = {action.command.sub for action in self._actions if action.command.word == word}
        return Help(word, sub if sub in subs else "")

    def _command(self, word: str, line: Line) -> Answer:
        mine = self._of_word[word]
        subs = [action.command.sub for action in mine if action.command.sub]
        defaults = [one for one in mine if not one.command.sub or one.command.default]
        raw = line.peek()
        typed = plain(raw).casefold()
        if typed in HELP:
            return Help(word)
        if typed in subs:
            line.step()
            if plain(line.peek()).casefold() in HELP:
                return Help(word, typed)
            return self._choose([one for one in mine if one.command.sub == typed], line)
        if not typed:
            return self._choose(defaults or mine, line)
        bare = raw[0] not in QUOTES and not line.key() and not line.ends_options()
        if bare:
            near = sentences.nearest(typed, subs, 0.75)
            if near or not defaults:
                return self._no_sub(word, typed, near, mine)
        return self._choose(defaults or mine, line)

    def _choose(self, candidates: list[type[Action]], line: Line) -> Answer:
        """The first that validates; else the best answer, the earlier one among equals."""
        best: tuple[tuple[int, int, int], Answer] | None = None
        for action in candidates:
            others = tuple(one for one in candidates if one is not action)
            rank, answer = self._try(action, read(action, Line(line.text, line.at)), others)
            if isinstance(answer, Parsed):
                return answer
            if best is None or rank > best[0]:
                best = rank, answer
        return best[1] if best else Help()

    def _try(
        self, action: type[Action], reading: Reading, others: tuple[type[Action], ...]
    ) -> tuple[tuple[int, int, int], Answer]:
        args, found = _validated(action, reading)
        wrong = [*reading.faults, *(fault for fault in found if fault.leaf and not fault.missing)]
        missing = [fault for fault in found if fault.missing]
        general = [fault for fault in found if not fault.missing and not fault.leaf]
        bad = {fault.leaf.key for fault in wrong if fault.leaf} & set(reading.values)
        progress = len(reading.values) - len(bad) - len(reading.faults)
        if wrong:
            lines = tuple(dict.fromkeys(fault.line for fault in (*wrong, *missing)))
            answer: Answer = Mistake(lines, self._usage([action]), action, reading.values)
            return (progress, 0, -len(wrong)), answer
        if not missing and not general:
            parsed = Parsed(action, args, reading.connection, reading.mentions)
            return (progress, 3, 0), parsed
        form = NeedsForm(
            action,
            reading.values,
            tuple(fault.leaf for fault in missing if fault.leaf),
            tuple(fault.line for fault in general),
            reading.connection,
            others,
            reading.mentions,
        )
        return (progress, 1 if general else 2, -len(missing)), form

    def _no_command(self, word: str) -> Mistake:
        known = {**self._words, **self._builtins}
        near = sentences.nearest(word, known, 0.6)
        said = sentences.UNKNOWN_COMMAND.format(command=f"“{sentences.cut(word)}”")
        root = f"/{self._root}"
        if near in self._words:
            near_name = name_of(self._words[near], self._names)
            meant = sentences.DID_YOU_MEAN.format(near=near_name)
        else:
            meant = sentences.DID_YOU_MEAN.format(near=f"{root} {near}") if near else ""
        return Mistake((f"{said} {meant}".strip(),), (f"{root} help",))

    def _no_sub(self, word: str, typed: str, near: str, mine: list[type[Action]]) -> Mistake:
        said = sentences.UNKNOWN_SUB.format(word=sentences.cut(typed))
        slash = name_of(word, self._names)
        subs = ", ".join(f"{slash} {action.command.sub}" for action in mine)
        meant = (
            sentences.DID_YOU_MEAN.format(near=f"{slash} {near}")
            if near
            else sentences.SUBS.format(subs=subs)
        )
        return Mistake((f"{said} {meant}",), self._usage(mine))

    def _usage(self, actions: list[type[Action]]) -> tuple[str, ...]:
        return tuple(usage(action, self._names) for action in actions)


def _validated(action: type[Action], reading: Reading) -> tuple[Mapping[str, Any], list[Fault]]:
    """The arguments as the action keeps them, or its faults; a mention is the door's to resolve."""
    args = fold(action, reading.values)
    try:
        valid = action.model_validate(args)
    except ValidationError as error:
        found = sentences.faults(action, error)
        waiting = [one for one in found if not (one.leaf and one.leaf.key in reading.mentions)]
        return args, waiting
    return valid.model_dump(mode="json", by_alias=True, exclude_unset=True), []
