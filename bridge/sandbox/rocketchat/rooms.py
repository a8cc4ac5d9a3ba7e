"""Reading rooms and their messages: rooms.info, livechat/rooms, livechat/:rid/messages, chat.*.

Two facts to know before relying on them: `open=true` in livechat/rooms means open, served and not on hold;
and livechat/:rid/messages leaves out every system message but the closing one
(`findLivechatClosedMessages`), so a `livechat_transcript_history` shows up in chat.syncMessages only.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from bridge.sandbox.rocketchat.envelope import RefusalError, forbidden, meteor, plain
from bridge.sandbox.rocketchat.gate import Answer, Call
from bridge.sandbox.rocketchat.state import Room, iso
from bridge.sandbox.rocketchat.workspace import Workspace


async def rooms_info(rc: Workspace, call: Call) -> Answer:
    """GET rooms.info, the best probe of a room's state; any login may try."""
    rid, name = call.query.get("roomId"), call.query.get("roomName")
    if not rid and not name:
        raise meteor(
            "error-roomid-param-not-provided",
            'The parameter "roomId" or "roomName" is required',
        )
    room = rc.rooms.get(rid or "") or _by_name(rc, name)
    if room is None:
        raise meteor(
            "error-room-not-found",
            'The required "roomId" or "roomName" param provided does not match any channel',
        )
    if not rc.can_access_room(call.user, room):
        # The arguments of failure() are the wrong way round in the source.
        body = {"success": False, "error": "not-allowed", "errorType": "Not Allowed"}
        raise RefusalError(400, body)
    return {"room": room.document()}


async def livechat_rooms(rc: Workspace, call: Call) -> Answer:
    """GET livechat/rooms; a plain agent may list nothing but the own rooms."""
    query, user = call.query, call.user
    created, closed = _period("createdAt", query), _period("closedAt", query)
    own = query.get("agents") == [user.id] and rc.has_permission(user, "view-l-room")
    if not own and not rc.has_permission(user, "view-livechat-rooms"):
        breaking = rc.settings.breaking_changes_9_0
        raise forbidden(rc.profile, breaking_changes_9_0=breaking)
    found = [
        room
        for room in rc.rooms.values()
        if room.t == "l"
        and _matches(room, query)
        and _within(iso(room.ts), created)
        and (not closed or (room.closed_at is not None and _within(iso(room.closed_at), closed)))
    ]
    found.sort(key=lambda room: -room.ts)
    return page(rc, query, "rooms", [room.document() for room in found])


async def livechat_messages(rc: Workspace, call: Call) -> Answer:
    """GET livechat/:rid/messages, newest first; what people wrote, and the closing comment."""
    room = rc.rooms.get(call.path("rid"))
    if room is None or room.t != "l":
        raise plain("invalid-room")
    if not rc.can_access_room(call.user, room):
        raise plain("not-allowed")
    term = (call.query.get("searchTerm") or "").lower()
    shown = [
        message
        for message in reversed(room.messages)
        if message.get("t") in (None, "livechat-close") and term in message["msg"].lower()
    ]
    return page(rc, call.query, "messages", shown)


async def chat_sync_messages(rc: Workspace, call: Call) -> Answer:
    """GET chat.syncMessages?roomId=&lastUpdate=: every message, system messages too."""
    rid, since = call.query.get("roomId"), call.query.get("lastUpdate")
    if not rid:
        text = 'The required "roomId" query param is missing.'
        raise meteor("error-roomId-param-not-provided", text)
    if not since:
        text = 'The required "lastUpdate" query param is missing.'
        raise meteor("error-lastUpdate-param-not-provided", text)
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        text = 'The "lastUpdate" query parameter must be a valid date.'
        raise meteor("error-roomId-param-invalid", text) from None
    room = rc.rooms.get(rid)
    if room is None or not rc.can_access_room(call.user, room):
        raise meteor("error-not-allowed", "Not allowed")
    after = iso(moment.timestamp())
    updated = [m for m in reversed(room.messages) if m["_updatedAt"] > after]
    return {"result": {"updated": updated, "deleted": []}}


