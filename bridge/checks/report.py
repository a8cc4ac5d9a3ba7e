"""What was looked at, how it stands, what to do; and a plain table of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class State(StrEnum):
    """How it stands; the worst last."""

    OK = "ok"
    UNKNOWN = "unknown"  # it cannot be found out from here
    WARNING = "warning"  # it works, but not for long, not for all, or not safely
    ERROR = "error"  # it does not work


@dataclass(frozen=True, slots=True)
class Row:
    """One finding. `todo` is a sentence that says what to do; empty when all is well."""

    subject: str
    state: State
    said: str
    todo: str = ""


def ok(subject: str, said: str, todo: str = "") -> Row:
    """All is well."""
    return Row(subject, State.OK, said, todo)


def unknown(subject: str, said: str, todo: str = "") -> Row:
    """It cannot be found out from here."""
    return Row(subject, State.UNKNOWN, said, todo)


def warning(subject: str, said: str, todo: str) -> Row:
    """It works, but needs somebody."""
    return Row(subject, State.WARNING, said, todo)


def error(subject: str, said: str, todo: str) -> Row:
    """It does not work."""
    return Row(subject, State.ERROR, said, todo)


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, in the order in which they should be mended."""

    rows: tuple[Row, ...]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Self:
        return cls(tuple(rows))

    @property
    def failed(self) -> bool:
        """Whether something does not work."""
        return any(row.state is State.ERROR for row in self.rows)

    @property
    def doubts(self) -> tuple[Row, ...]:
        """What somebody should look at."""
        return tuple(row for row in self.rows if row.state is not State.OK)

    def table(self, width: int = 100) -> str:
        """Three columns, and what to do below its row."""
        subjects = max((len(row.subject) for row in self.rows), default=0)
        states = max(len(state.value) for state in State)
        indent = " " * (subjects + states + 4)
        lines: list[str] = []
        for row in self.rows:
            first = f"{row.subject:<{subjects}}  {row.state.value:<{states}}  "
            lines += _wrapped(row.said, first, indent, width)
            if row.todo:
                lines += _wrapped(f"→ {row.todo}", indent, indent + "  ", width)
        return "\n".join([*lines, "", self._sum()])

    def _sum(self) -> str:
        counts = {state: sum(row.state is state for row in self.rows) for state in State}
        if counts[State.ERROR]:
            return f"{many(counts[State.ERROR], 'error')}: mend what is marked with error first."
        if counts[State.WARNING]:
            return f"Nothing is broken; {many(counts[State.WARNING], 'warning')}."
        if counts[State.UNKNOWN]:
            return f"Nothing wrong was found; {counts[State.UNKNOWN]} could not be looked at."
        return "All is well."


def many(count: int, noun: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{count} {noun}{'s' if count != 1 else ''}"


def _wrapped(text: str, first: str, later: str, width: int) -> Iterator[str]:
    room = max(20, width - len(later))
    parts = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    yield first + parts[0]
    yield from (later + part for part in parts[1:])
