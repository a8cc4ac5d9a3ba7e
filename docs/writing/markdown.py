"""Markdown that is put together by programs: tables whose cells cannot break them, and fences."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, or "None." when it would have no row."""
    body = [_row(cells) for cells in rows]
    if not body:
        return "None.\n"
    return "\n".join((_row(head), _row(("---",) * len(head)), *body)) + "\n"


def code(value: Any) -> str:
    """A value in backticks; an empty one is a dash."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"`{text}`" if text else "-"


def fence(text: str, language: str = "") -> str:
    """Lines to be shown as they are."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def lines(parts: Iterable[str]) -> str:
    """One part a line."""
    return "\n".join(parts)


def generated(origin: str) -> str:
    """The line that says where a page comes from."""
    return f"<small>Made from {origin} at each build.</small>\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(text: str) -> str:
    """A bar would end the cell, a line break the row, an angle bracket would be read as HTML."""
    text = " ".join(text.split()).replace("|", "\\|")
    outside = True
    parts = []
    for part in text.split("`"):
        parts.append(_plain(part) if outside else part)
        outside = not outside
    return "`".join(parts)


def _plain(text: str) -> str:
    return text.replace("<br>", "\n").replace("<", "&lt;").replace("\n", "<br>")
