"""The page of the log events: what is logged where, found in the code, with the runbook's words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from docs.writing.markdown import generated, lines, table
from docs.writing.repository import ROOT

LEVELS = frozenset(("debug", "info", "warning", "error", "exception", "critical"))
_EVENT = re.compile(r"[a-z]+\.[a-z_]+")


@dataclass(frozen=True, slots=True)
class Logged:
    """One place that logs an event; `level` is empty where it is chosen at run time."""

    name: str
    level: str
    path: str
    keys: frozenset[str]


def logged() -> Iterator[Logged]:
    """Every static event that the code logs; the emulators' own do not count."""
    for file in sorted((ROOT / "bridge").rglob("*.py")):
        if "sandbox" in file.parts:
            continue
        tree = ast.parse(file.read_text("utf-8"))
        chosen = {  # `note = log.info if … else log.warning`
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and "log." in ast.unparse(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        path = file.relative_to(ROOT).as_posix()
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            function, first = node.func, node.args[0]
            by_level = isinstance(function, ast.Attribute) and function.attr in LEVELS
            by_name = isinstance(function, ast.Name) and function.id in chosen
            if not (by_level or by_name) or not isinstance(first, ast.Constant):
                continue
            if _EVENT.fullmatch(str(first.value)):
                level = function.attr if isinstance(function, ast.Attribute) else ""
                yield Logged(str(first.value), level, path, _keys(node, tree))


def _keys(call: ast.Call, module: ast.Module) -> frozenset[str]:
    """What is logged beside the event; `**fields` may be any dictionary of the module."""
    named = {keyword.arg for keyword in call.keywords if keyword.arg}
    if len(named) < len(call.keywords):
        named |= {
            str(key.value)
            for node in ast.walk(module)
            if isinstance(node, ast.Dict)
            for key in node.keys
            if isinstance(key, ast.Constant)
        }
    return frozenset(named)


def rows() -> str:
    """The runbook's rows of events."""
    text = (ROOT / "deploy" / "RUNBOOK.md").read_text("utf-8")
    return text.split("## By log event")[1].split("## Upgrade")[0]


def described() -> Mapping[str, tuple[str, str]]:
    """Meaning and first command of each event of the runbook."""
    found = {}
    for line in rows().splitlines():
        if line.startswith("| `"):
            _, events, meaning, command, _ = line.split("|")
            for name in re.findall(r"`([a-z]+\.[a-z_]+)`", events):
                found[name] = (meaning.strip(), command.strip())
    return found


def page() -> str:
    """One row per event, by room."""
    words = described()
    places: dict[str, list[Logged]] = {}
    for one in logged():
        places.setdefault(one.name, []).append(one)
    rooms: dict[str, list[str]] = {}
    for name in sorted(places):
        rooms.setdefault(name.partition(".")[0], []).append(name)
    parts = [f"## {room}\n\n{_table(names, places, words)}" for room, names in rooms.items()]
    return f"""# Log events

A line is one static event with ids and numbers beside it; no text of a customer is ever in it (`bridge/log.py`).
In production each line is a JSON object. What to do about an event stands in the
[runbook](../guides/runbook.md#by-log-event).

{lines(parts)}
{generated("the code and `deploy/RUNBOOK.md`")}
"""


def _table(
    names: list[str], places: Mapping[str, list[Logged]], words: Mapping[str, tuple[str, str]]
) -> str:
    return table(
        ("event", "level", "meaning", "logged in"),
        (
            (
                f"`{name}`",
                " or ".join(dict.fromkeys(one.level or "info, warning" for one in places[name])),
                words.get(name, ("", ""))[0],
                ", ".join(dict.fromkeys(f"`{one.path}`" for one in places[name])),
            )
            for name in names
        ),
    )
