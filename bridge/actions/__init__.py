"""The catalogue of actions: one documented call is one file, `actions/<upstream>/<verb_noun>.py`.

Nothing registers itself: `catalogue()` walks the folders, names each action after its path and refuses
what is declared twice or by halves. So a new file is all that a new call needs, and no action can reach
a person without its descriptions, its documentation link and its error table.

May import: contract.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType, ModuleType

from bridge.contract import Action

__all__ = ["CatalogueError", "catalogue"]


class CatalogueError(Exception):
    """Some actions are not declared as they must be; the text lists each fault in one line."""


def catalogue(package: ModuleType | None = None) -> Mapping[str, type[Action]]:
    """All actions of a package by id, e.g. `rocketchat.close_room`; by default those of this one."""
    return _catalogue(package or importlib.import_module(__name__))


@cache
def _catalogue(package: ModuleType) -> Mapping[str, type[Action]]:
    from bridge.actions.declared import faults

    found: dict[str, type[Action]] = {}
    wrong: list[str] = []
    for upstream, name in _modules(package):
        module = importlib.import_module(f"{package.__name__}.{upstream}.{name}")
        classes = list(_actions_in(module))
        if not classes:
            continue
        action_id = f"{upstream}.{name}"
        if len(classes) > 1:
            names = ", ".join(action.__name__ for action in classes)
            wrong.append(f"{action_id}: holds {names}; one file declares one action.")
            continue
        classes[0].id, classes[0].upstream = action_id, upstream
        found[action_id] = classes[0]
    wrong += faults(found, known=_known(package, found))
    if wrong:
        raise CatalogueError("\n".join(wrong))
    return MappingProxyType(dict(sorted(found.items())))


def _modules(package: ModuleType) -> Iterator[tuple[str, str]]:
    """(upstream, module) of every module that may hold an action; a plain folder will do."""
    seen: set[tuple[str, str]] = set()
    for root in package.__path__:
        for file in sorted(Path(root).glob("*/*.py")):
            key = (file.parent.name, file.stem)
            if all(part.isidentifier() and not part.startswith("_") for part in key):
                seen.add(key)
    return iter(sorted(seen))


def _actions_in(module: ModuleType) -> Iterator[type[Action]]:
    for _, value in inspect.getmembers(module, inspect.isclass):
        if issubclass(value, Action) and value.__module__ == module.__name__:
            yield value


def _known(package: ModuleType, found: Mapping[str, type[Action]]) -> frozenset[str]:
    """The ids that a follow-up may name: a package beside this one may lead into this one."""
    if package.__name__ == __name__:
        return frozenset(found)
    return frozenset((*found, *catalogue()))
