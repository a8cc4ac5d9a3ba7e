"""Which jobs a person or a program means: a filter as values, and as SQL."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement

from bridge.contract import JobState
from bridge.jobs.tables import jobs, listed_state


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs; what is empty does not limit."""

    scope: str | None = None
    states: tuple[JobState, ...] = ()
    action: str = ""
    connection: str = ""
    room: str = ""
    asker: str = ""  # a user's id
    since: float | None = None
    until: float | None = None


def clauses(which: Filter) -> list[ColumnElement[bool]]:
    """The conditions of a query."""
    clauses: list[ColumnElement[bool]] = []
    if which.scope is not None:
        clauses.append(jobs.c.scope == which.scope)
    if which.states:
        clauses.append(listed_state.in_([state.value for state in which.states]))
    if which.action:
        clauses.append(jobs.c.action == which.action)
    if which.connection:
        clauses.append(jobs.c.connection == which.connection)
    if which.room:
        clauses.append(jobs.c.lane.endswith(f":{which.room}", autoescape=True))
    if which.asker:
        clauses.append(jobs.c.asker.contains(f'"user_id":"{which.asker}"', autoescape=True))
    if which.since is not None:
        clauses.append(jobs.c.created_at >= which.since)
    if which.until is not None:
        clauses.append(jobs.c.created_at < which.until)
    return clauses
