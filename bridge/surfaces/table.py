"""The table of actions for the README, as Markdown; a test keeps the README equal to it."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.contract import Repeat
from bridge.surfaces.command import Actions
from bridge.surfaces.usage import summary, usage

HEAD = ("action", "what it does", "documented call", "slash command", "after a lost answer")
REPEATS: Mapping[Repeat, str] = {
    Repeat.IDEMPOTENT: "sent again",
    Repeat.CHECK_FIRST: "looked up, then decided",
    Repeat.NEVER_REPEAT: "never sent again by itself",
}


def table(actions: Actions, names: Mapping[str, str] | None = None) -> str:
    """One row per action, in the order given."""
    rows = [_row(HEAD), _row(("---",) * len(HEAD))]
    for action in actions:
        call = f"[`{action.write_route}`]({action.docs})"
        slash = f"`{_cell(usage(action, names))}`"
        row = (f"`{action.id}`", _cell(summary(action)), call, slash, REPEATS[action.repeat])
        rows.append(_row(row))
    return "\n".join(rows) + "\n"


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """A bar would end the cell, in code too."""
    return text.replace("|", "\\|")
