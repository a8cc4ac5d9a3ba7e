"""POST livechat/room.forward: hand a conversation to another agent or department.

Source: `lib/Helper.ts` and `lib/transfer.ts`. A 200 has been seen while nothing moved (Livechat #235), so a room can be switched to behave that way.
"""

from __future__ import annotations

from typing import Any

from bridge.sandbox.rocketchat.envelope import plain
from bridge.sandbox.rocketchat.gate import Answer, Call
from bridge.sandbox.rocketchat.state import Department, Room, User
from bridge.sandbox.rocketchat.workspace import Workspace


async def forward_room(rc: Workspace, call: Call) -> Answer:
    """Check room, visitor and target, then move the room; a department and a user together mean both."""
    body: dict[str, Any] = call.body
    room = rc.rooms.get(body["roomId"])
    if room is None or room.t != "l":
        raise plain("error-invalid-room")
    if not room.open:
        raise plain("This_conversation_is_already_closed")
    if rc.settings.licence and rc.settings.mac_limit_reached:
        raise plain("error-mac-limit-reached")
    if room.v is None:
        raise plain("error-invalid-visitor")
    if room.on_hold:
        raise plain("error-room-onHold")
    before = {"oldServedBy": room.served_by, "oldDepartmentId": room.department_id}
    department, agent = _target(rc, room, body)
    if room.forward_outcome == "ignored":
        return {}
    if department is not None:
        room.department_id = department.id
    rc.serve(room, agent)
    rc.say(
        room,
        body.get("comment") or "",
        call.user.stub(),
        t="livechat_transfer_history",
        transferData={"comment": body.get("comment") or "", "scope": _scope(body)},
    )
    rc.record(
        "forward_room",
        room.id,
        to_agent=agent.username,
        department_id=room.department_id,
        by=call.user.username,
    )
    rc.announce("LivechatSessionForwarded", room, **before)
    return {}


def _scope(body: dict[str, Any]) -> str:
    return "department" if body.get("departmentId") else "agent"


def _target(rc: Workspace, room: Room, body: dict[str, Any]) -> tuple[Department | None, User]:
    department_id, user_id = body.get("departmentId"), body.get("userId")
    if department_id:
        department = rc.departments.get(department_id)
        if department is None:
            raise plain("error-invalid-department")
        return department, _agent_in(rc, room, department, user_id)
    if not user_id:
        raise plain("error-forwarding-chat")
    agent = _online_agent(rc, user_id)
    if room.served_by is not None and room.served_by["_id"] == agent.id:
        raise plain("error-selected-agent-room-agent-are-same")
    return None, agent


def _agent_in(rc: Workspace, room: Room, department: Department, user_id: str | None) -> User:
    if user_id:
        agent = rc.users.get(user_id)
        if agent is None or agent.username not in department.agents:
            raise plain("error-user-not-belong-to-department")
        return _online_agent(rc, user_id)
    if room.department_id == department.id:
        raise plain("error-forwarding-chat-same-department")
    for username in department.agents:
        agent = rc.user(username)
        if takes_chats(agent):
            return agent
    raise plain("error-no-agents-online-in-department")


def _online_agent(rc: Workspace, user_id: str) -> User:
    agent = rc.users.get(user_id)
    if agent is None or not takes_chats(agent):
        raise plain("error-user-is-offline")
    return agent


def takes_chats(user: User) -> bool:
    """Online, available, and an agent (`findOneOnlineAgentById`)."""
    return (
        "livechat-agent" in user.roles
        and user.status != "offline"
        and user.status_livechat == "available"
    )
