"""Where the lists in the forms come from: each source is a few documented reads of one upstream.

Values carry ids only. For SuperOffice these are *associate* ids, taken from the topics' user agents and
the associate list: `ChatTopic/UserAgents` would give ejUser ids, which look the same and mean somebody
else. Fields that are credentials (`SessionKey`, the visitor's token) are never read into here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.contract import Request, Upstream, json_part, json_text

SESSIONS_ROUTE = "/api/v1/ChatSession/ForCurrentUser"
TOPICS_MOST = 20
PAGE = "100"  # API_Upper_Count_Limit, and the most options that Slack shows
_OPEN = frozenset(("InQueue", "CustomerLast", "UserLast", "PreChatForm", "Faq", "OfflineForm"))


@dataclass(frozen=True, slots=True)
class Option:
    """One line of a list. `email` is for finding a mentioned colleague, not for showing."""

    value: str
    label: str
    hint: str = ""
    email: str = ""
    since: float = 0.0  # epoch seconds of what the age is told of; 0: no age


Read = Callable[[Upstream], Awaitable[list[Option]]]


class Unlisted(Exception):
    """The upstream did not give the list."""


async def open_rooms(upstream: Upstream) -> list[Option]:
    """Rooms being served, and those still in the queue: `open=true` leaves these out."""
    rooms = await _rooms(upstream, open="true")
    with contextlib.suppress(Unlisted):  # an older server, or an account that may not see the queue
        rooms += await _rooms(upstream, queued="true")
    return list({room.value: room for room in rooms}.values())


async def closed_rooms(upstream: Upstream) -> list[Option]:
    """Rooms that were closed."""
    return await _rooms(upstream, open="false")


async def rooms(upstream: Upstream) -> list[Option]:
    """Rooms of any state."""
    return await _rooms(upstream)


async def agents(upstream: Upstream) -> list[Option]:
    """Agents by username, since that is what a person would type."""
    return [
        Option(
            json_text(one, "username"),
            json_text(one, "name") or json_text(one, "username"),
            json_text(one, "statusLivechat"),
            email=_verified(one.get("emails")),
        )
        for one in await _listed(upstream, "/api/v1/livechat/users/agent", "users")
        if json_text(one, "username")
    ]


async def departments(upstream: Upstream) -> list[Option]:
    """Departments that take chats."""
    return [
        Option(json_text(one, "_id"), json_text(one, "name") or json_text(one, "_id"))
        for one in await _listed(upstream, "/api/v1/livechat/department", "departments")
        if one.get("enabled") is not False
    ]


async def sessions(upstream: Upstream) -> list[Option]:
    """Sessions that the account takes part in and that have not ended."""
    found = await _items(upstream, SESSIONS_ROUTE)
    return [
        Option(
            str(one["ChatSessionId"]),
            json_text(one, "CustomerName") or json_text(one, "CustomerAlias") or "Visitor",
            _join(json_text(json_part(one, "User"), "FullName"), json_text(one, "LastMessage")),
            since=_moment(one.get("WhenRequested")),
        )
        for one in found
        if isinstance(one.get("ChatSessionId"), int) and json_text(one, "Status") in _OPEN
    ]


async def associates(upstream: Upstream) -> list[Option]:
    """Who may respond in the topics of the sessions that are running; else every associate."""
    found: dict[str, Option] = {}
    running = await _items(upstream, SESSIONS_ROUTE, quiet=True)
    topics = {one["TopicId"] for one in running if isinstance(one.get("TopicId"), int)}
    for topic in sorted(topics)[:TOPICS_MOST]:
        route, path = "/api/v1/ChatTopic/{topicId}/UserAgent", {"topicId": str(topic)}
        for agent in await _items(upstream, route, path=path, quiet=True):
            who = json_part(agent, "User")
            if agent.get("CanRespond") and isinstance(who.get("AssociateId"), int):
                user = json_text(who, "UserName")
                found[str(who["AssociateId"])] = Option(
                    str(who["AssociateId"]),
                    json_text(who, "FullName") or json_text(who, "Name"),
                    json_text(who, "Name"),
                    email=user.lower() if "@" in user else "",
                )
    if found:
        return list(found.values())
    listed = await _items(upstream, "/api/v1/MDOList/{listName}", path={"listName": "associate"})
    return [
        Option(
            str(one["Id"]),
            json_text(one, "FullName") or json_text(one, "Name"),
            json_text(one, "Name"),
        )
        for one in listed
        if isinstance(one.get("Id"), int) and not one.get("Deleted")
    ]


SOURCES: Mapping[str, Read] = {
    "rocketchat.open_rooms": open_rooms,
    "rocketchat.closed_rooms": closed_rooms,
    "rocketchat.rooms": rooms,
    "rocketchat.agents": agents,
    "rocketchat.departments": departments,
    "superoffice.sessions": sessions,
    "superoffice.associates": associates,
}


async def _rooms(upstream: Upstream, **query: str) -> list[Option]:
    found = await _listed(upstream, "/api/v1/livechat/rooms", "rooms", **query)
    options = []
    for room in found:
        visitor, agent = json_part(room, "v"), json_part(room, "servedBy")
        said = json_text(json_part(room, "lastMessage"), "msg")
        username = json_text(agent, "username")
        options.append(
            Option(
                json_text(room, "_id"),
                json_text(room, "fname") or json_text(visitor, "name") or "Visitor",
                _join(f"@{username}" if username else "in the queue", said),
                since=_moment(room.get("lm") or room.get("ts")),
            )
        )
    return [option for option in options if option.value]


async def _listed(
    upstream: Upstream, route: str, key: str, **query: str
) -> list[Mapping[str, Any]]:
    answer = await upstream.send(Request("GET", route, query={"count": PAGE, **query}))
    data = answer.json if answer.ok else None
    if not isinstance(data, Mapping) or not isinstance(data.get(key), list):
        raise Unlisted(route)
    return list(_maps(data[key]))


async def _items(
    upstream: Upstream, route: str, *, path: Mapping[str, str] | None = None, quiet: bool = False
) -> list[Mapping[str, Any]]:
    answer = await upstream.send(Request("GET", route, path=path or {}))
    if not answer.ok or not isinstance(answer.json, list):
        if quiet:
            return []
        raise Unlisted(route)
    return list(_maps(answer.json))


def _maps(items: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
    return (item for item in items if isinstance(item, Mapping))


def _verified(emails: Any) -> str:
    """The first address that its owner confirmed: an unconfirmed one could be anybody's."""
    for one in emails if isinstance(emails, list) else ():
        if isinstance(one, Mapping) and one.get("verified") is True:
            return json_text(one, "address").lower()
    return ""


def _join(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _moment(value: Any) -> float:
    try:
        return datetime.fromisoformat(str(value)).timestamp() if value else 0.0
    except ValueError:
        return 0.0
