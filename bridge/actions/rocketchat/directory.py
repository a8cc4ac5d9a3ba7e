"""Finding an agent or a department by the name a person types; Rocket.Chat's calls want ids.

One listing answers for ids, usernames and names alike; only in a workspace with more entries than a page
holds is the name searched for. An account that may not list them passes an id on unseen. Source:
https://developer.rocket.chat/apidocs (livechat/users/agent, livechat/department).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bridge.contract import Request, Response

AGENTS_ROUTE: Final = "/api/v1/livechat/users/agent"
DEPARTMENTS_ROUTE: Final = "/api/v1/livechat/department"
PAGE: Final = 100  # API_Upper_Count_Limit
NEAR: Final = 3
_ID: Final = re.compile(r"[A-Za-z0-9]{17}|[0-9a-f]{24}")  # Meteor's ids, and MongoDB's


@dataclass(frozen=True, slots=True)
class Entry:
    """An agent or a department."""

    id: str
    name: str  # how a person knows it: the username, or the department's name
    also: str = ""


@dataclass(frozen=True, slots=True)
class NotFound:
    """Nobody, or several, answer to it; `near` names what was perhaps meant."""

    near: tuple[str, ...] = ()
    several: bool = False
    unlisted: bool = False  # the account may not list them, and this does not look like an id


Find = Generator[Request, Response, Entry | NotFound | Response]


def find_agent(wanted: str) -> Find:
    """An agent by id, username or name."""
    return _find(wanted, AGENTS_ROUTE, "users")


def find_department(wanted: str) -> Find:
    """A department by id or name."""
    return _find(wanted, DEPARTMENTS_ROUTE, "departments")


def _find(wanted: str, route: str, key: str) -> Find:
    answer = yield Request("GET", route, query={"count": str(PAGE)})
    if answer.status == 401:
        return answer
    if not answer.ok:
        return Entry(wanted, wanted) if _ID.fullmatch(wanted) else NotFound(unlisted=True)
    entries, total = _read(answer, key)
    found = _pick(wanted, entries)
    if isinstance(found, Entry) or found.several or total <= len(entries):
        return found
    answer = yield Request("GET", route, query={"count": str(PAGE), "text": wanted})
    more, _ = _read(answer, key)
    exact = _pick(wanted, more)
    return NotFound(found.near) if isinstance(exact, NotFound) and not exact.near else exact


def _read(answer: Response, key: str) -> tuple[list[Entry], int]:
    data: Any = answer.json
    if not isinstance(data, Mapping) or not isinstance(data.get(key), list):
        return [], 0
    entries = [
        Entry(
            str(item["_id"]),
            str(item.get("username") or item.get("name") or item["_id"]),
            str(item.get("name") or ""),
        )
        for item in data[key]
        if isinstance(item, Mapping) and item.get("_id")
    ]
    total = data.get("total")
    return entries, total if isinstance(total, int) else len(entries)


def _pick(wanted: str, entries: list[Entry]) -> Entry | NotFound:
    """The id before the username before the full name; a name that two share decides nothing."""
    low = wanted.casefold()
    for entry in entries:
        if entry.id == wanted:
            return entry
    for entry in entries:
        if entry.name.casefold() == low:
            return entry
    named = [entry for entry in entries if entry.also.casefold() == low]
    if len(named) == 1:
        return named[0]
    if named:
        return NotFound(tuple(entry.name for entry in named), several=True)
    names = {entry.name.casefold(): entry.name for entry in entries}
    near = difflib.get_close_matches(low, names, n=NEAR)
    return NotFound(tuple(names[name] for name in near))
