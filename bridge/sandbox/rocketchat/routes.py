"""The table of emulated calls below /api/v1/: path, permissions, schema, licence and router of each."""

from __future__ import annotations

from bridge.sandbox.rocketchat import account, closing, schemas
from bridge.sandbox.rocketchat.exports import export_room
from bridge.sandbox.rocketchat.forwarding import forward_room
from bridge.sandbox.rocketchat.gate import Route, rooms_router, transcript_router
from bridge.sandbox.rocketchat.rooms import (
    chat_get_message,
    chat_sync_messages,
    livechat_messages,
    livechat_room,
    livechat_rooms,
    rooms_info,
)
from bridge.sandbox.rocketchat.transcripts import (
    cancel_transcript,
    request_pdf_transcript,
    schedule_transcript,
)

_SEND_TRANSCRIPT = ("send-omnichannel-chat-transcript",)
ROUTES: tuple[Route, ...] = (
    Route("POST", "login", account.login, login=False),
    Route("GET", "me", account.me),
    Route("POST", "logout", account.logout),
    Route(
        "POST",
        "omnichannel/:rid/request-transcript",
        request_pdf_transcript,
        ("request-pdf-transcript",),
        body=schemas.pdf_transcript,
        licensed=True,
        router=transcript_router,
    ),
    Route(
        "POST",
        "livechat/transcript/:rid",
        schedule_transcript,
        _SEND_TRANSCRIPT,
        body=schemas.transcript,
        router=transcript_router,
    ),
    Route(
        "DELETE",
        "livechat/transcript/:rid",
        cancel_transcript,
        _SEND_TRANSCRIPT,
        router=transcript_router,
    ),
    Route(
        "POST",
        "livechat/room.closeByUser",
        closing.close_room_by_user,
        ("close-livechat-room",),
        body=schemas.close_room,
    ),
    Route(
        "POST",
        "livechat/room.forward",
        forward_room,
        ("view-l-room", "transfer-livechat-guest"),
        body=schemas.forward_room,
    ),
    Route("POST", "rooms.export", export_room, body=schemas.export_rooms, router=rooms_router),
    Route("GET", "rooms.info", rooms_info, router=rooms_router),
    Route("GET", "livechat/rooms", livechat_rooms, query=schemas.livechat_rooms),
    Route(
        "GET",
        "livechat/:rid/messages",
        livechat_messages,
        ("view-l-room",),
        query=schemas.room_messages,
    ),
    Route("GET", "livechat/room", livechat_room, login=False, limit=(5, 60.0)),
    Route("GET", "chat.syncMessages", chat_sync_messages),
    Route("GET", "chat.getMessage", chat_get_message),
    Route(
        "GET",
        "livechat/users/agent",
        account.livechat_agents,
        ("manage-livechat-agents",),
        query=schemas.livechat_users,
    ),
    Route(
        "GET",
        "livechat/department",
        account.livechat_departments,
        ("view-livechat-departments", "view-l-room"),
        any_permission=True,
        query=schemas.livechat_department,
    ),
)
