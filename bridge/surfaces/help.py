"""Pages of help and the list of slash commands, as plain data.

Delivery turns a page into blocks; the README, the manifest and the playground use the same lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.surfaces.command import BUILTINS, Actions, Help, of_word
from bridge.surfaces.leaves import Leaf
from bridge.surfaces.schema import example_args
from bridge.surfaces.usage import ROOT, name_of, parts, shown_leaves, summary, usage
from bridge.surfaces.writing import command_line

ROOT_TITLE = "What can be done from here"
ROOT_NEXT = "Add help to any command to read more: {example}."
FORM = "Type a command alone and a form opens."
ON = "on=…: which connection is meant, when there are several."
CHOICES = "{description} One of: {choices}."
NEEDED = "{name}: {description}"
OPTION = "{name}=: {description}"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of help: usage lines are to be shown as code, the rest as text."""

    title: str
    usage: tuple[str, ...]
    lines: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A command as Slack's manifest and its auto-completion show it."""

    word: str
    name: str
    description: str
    usage_hint: str


def page(
    wanted: Help,
    actions: Actions,
    names: Mapping[str, str] | None = None,
    builtins: Mapping[str, str] = BUILTINS,
) -> Page:
    """Help on a command, on one of its sub words, or on everything that `builtins` leave open."""
    names = names or {}
    mine = of_word(wanted.word, actions)
    if wanted.sub:
        mine = [action for action in mine if action.command.sub == wanted.sub]
    if not mine:
        return _root_page(actions, names, builtins)
    lines: list[str] = []
    for action in mine:
        lines += [summary(action)] if len(mine) > 1 else []
        lines += [_explained(leaf) for leaf in shown_leaves(action)]
    return Page(
        title=summary(mine[0]) if len(mine) == 1 else name_of(wanted.word, names),
        usage=tuple(usage(action, names) for action in mine),
        lines=tuple(dict.fromkeys((*lines, ON, FORM))),
        examples=tuple(command_line(action, example_args(action), names) for action in mine),
    )


def commands(actions: Actions, names: Mapping[str, str] | None = None) -> tuple[SlashCommand, ...]:
    """Every slash command to register, the root command last."""
    names = names or {}
    words = dict.fromkeys(action.command.word for action in actions)
    found = []
    for word in words:
        mine = of_word(word, actions)
        hint = " | ".join(" ".join(parts(action)) for action in mine)
        told = " ".join(summary(action) for action in mine)
        found.append(SlashCommand(word, name_of(word, names), told[:2000], hint[:1000]))
    hint = " | ".join(("help", *words, *BUILTINS))
    return (*found, SlashCommand(ROOT, name_of(ROOT, names), ROOT_TITLE, hint[:1000]))


def _root_page(actions: Actions, names: Mapping[str, str], builtins: Mapping[str, str]) -> Page:
    root = name_of(ROOT, names)
    first = next(iter(actions), None)
    shown = name_of(first.command.word, names) if first else root
    return Page(
        title=ROOT_TITLE,
        usage=tuple(usage(action, names) for action in actions),
        lines=(
            *(f"{root} {name}: {told}" for name, told in builtins.items()),
            FORM,
            ROOT_NEXT.format(example=f"{shown} help"),
        ),
        examples=tuple(command_line(action, example_args(action), names) for action in actions),
    )


def _explained(leaf: Leaf) -> str:
    template = NEEDED if leaf.positional or leaf.rest else OPTION
    told = leaf.description
    if leaf.choices:
        told = CHOICES.format(description=told, choices=", ".join(leaf.choices))
    return template.format(name=leaf.name, description=told)
