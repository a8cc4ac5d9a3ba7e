"""The usage line of an action, the names of commands, and the words for its options.

Options stand before the free text, because the free text takes everything that follows. A sub word in
brackets may be left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.contract import Action
from bridge.surfaces.leaves import Kind, Leaf, by_name, leaves, squeeze

ROOT = "root"  # its key in `names`
ROOT_NAME = "/bridge"
HELP = frozenset(("help", "?", "--help", "-h", "—help", "–help"))  # noqa: RUF001 - as phones correct it
_HINTS = {Kind.DATE: "YYYY-MM-DD", Kind.LIST: "a,b", Kind.BOOLEAN: "yes"}


def name_of(word: str, names: Mapping[str, str]) -> str:
    """The slash name of a command word: `/close`, or what the settings call it."""
    named = names.get(word) or (ROOT_NAME if word == ROOT else word)
    return named if named.startswith("/") else f"/{named}"


def usage(action: type[Action], names: Mapping[str, str] | None = None) -> str:
    """`/close <room> [tags=a,b] [comment…]`: what is needed, options, and last the free text."""
    name = name_of(action.command.word, names or {})
    return " ".join((name, *parts(action)))


def summary(action: type[Action]) -> str:
    """The first line of the action's docstring."""
    return (action.__doc__ or action.title).strip().splitlines()[0]


def parts(action: type[Action]) -> list[str]:
    """What follows the command's name in its usage line."""
    sub, shown = action.command.sub, shown_leaves(action)
    parts = [f"[{sub}]" if action.command.default else sub] if sub else []
    parts += [f"<{leaf.name}>" for leaf in shown if leaf.positional and leaf.required]
    parts += [f"[{leaf.name}]" for leaf in shown if leaf.positional and not leaf.required]
    options = [leaf for leaf in shown if not leaf.positional and not leaf.rest]
    parts += [f"{leaf.name}={hint(leaf)}" for leaf in options if leaf.required]
    parts += [f"[{leaf.name}={hint(leaf)}]" for leaf in options if not leaf.required]
    parts += [f"<{x.name}…>" if x.required else f"[{x.name}…]" for x in shown if x.rest]
    return parts


def shown_leaves(action: type[Action]) -> list[Leaf]:
    """The leaves that people are asked for."""
    return [leaf for leaf in leaves(action) if not leaf.implied]


def hint(leaf: Leaf) -> str:
    """What stands behind the equals sign in a usage line."""
    return "|".join(leaf.choices) or _HINTS.get(leaf.kind, "…")


def unmistakable(action: type[Action], leaf: Leaf) -> str:
    """A name that leads to this leaf and to no other."""
    known = by_name(action)
    return next((n for n in (leaf.name, *leaf.names) if known.get(squeeze(n)) is leaf), leaf.key)
