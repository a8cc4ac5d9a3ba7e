"""Resolving the colleague a person names to the one number that TransferTo wants: the associate id.

The trap: the lists of chat users carry the *ejUser* id. So only `User.AssociateId` of the topic's user
agents, and the list of associates, are trusted; a number that is nobody's associate id but somebody's
ejUser id is refused with the right one. Source:
https://docs.superoffice.com/en/api/mdo-providers/reference/chatuser.html
"""

from __future__ import annotations

import difflib
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bridge.actions.superoffice.session import Person, person
from bridge.contract import Request, Response

AGENTS_ROUTE: Final = "/api/v1/ChatTopic/{topicId}/UserAgent"
ASSOCIATES_ROUTE: Final = "/api/v1/MDOList/associate"
NEAR: Final = 3


@dataclass(frozen=True, slots=True)
class Target:
    """Whom the chat goes to. `can_respond` is None when the topic's agents could not tell."""

    person: Person
    can_respond: bool | None = None


@dataclass(frozen=True, slots=True)
class NotResolved:
    """Nobody, or several, answer to it. `near`: name and associate id of who was perhaps meant."""

    near: tuple[Person, ...] = ()
    several: bool = False
    ej_user: bool = False  # the number is `near[0]`'s ejUser id
    unlisted: bool = False  # the account may list neither the topic's agents nor the associates


Resolve = Generator[Request, Response, Target | NotResolved]


def resolve(wanted: str, topic_id: int) -> Resolve:
    """By number: an associate id. Otherwise by username, e-mail address or full name, in any case."""
    answer = yield Request("GET", AGENTS_ROUTE, path={"topicId": str(topic_id)})
    agents = list(_agents(answer))
    found = pick(wanted, [target.person for target in agents])
    if isinstance(found, Person):
        return next(target for target in agents if target.person.id == found.id)
    if found.several:
        return found
    answer = yield Request("GET", ASSOCIATES_ROUTE)
    others = list(_listed(answer))
    also = pick(wanted, others)
    if isinstance(also, Person):
        return Target(also, can_respond=False if agents else None)
    if not others and not found.ej_user and _number(wanted):
        return Target(Person(int(wanted)))  # nobody to ask: TransferTo itself will tell
    if not agents and not others:
        return NotResolved(unlisted=True)
    if found.ej_user or found.near:
        return found
    return also


def pick(wanted: str, people: Iterable[Person]) -> Person | NotResolved:
    """One of these people, or why not."""
    known = list(people)
    number = _number(wanted)
    if number:
        for one in known:
            if one.id == number:
                return one
        traps = tuple(one for one in known if one.ej_user_id == number)
        return NotResolved(traps[:1], ej_user=bool(traps))
    low = wanted.casefold()
    named = {one.id: one for one in known if low in one.names}
    if len(named) == 1:
        return next(iter(named.values()))
    if named:
        return NotResolved(tuple(named.values()), several=True)
    spoken = {name: one for one in known for name in sorted(one.names)}
    near = difflib.get_close_matches(low, spoken, n=NEAR)
    return NotResolved(tuple({spoken[name].id: spoken[name] for name in near}.values()))


def _agents(answer: Response) -> Iterable[Target]:
    for item in _items(answer):
        one = person(item.get("User"))
        if one is not None:
            yield Target(one, can_respond=bool(item.get("CanRespond")))


def _listed(answer: Response) -> Iterable[Person]:
    """The items of the associate list; retired colleagues cannot take a chat."""
    for item in _items(answer):
        number, name = item.get("Id"), item.get("Name")
        if isinstance(number, int) and number > 0 and isinstance(name, str):
            if item.get("Deleted"):
                continue
            full = item.get("FullName")
            spoken = [text for text in (name, full) if isinstance(text, str) and text]
            yield Person(number, spoken[-1], frozenset(text.casefold() for text in spoken))


def _items(answer: Response) -> list[Mapping[str, Any]]:
    data: Any = answer.json if answer.ok else None
    return [item for item in data if isinstance(item, Mapping)] if isinstance(data, list) else []


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else 0
