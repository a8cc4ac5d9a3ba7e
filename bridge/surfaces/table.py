"""The tables of actions for the documents, as Markdown; tests keep the documents equal to them."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.contract import Repeat
from bridge.surfaces.command import Actions
from bridge.surfaces.usage import summary, usage

HEAD = ("action", "what it does", "documented call", "slash command", "after a lost answer")
ENDS_HEAD = ("action", "a 200 means", "the bridge verifies", "and says")
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


def ends_table(actions: Actions) -> str:
    """Per action: what a 200 means, what is verified, and each sentence with its outcome's code."""
    rows = [_row(ENDS_HEAD), _row(("---",) * len(ENDS_HEAD))]
    for action in actions:
        said = "<br>".join(f"`{code}` {_cell(text)}" for code, text in action.says.items())
        facts = (_cell(action.a_200_means), _cell(action.verifies))
        rows.append(_row((f"`{action.id}`", *facts, said)))
    return "\n".join(rows) + "\n"


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """A bar would end the cell, in code too."""
    return text.replace("|", "\\|")
