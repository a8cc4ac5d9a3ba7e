"""The jobs page's filters: read from an address, written into one, told in words. Pure.

The same fields go three ways: to the query of a page, to `operating.Filter` for what is done to many
jobs, and back into links. What cannot be read is left out rather than refused: an address is typed,
shortened and shared by people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Self
from urllib.parse import urlencode

from bridge.console.wording import STATES
from bridge.contract import JobState
from bridge.jobs.operating import Filter

SPANS: Final[Mapping[str, tuple[str, float]]] = {
    "15m": ("last 15 minutes", 900.0),
    "1h": ("last hour", 3600.0),
    "24h": ("last 24 hours", 86_400.0),
    "7d": ("last 7 days", 604_800.0),
}
LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """Which jobs somebody wants to see."""

    states: tuple[JobState, ...] = ()
    action: str = ""
    connection: str = ""
    asker: str = ""  # a user's id, or a scope such as key:ci and source:zendesk
    room: str = ""
    span: str = ""
    since: str = ""  # ISO, UTC, as <input type="datetime-local"> writes it
    until: str = ""

    @classmethod
    def read(cls, query: Mapping[str, Any], states: list[str]) -> Self:
        """From an address or a form."""
        known = {state.value: state for state in STATES}

        def text(name: str) -> str:
            given = str(query.get(name, ""))[:LONGEST]
            return "".join(sign for sign in given if sign.isprintable()).strip()

        span = text("span")
        return cls(
            states=tuple(dict.fromkeys(known[name] for name in states if name in known)),
            action=text("action"),
            connection=text("connection"),
            asker=text("asker"),
            room=text("room"),
            span=span if span in SPANS else "",
            since=text("since") if _moment(text("since")) is not None else "",
            until=text("until") if _moment(text("until")) is not None else "",
        )

    def but(self, **changes: Any) -> Asked:
        return replace(self, **changes)

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values, as in an address or in hidden fields."""
        found = [("state", state.value) for state in self.states]
        names = ("action", "connection", "asker", "room", "span", "since", "until")
        return found + [(name, getattr(self, name)) for name in names if getattr(self, name)]

    def query(self, **more: str) -> str:
        """An address's query, with its question mark; empty when nothing is asked."""
        pairs = [*self.pairs(), *((name, value) for name, value in more.items() if value)]
        return f"?{urlencode(pairs)}" if pairs else ""

    def bounds(self, now: float) -> tuple[float | None, float | None]:
        """(since, until) in epoch seconds."""
        since = _moment(self.since)
        if self.span:
            since = max(since or 0.0, now - SPANS[self.span][1])
        return since, _moment(self.until)

    def filter(self, now: float) -> Filter:
        """For what is done to many jobs."""
        since, until = self.bounds(now)
        scoped = ":" in self.asker
        return Filter(
            scope=self.asker if scoped else None,
            states=self.states,
            action=self.action,
            connection=self.connection,
            room=self.room,
            asker="" if scoped else self.asker,
            since=since,
            until=until,
        )

    def words(self, titles: Mapping[str, str]) -> list[tuple[str, str]]:
        """Label and value of everything that limits."""
        found = []
        if self.states:
            found.append(("State", " or ".join(STATES[state].word for state in self.states)))
        if self.action:
            found.append(("Action", titles.get(self.action, self.action)))
        for name, label in (("connection", "Connection"), ("asker", "Asker"), ("room", "Room")):
            if getattr(self, name):
                found.append((label, getattr(self, name)))
        if self.span:
            found.append(("Accepted", SPANS[self.span][0]))
        if self.since:
            found.append(("Accepted since", _told(self.since)))
        if self.until:
            found.append(("Accepted before", _told(self.until)))
        return found

    @property
    def narrows(self) -> bool:
        """Whether anything but the state limits."""
        return self.but(states=()) != Asked()


def _told(text: str) -> str:
    return f"{text.replace('T', ' ').partition('.')[0]} UTC"


def _moment(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