async def chat_get_message(rc: Workspace, call: Call) -> Answer:
    """GET chat.getMessage?msgId=; an unknown or forbidden message is a failure without a text."""
    wanted = call.query.get("msgId")
    if not wanted:
        text = 'The required "msgId" query param is missing.'
        raise meteor("error-messageid-param-not-provided", text)
    for room in rc.rooms.values():
        if rc.can_access_room(call.user, room):
            for message in room.messages:
                if message["_id"] == wanted:
                    return {"message": message}
    raise RefusalError(400, {"success": False})


async def livechat_room(rc: Workspace, call: Call) -> Answer:
    """GET livechat/room?token=, the visitor's call: it looks like a look-up and CREATES a room.

    Source: `app/livechat/server/api/v1/room.ts`. Without `rid` the visitor's open room is returned, and
    if there is none a new one is made.
    """
    token, rid = call.query.get("token"), call.query.get("rid")
    theirs = [r for r in rc.rooms.values() if r.v is not None and r.v.token == token]
    guest = theirs[0].v if theirs else None
    if guest is None:
        raise plain("invalid-token")
    if rid:
        theirs = [room for room in theirs if room.id == rid]
        if not theirs:
            raise plain("invalid-room")
        return {"room": theirs[0].document(), "newRoom": False}
    for room in theirs:
        if room.open:
            return {"room": room.document(), "newRoom": False}
    created = rc.add_room(guest.name, ts=rc.clock())
    created.v = guest
    rc.record("create_room", created.id, visitor=guest.username)
    rc.announce("LivechatSessionStart", created)
    return {"room": created.document(), "newRoom": True}


def page(
    rc: Workspace, query: dict[str, Any], name: str, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    """Cut one page as `getPaginationItems` does: 50 by default, never more than the limit."""
    offset = int(query.get("offset") or 0)
    count = int(query.get("count") or rc.settings.default_count)
    chosen = rows[offset : offset + min(count, rc.settings.upper_count_limit)]
    return {name: chosen, "count": len(chosen), "offset": offset, "total": len(rows)}


def _by_name(rc: Workspace, name: str | None) -> Room | None:
    return next((r for r in rc.rooms.values() if r.t != "l" and name and r.fname == name), None)


def _matches(room: Room, query: dict[str, Any]) -> bool:
    served = room.served_by["_id"] if room.served_by else None
    departments = query.get("departmentId")
    departments = [departments] if isinstance(departments, str) else departments
    checks = (
        (query.get("roomName") or "").lower() in room.fname.lower(),
        not query.get("agents") or served in query["agents"],
        not departments or room.department_id in departments,
        not query.get("tags") or bool(set(query["tags"]) & set(room.tags)),
        _flag(query, "onhold") is not True or room.on_hold,
        _flag(query, "queued") is not True or room.queued,
        _is_open_as_asked(room, _flag(query, "open")),
    )
    return all(checks)


def _is_open_as_asked(room: Room, wanted: bool | None) -> bool:  # noqa: FBT001 - three-valued
    if wanted is None:
        return True
    if not wanted:
        return not room.open
    return room.open and room.served_by is not None and not room.on_hold


def _flag(query: dict[str, Any], name: str) -> bool | None:
    value = query.get(name)
    return None if value not in ("true", "false", True, False) else value in ("true", True)


def _period(name: str, query: dict[str, Any]) -> dict[str, str]:
    text = query.get(name)
    if not text:
        return {}
    try:
        period: dict[str, str] = json.loads(text)
    except ValueError as error:
        raise plain(str(error)) from None
    for edge in ("start", "end"):
        try:
            datetime.fromisoformat(period.get(edge) or "2000-01-01")
        except ValueError:
            sentence = f'The "{name}.{edge}" query parameter must be a valid date.'
            raise plain(sentence) from None
    return period


def _within(moment: str, period: dict[str, str]) -> bool:
    start, end = period.get("start") or "", period.get("end") or "~"
    return start <= moment <= end
