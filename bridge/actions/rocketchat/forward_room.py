"""Forward a conversation to another agent or department, and look whether it moved.

Rocket.Chat says 200 also where nothing moved (https://github.com/RocketChat/Rocket.Chat/pull/35934), so
`servedBy` and `departmentId` are read afterwards. Agents and departments may be given by name.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from bridge.actions.fields import AgentName, Comment, DepartmentName, RoomId
from bridge.actions.rocketchat import directory
from bridge.actions.rocketchat import room as rooms
from bridge.actions.rocketchat.errors import SHARED, lacking
from bridge.actions.wording import explain, listed, say, tell
from bridge.contract import (
    Action,
    Command,
    Context,
    Done,
    Fact,
    Flow,
    Option,
    Outcome,
    Picker,
    Positional,
    Problem,
    Refused,
    Repeat,
    Request,
    Response,
    Rest,
)

ROUTE: Final = "/api/v1/livechat/room.forward"
NO_TARGET: Final = PydanticCustomError(
    "no_target", "Say where to: agent=… or department=… (or both: that agent in that department)."
)
SELF: Final = "rocketchat.forward_room"
CHOOSE: Final = f"{SELF}: Choose somebody else"

MOVED: Final = "Forwarded: {who} serves the conversation now."
QUEUED: Final = "Forwarded to {where}. No agent has taken it yet; it waits in the queue."
MOVED_WHERE: Final = "Forwarded to {where}; {who} serves the conversation now."
UNSEEN: Final = (
    "Rocket.Chat says that the conversation is forwarded. The bridge's account may not look at it any"
    " more, so this is not checked."
)
ALREADY: Final = "Nothing to do: the conversation is there already."
NOT_MOVED: Final = (
    "Rocket.Chat said yes, but the conversation did not move: it is still with {who}."
)
NOT_MOVED_NEXT: Final = "Check that the target is online and takes chats, then forward again."
UNKNOWN: Final = "Rocket.Chat has no {kind} “{wanted}”."
UNKNOWN_NEAR: Final = "Did you mean {near}?"
UNKNOWN_NEXT: Final = "Check the spelling and forward again."
NO_LIST: Final = "The bridge's Rocket.Chat account may not look up {kind}s by name."
NO_LIST_NEXT: Final = (
    "Give the {kind}'s id. Or a Rocket.Chat administrator lets the account see them (permissions"
    " manage-livechat-agents and view-livechat-departments)."
)
SEVERAL: Final = "More than one agent is called “{wanted}”."
SEVERAL_NEXT: Final = "Use the username: {near}."
NO_TARGET_LEFT: Final = Problem(
    "Rocket.Chat could not forward the conversation.",
    "Check that the agent or department takes chats, then forward again.",
    follow_up=CHOOSE,
    ask=True,
)
NOBODY_ONLINE: Final = Problem(
    "Nobody in that department is online.",
    "Choose another department or agent, or try again later.",
    follow_up=CHOOSE,
    ask=True,
)
TRY_LATER: Final = Problem(
    "Rocket.Chat could not move the conversation in its queue.",
    "Try again in a minute. If it stays so, this needs a Rocket.Chat administrator.",
    follow_up=f"{SELF}: Try again",
)
ALREADY_THERE: Final = Problem(ALREADY, kind=Done)


class ForwardRoom(Action):
    """Forward a conversation to another agent or department."""

    title: ClassVar = "Forward conversation"
    docs: ClassVar = "https://developer.rocket.chat/apidocs/forward-livechat-room"
    command: ClassVar = Command("transfer", "room", default=True)
    repeat: ClassVar = Repeat.CHECK_FIRST
    lane: ClassVar = "room_id"
    write_route: ClassVar = f"POST {ROUTE}"
    confirm: ClassVar = "Forward this conversation? Its present agent stops serving it."
    in_channel: ClassVar = True
    errors: ClassVar = {
        **SHARED,
        **lacking("transfer-livechat-guest", " It also needs view-l-room."),
        "This_conversation_is_already_closed": Problem(
            "The conversation is closed, so it cannot be forwarded.",
            "If the visitor writes again, a new conversation begins.",
            follow_up="rocketchat.request_pdf_transcript: Get the PDF transcript",
        ),
        "error-invalid-visitor": Problem(
            "This conversation has no visitor, so it cannot be forwarded.",
            "This needs a Rocket.Chat administrator: the room {roomId} looks damaged.",
        ),
        "error-room-onHold": Problem(
            "The conversation is on hold, so it cannot be forwarded.",
            "Its agent resumes it in Rocket.Chat first. Then forward it.",
            follow_up=f"{SELF}: Try again",
        ),
        "error-invalid-department": Problem(
            "Rocket.Chat has no such department.",
            "Check its name.",
            follow_up=CHOOSE,
            ask=True,
        ),
        "error-user-is-offline": Problem(
            "That agent is offline or takes no chats now.",
            "Choose another agent, or try again when the agent is back.",
            follow_up=CHOOSE,
            ask=True,
        ),
        "error-user-not-belong-to-department": Problem(
            "That agent does not belong to that department.",
            "Choose another agent, or leave the department out.",
            follow_up=CHOOSE,
            ask=True,
        ),
        "error-no-agents-online-in-department": NOBODY_ONLINE,
        "error-selected-agent-room-agent-are-same": ALREADY_THERE,
        "error-forwarding-chat-same-department": ALREADY_THERE,
        "error-forwarding-chat": NO_TARGET_LEFT,
        "error-invalid-inquiry": TRY_LATER,
        "error-transferring-inquiry": TRY_LATER,
        "error-transferring-inquiry-no-department": TRY_LATER,
    }
    a_200_means: ClassVar = "Accepted; some versions say so where nothing moved."
    verifies: ClassVar = "`servedBy` and `departmentId` in rooms.info are those of the target."
    says: ClassVar = {
        "forwarded": MOVED,
        "forwarded_to_department": MOVED_WHERE,
        "forwarded_queued": QUEUED,
        "forwarded_unseen": UNSEEN,
        "selected_agent_room_agent_are_same": ALREADY,
        "not_moved": NOT_MOVED,
    }
    example_facts: ClassVar = {
        "rid": Fact("string", "The room's id."),
        "moved": Fact("boolean", "Whether the bridge saw the conversation at its target."),
        "verified": Fact("boolean", "Whether the bridge could look."),
        "served_by": Fact(
            "string", "Username of who serves it now; empty while it waits in the queue."
        ),
        "department_id": Fact("string", "The department it is in now; empty for none."),
    }

    room_id: Annotated[RoomId, Positional(), Picker("rocketchat.open_rooms")] = Field(
        alias="roomId",
        description="The conversation: its room id or its pasted Rocket.Chat link.",
        examples=["8ceKgWvo5qT5TrCRN"],
    )
    user_id: Annotated[AgentName | None, Option("agent"), Picker("rocketchat.agents")] = Field(
        default=None,
        alias="userId",
        description="The agent who takes over: username or id.",
        examples=["bob"],
    )
    department_id: Annotated[
        DepartmentName | None, Option("department"), Picker("rocketchat.departments")
    ] = Field(
        default=None,
        alias="departmentId",
        description="The department that takes over: name or id.",
        examples=["Billing"],
    )
    comment: Annotated[Comment | None, Rest()] = Field(
        default=None,
        description="A word to whoever takes over.",
        examples=["Asks about an invoice"],
    )

    @model_validator(mode="after")
    def _has_target(self) -> ForwardRoom:
        if not self.user_id and not self.department_id:
            raise NO_TARGET
        return self

    def flow(self, context: Context) -> Flow:
        """Resolve the target, forward, then look where the conversation is."""
        agent: directory.Entry | None = None
        department: directory.Entry | None = None
        if self.user_id:
            found = yield from directory.find_agent(self.user_id)
            if not isinstance(found, directory.Entry):
                return self._unknown("agent", self.user_id, found)
            agent = found
        if self.department_id:
            found = yield from directory.find_department(self.department_id)
            if not isinstance(found, directory.Entry):
                return self._unknown("department", self.department_id, found)
            department = found
        if context.resumed:
            room = yield from rooms.look(self.room_id)
            if room is not None and _is_at(room, agent, department):
                return self._told(room, department)
        answer = yield self._request(agent, department)
        if not answer.ok:
            return (yield from self._refused(answer))
        room = yield from rooms.look(self.room_id)
        if room is None or _is_at(room, agent, department):
            return self._told(room, department)
        who = room.served_by or "nobody (in the queue)"
        facts = self._facts(room, moved=False)
        return Refused("not_moved", say(NOT_MOVED, who=who), NOT_MOVED_NEXT, facts)

    def _request(
        self, agent: directory.Entry | None, department: directory.Entry | None
    ) -> Request:
        body = {
            "roomId": self.room_id,
            "userId": agent.id if agent else None,
            "departmentId": department.id if department else None,
            "comment": (self.comment or "").strip() or None,
        }
        given = {key: value for key, value in body.items() if value is not None}
        return Request("POST", ROUTE, body=given, write=True)

    def _refused(self, answer: Response) -> Generator[Request, Response, Outcome]:
        """A repeat that finds the conversation there is told with where it is."""
        outcome = explain(self, answer, rid=self.room_id)
        if not isinstance(outcome, Done):
            return outcome
        room = yield from rooms.look(self.room_id)
        return Done(outcome.code, outcome.message, facts=self._facts(room, moved=True))

    def _told(self, room: rooms.Room | None, department: directory.Entry | None) -> Outcome:
        if room is None:
            return Done("forwarded_unseen", UNSEEN, facts=self._facts(None, moved=None))
        where = department.name if department else ""
        facts = self._facts(room, moved=True)
        if not room.served_by:
            return Done("forwarded_queued", say(QUEUED, where=where or "the queue"), facts=facts)
        if where:
            sentence = say(MOVED_WHERE, where=where, who=room.served_by)
            return Done("forwarded_to_department", sentence, facts=facts)
        return Done("forwarded", say(MOVED, who=room.served_by), facts=facts)

    def _facts(self, room: rooms.Room | None, *, moved: bool | None) -> dict[str, Any]:
        facts: dict[str, Any] = {"rid": self.room_id, "verified": room is not None}
        if moved is not None:
            facts["moved"] = moved
        if room is not None:
            facts |= {"served_by": room.served_by, "department_id": room.department_id}
        return facts

    def _unknown(self, kind: str, wanted: str, found: directory.NotFound | Response) -> Outcome:
        if isinstance(found, Response):
            return explain(self, found, rid=self.room_id)
        if found.unlisted:
            message, next_step = say(NO_LIST, kind=kind), say(NO_LIST_NEXT, kind=kind)
        elif found.several:
            message = say(SEVERAL, wanted=wanted)
            next_step = say(SEVERAL_NEXT, near=listed(found.near))
        else:
            message = say(UNKNOWN, kind=kind, wanted=wanted)
            next_step = say(UNKNOWN_NEAR, near=listed(found.near)) if found.near else UNKNOWN_NEXT
        row = Problem(message, next_step, follow_up=CHOOSE, ask=True)
        return tell(self, row, f"unknown_{kind}", facts={"rid": self.room_id})


def _is_at(
    room: rooms.Room, agent: directory.Entry | None, department: directory.Entry | None
) -> bool:
    if agent is not None and room.served_by_id != agent.id:
        return False
    return department is None or room.department_id == department.id
