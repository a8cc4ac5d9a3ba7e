"""The ChatSession endpoints, and the RPC twin of the transfer.

Docs: api/reference/restful/rest/ChatSession/index.md and restful/agent/Chat_Agent/. There is no call to
cancel a transfer, to end a session, or to transfer to a topic, so there is none here.
"""

from __future__ import annotations

import json
from typing import Any

from bridge.sandbox.superoffice import archive
from bridge.sandbox.superoffice.answers import ApiError, Reply, not_found
from bridge.sandbox.superoffice.door import Call, Route
from bridge.sandbox.superoffice.entities import ChatSession

_ENTITY = "ChatSessionEntity"


def table() -> list[tuple[str, str, Route]]:
    """Method, path below `/api/v1/`, and route; the literal path stands before the parameter."""
    session = "ChatSession/{chatSessionId}"
    return [
        ("GET", "ChatSession", archive.rows),
        ("GET", "ChatSession/ForCurrentUser", for_current_user),
        ("GET", session, get),
        ("POST", session + "/TransferTo/{toAssociate}", transfer_to),
        ("POST", session + "/AcceptTransfer", accept_transfer),
        ("POST", session + "/RejectTransfer", reject_transfer),
        ("POST", session + "/Pickup", pick_up),
        ("GET", session + "/Messages", messages),
        ("POST", "Agents/Chat/TransferChatSession", transfer_chat_session),
    ]


async def get(call: Call) -> Reply:
    """The one call that answers with `_Links`, and the one with a documented 404."""
    session_id = call.int32("chatSessionId")
    chat = call.desk.sessions.get(session_id)
    if chat is None:
        raise not_found("ChatSession", session_id)
    links = {
        "Self": f"{call.api}/v1/ChatSession/{session_id}",
        "Archive": f"{call.api}/v1/ChatSession",
    }
    body = select(call, call.entity(chat)) | {"_Links": links}
    return Reply(body, "ChatSessionEntityWithLinks", "ChatSessionEntity found.")


async def for_current_user(call: Call) -> Reply:
    """Sessions "the user is member of": of their topics too, not only those they own."""
    me = call.caller.associate.associate_id
    topics = {
        topic.topic_id
        for topic in call.desk.topics.values()
        if any(agent.associate_id == me for agent in topic.agents)
    }
    # INFER: an ended session belongs to nobody's list.
    mine = [
        chat
        for chat in call.desk.sessions.values()
        if (chat.live or chat.status == "InQueue")
        and (chat.user_id == me or chat.topic_id in topics)
    ]
    return Reply([call.entity(chat) for chat in mine], "ArrayOf" + _ENTITY)


async def transfer_to(call: Call) -> Reply:
    """Docs: v1ChatSessionEntity_TransferChatSession. A request, not a handover; 200 whatever happened."""
    chat = _posted(call)
    if chat is None:
        return Reply(None, _ENTITY)
    to_associate = call.request.match_info["toAssociate"]
    if not call.desk.transfer(chat, to_associate, call.caller.associate):
        return call.noop(chat)
    return Reply(call.entity(chat), _ENTITY)


async def accept_transfer(call: Call) -> Reply:
    """Docs: v1ChatSessionEntity_AcceptChatSessionTransfer, "assign the session to the user"."""
    chat = _posted(call)
    if chat is None:
        return Reply(None, _ENTITY)
    if not call.desk.accept(chat, call.caller.associate):
        return call.noop(chat)
    return Reply(call.entity(chat), _ENTITY)


async def reject_transfer(call: Call) -> Reply:
    """Docs: v1ChatSessionEntity_RejectChatSessionTransfer, "Do not want."."""
    chat = _posted(call)
    if chat is None:
        return Reply(None, _ENTITY)
    if not call.desk.reject(chat, call.caller.associate):
        return call.noop(chat)
    return Reply(call.entity(chat), _ENTITY)


async def pick_up(call: Call) -> Reply:
    """Documented: "Returns NULL if session was not in queue"."""
    chat = _posted(call)
    if chat is None or not call.desk.pick_up(chat, call.caller.associate):
        return Reply(None, _ENTITY)
    return Reply(call.entity(chat), _ENTITY)


async def messages(call: Call) -> Reply:
    """All messages, or those after the id in `after`."""
    session_id = call.int32("chatSessionId")
    if session_id not in call.desk.sessions:
        raise not_found("ChatSession", session_id)
    after = call.request.query.get("after", "0")
    first = int(after) if after.isascii() and after.isdigit() else 0
    told = [
        call.view.message(line)
        for line in call.desk.messages
        if line.session_id == session_id and line.message_id > first
    ]
    return Reply(told, "ArrayOfChatMessage")


async def transfer_chat_session(call: Call) -> Reply:
    """POST Agents/Chat/TransferChatSession: keys in any case, and null instead of 404.

    Docs: v1ChatAgent_TransferChatSession. "Returns the result without implementing HTTP semantics".
    """
    body = await _body(call)
    session_id = body.get("chatsessionid", 0)
    chat = call.desk.sessions.get(session_id) if isinstance(session_id, int) else None
    if chat is None:
        return Reply(None, _ENTITY)
    to_associate = str(body.get("toassociate") or "")
    if not call.desk.transfer(chat, to_associate, call.caller.associate):
        return call.noop(chat)
    return Reply(select(call, call.entity(chat)), _ENTITY)


def select(call: Call, entity: dict[str, Any]) -> dict[str, Any]:
    """`$select`: "Other fields are then nulled out to reduce payload size"."""
    wanted = call.request.query.get("$select")
    if wanted is None:
        return entity
    names = {name.strip().partition("/")[0].lower() for name in wanted.split(",")}
    return {key: value if key.lower() in names else None for key, value in entity.items()}


def _posted(call: Call) -> ChatSession | None:
    session_id = call.int32("chatSessionId")
    chat = call.desk.sessions.get(session_id)
    if chat is None and call.switches.missing_session == "404":
        raise not_found("ChatSession", session_id)
    return chat


async def _body(call: Call) -> dict[str, Any]:
    text = await call.request.text()
    try:
        body = json.loads(text) if text else {}
    except ValueError as error:
        raise ApiError(400, "JsonReaderException", "The request body is not JSON") from error
    if not isinstance(body, dict):
        raise ApiError(400, "ArgumentException", "The request body is not an object")
    return {key.lower(): value for key, value in body.items()}
