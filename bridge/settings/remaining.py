"""The settings without what is wrong in them, so that whoever looks for faults finds all of them at once.

A wrong value gives way to its default and a list with a wrong entry to an empty one. Of a wrong connection
name and kind stay, because rules and sources may name it. Nothing is ever served with such settings.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from pydantic import SecretStr, ValidationError

from bridge.settings.connections import Connection, RocketChat, SuperOffice
from bridge.settings.kinds import NAME

Trees = Sequence[Mapping[str, Any]]
Path = tuple[str, ...]
_STAND_INS: Mapping[str, Connection] = {
    "rocketchat": RocketChat(
        url="https://rocketchat.invalid", user_id="-", auth_token=SecretStr("-")
    ),
    "superoffice": SuperOffice(tenant="-", ticket=SecretStr("-")),
}


def remaining(trees: Trees, error: ValidationError) -> list[dict[str, Any]]:
    """The trees without the values that the error is about."""
    left = [copy.deepcopy(dict(tree)) for tree in trees]
    paths = {_given(trees, problem["loc"]) for problem in error.errors(include_url=False)}
    for path in sorted(paths - {()}):
        for tree in left:
            _take(tree, path)
        if path[:1] == ("connections",) and len(path) == 2 and NAME.fullmatch(path[1]):
            kind = _kind(path[1], trees)
            if kind in _STAND_INS:
                left[0].setdefault("connections", {})[path[1]] = _STAND_INS[kind]
    return left


def _given(trees: Trees, loc: tuple[int | str, ...]) -> Path:
    """What somebody wrote there: the value itself, or the nearest table or list around it."""
    path = tuple(str(part) for part in takewhile(lambda part: isinstance(part, str), loc))
    if path[:1] == ("connections",):
        path = path[:2]  # what follows may be its kind, which nobody writes there
    while path and not any(_holds(tree, path) for tree in trees):
        path = path[:-1]
    return path


def _holds(tree: Any, path: Path) -> bool:
    for part in path:
        if not isinstance(tree, Mapping) or part not in tree:
            return False
        tree = tree[part]
    return True


def _take(tree: Any, path: Path) -> None:
    if _holds(tree, path):
        for part in path[:-1]:
            tree = tree[part]
        del tree[path[-1]]


def _kind(name: str, trees: Trees) -> str:
    given = [
        tree["connections"][name]["kind"]
        for tree in trees
        if _holds(tree, ("connections", name, "kind"))
    ]
    return str((given or [name])[0])
