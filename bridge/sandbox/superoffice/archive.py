"""GET ChatSession: rows of the ChatSession archive in OData's clothes, filtered as far as a picker needs.

Docs: v1ChatSessionEntity_GetAll and api/archive-providers/reference/chatsession.md. Column names are
camelCase, `agent` is a name, and no column tells of a pending transfer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from bridge.sandbox.superoffice.answers import ApiError, Reply
from bridge.sandbox.superoffice.door import Call
from bridge.sandbox.superoffice.entities import ChatSession

_TERM: Final = re.compile(
    r"\s*(?P<column>[\w/]+)\s+(?P<operator>\w+)\s+(?:'(?P<text>(?:[^']|'')*)'|(?P<number>-?\d+))\s*",
)
_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda have, want: bool(have == want),
    "equals": lambda have, want: bool(have == want),
    "is": lambda have, want: bool(have == want),
    "ne": lambda have, want: bool(have != want),
    "gt": lambda have, want: have is not None and bool(have > want),
    "ge": lambda have, want: have is not None and bool(have >= want),
    "lt": lambda have, want: have is not None and bool(have < want),
    "le": lambda have, want: have is not None and bool(have <= want),
    "contains": lambda have, want: str(want).casefold() in str(have or "").casefold(),
    "begins": lambda have, want: str(have or "").casefold().startswith(str(want).casefold()),
}
_DEFAULT: Final = "chatSessionId,status,agent,firstMessage,whenRequested"


def _columns(call: Call, chat: ChatSession) -> dict[str, Any]:
    user = call.desk.associate(chat.user_id)
    topic = call.desk.topics.get(chat.topic_id)
    show = call.view.dates.show
    end = chat.when_ended or call.desk.now()
    return {
        "chatSessionId": chat.session_id,
        "status": chat.status,
        "agent": user.full_name if user else "",
        "firstMessage": chat.first_message,
        "lastMessage": chat.last_message,
        "whenRequested": show(chat.when_requested),
        "whenStarted": show(chat.when_started),
        "whenEnded": show(chat.when_ended),
        "duration": int(end - chat.when_started) if chat.when_started else 0,
        "timeInQueue": int((chat.when_started or end) - chat.when_requested),
        "queueLength": chat.initial_queue_pos,
        "rating": chat.rating,
        "chatTopic/chatTopicId": chat.topic_id,
        "chatTopic/name": call.view.text(topic.name) if topic else "",
        "associate/associateId": user.associate_id if user else None,
        "associate/name": user.name if user else None,
        "person/fullName": None,
    }


async def rows(call: Call) -> Reply:
    """One row per session, `$select`ed, `$filter`ed, ordered, cut at `$top` with a link to the rest."""
    query = call.request.query
    passes = _filter(query.get("$filter", ""))
    chosen = [name.strip() for name in query.get("$select", _DEFAULT).split(",")]
    found = [_columns(call, chat) for chat in call.desk.sessions.values()]
    found = [row for row in found if passes(row)]
    order, _, direction = query.get("$orderBy", query.get("$orderby", "")).partition(" ")
    if order:
        known = [row for row in found if row.get(order) is not None]
        found = sorted(known, key=lambda row: row[order], reverse=direction.strip() == "desc")
    skip, top = _count(query.get("$skip"), 0), _count(query.get("$top"), 1000)
    rest = len(found) > skip + top
    following = call.request.url.update_query({"$skip": str(skip + top)})
    return Reply(
        {
            "odata.metadata": f"{call.api}/v1/ChatSession$metadata",
            "odata.nextLink": str(following) if rest else None,
            "value": [
                {
                    "PrimaryKey": row["chatSessionId"],
                    "EntityName": "chat",
                    **{name: row.get(name) for name in chosen},
                }
                for row in found[skip : skip + top]
            ],
        },
        "ODataSlimResponse",
    )


def _filter(expression: str) -> Callable[[dict[str, Any]], bool]:
    """Terms joined by `and`; anything cleverer is refused rather than answered wrongly."""
    terms: list[tuple[str, Callable[[Any, Any], bool], Any]] = []
    rest = expression
    while rest.strip():
        term = _TERM.match(rest)
        operator = _OPERATORS.get(term["operator"].lower()) if term else None
        if term is None or operator is None:
            raise ApiError(400, "ArgumentException", f"Cannot parse filter near '{rest.strip()}'")
        text = term["text"]
        value = int(term["number"]) if text is None else text.replace("''", "'")
        terms.append((term["column"], operator, value))
        rest = rest[term.end() :]
        if rest:
            word, _, rest = rest.partition(" ")
            if word.lower() != "and":
                raise ApiError(400, "ArgumentException", f"Cannot parse filter near '{word}'")

    def passes(row: dict[str, Any]) -> bool:
        try:
            return all(operator(row.get(column), value) for column, operator, value in terms)
        except TypeError as error:
            raise ApiError(400, "ArgumentException", "Filter compares unlike types") from error

    return passes


def _count(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else otherwise
