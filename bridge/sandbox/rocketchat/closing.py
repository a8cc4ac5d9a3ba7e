"""POST livechat/room.closeByUser, and a close from the visitor's side.

Source: `server/lib/omnichannel/closeLivechatRoom.ts` and `lib/closeRoom.ts`. Closing deletes every
subscription, so a plain agent who repeats the call is told `error-not-authorized` by newer versions
instead of that the room is closed already.
"""

from __future__ import annotations

import asyncio
from typing import Any

from bridge.sandbox.rocketchat.envelope import plain
from bridge.sandbox.rocketchat.gate import Answer, Call
from bridge.sandbox.rocketchat.state import Room, User
from bridge.sandbox.rocketchat.transcripts import (
    mail_at_close,
    queue_pdf,
    set_transcript_request,
)
from bridge.sandbox.rocketchat.workspace import Workspace


async def close_room_by_user(rc: Workspace, call: Call) -> Answer:
    """Check in the order of the profile, close in a transaction, leave the rest to hooks."""
    body: dict[str, Any] = call.body
    room = rc.rooms.get(body["rid"])
    if room is None or room.t != "l":
        raise plain("error-invalid-room")
    forced = bool(body.get("forceClose")) and rc.settings.allow_force_close
    if rc.profile == "A":
        if not room.open:
            return _answer_closed_on_old_versions(room, call.user)
        _may_close(rc, room, call.user)
        email = _requested_mail(body)
    else:
        _may_close(rc, room, call.user)
        email = _requested_mail(body)
        if not room.open and not forced:
            raise plain("error-room-already-closed")
    tags = _closing_tags(rc, room, body)
    await _transaction(rc, room, forced=forced)
    if email is not None:
        set_transcript_request(rc, room, call.user, email["email"], email["subject"])
    elif body.get("transcriptEmail"):
        room.transcript_request = None  # sendToVisitor: false takes back what was scheduled
    shut(rc, room, closer="user", user=call.user, comment=body.get("comment") or "", tags=tags)
    if body.get("generateTranscriptPdf") and rc.settings.licence:
        # A hook of the licensed part; whether the caller may ask for a PDF is not asked.
        queue_pdf(rc, room, call.user)
    return {}


def close_by_visitor(rc: Workspace, rid: str) -> Room:
    """Let the visitor end the chat: no PDF, and a mail only if one was scheduled."""
    room = rc.rooms[rid]
    if room.open:
        shut(rc, room, closer="visitor", user=None, comment="", tags=list(room.tags))
    return room


def shut(
    rc: Workspace, room: Room, *, closer: str, user: User | None, comment: str, tags: list[str]
) -> None:
    """Write the close into the room, then run what hangs on it."""
    guest = room.v
    by = user.stub() if user else {"_id": guest.id, "username": guest.username} if guest else {}
    room.open = False
    room.on_hold = False
    room.closed_at = rc.clock()
    room.closer = closer
    room.closed_by = by
    room.tags = tags
    room.subscriptions.clear()
    scheduled = room.transcript_request is not None
    rc.say(room, comment, by, t="livechat-close", groupable=False, transcriptRequested=scheduled)
    rc.record("close_room", room.id, by=by.get("username", ""), closer=closer, comment=comment)
    rc.announce("LivechatSession", room)
    mail_at_close(rc, room)


def _answer_closed_on_old_versions(room: Room, user: User) -> Answer:
    if user.id not in room.subscriptions:
        raise plain("error-room-already-closed")
    # PR #32707: an agent stuck in a closed room frees himself by closing it again.
    room.subscriptions.discard(user.id)
    return {}


def _may_close(rc: Workspace, room: Room, user: User) -> None:
    subscribed = user.id in room.subscriptions
    if not subscribed and not rc.has_permission(user, "close-others-livechat-room"):
        raise plain("error-not-authorized")


def _requested_mail(body: dict[str, Any]) -> dict[str, Any] | None:
    wish = body.get("transcriptEmail")
    if not wish or not wish["sendToVisitor"]:
        return None
    if "requestData" not in wish:
        # The schema lets this through, the code does not: a TypeError reaches the caller.
        raise plain("Cannot read properties of undefined (reading 'email')")
    data: dict[str, Any] = wish["requestData"]
    return data


def _closing_tags(rc: Workspace, room: Room, body: dict[str, Any]) -> list[str]:
    comment = body.get("comment") or ""
    if rc.settings.comment_required and not comment.strip():
        raise plain("error-comment-is-required")
    given = [*(body.get("tags") or []), *room.tags]
    department = rc.departments.get(room.department_id or "")
    if department is None:
        return list(dict.fromkeys(given))
    # Without closing tags of its own such a department cannot be satisfied by any tag.
    satisfied = given and department.chat_closing_tags
    if department.request_tag_before_closing_chat and not satisfied:
        raise plain("error-tags-must-be-assigned-before-closing-chat")
    return list(dict.fromkeys([*given, *department.chat_closing_tags]))


async def _transaction(rc: Workspace, room: Room, *, forced: bool) -> None:
    if room.damage is not None:
        raise plain(room.damage)
    first = not room.closing
    room.closing = True
    rc.notify()
    try:
        await asyncio.sleep(rc.settings.close_takes_s)
    finally:
        if first:
            room.closing = False
    if not first:
        raise plain("error-room-cannot-be-closed-try-again")
    if not room.open and not forced:  # the visitor was faster
        raise plain("Error removing inquiry")
