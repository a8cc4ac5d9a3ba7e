"""Take back a scheduled e-mail transcript. None scheduled is success: that is what was wanted."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import Field

from bridge.actions.fields import RoomId
from bridge.actions.rocketchat import room as rooms
from bridge.actions.rocketchat.errors import SHARED, lacking
from bridge.actions.wording import code_of, explain, say, tell
from bridge.contract import (
    Action,
    Command,
    Context,
    Done,
    Fact,
    Flow,
    Picker,
    Positional,
    Problem,
    Repeat,
    Request,
)

ROUTE: Final = "/api/v1/livechat/transcript/{rid}"
CANCELLED: Final = "Cancelled: Rocket.Chat will not e-mail a transcript of this conversation."
NOT_SCHEDULED: Final = Problem(
    "No transcript is scheduled for this conversation, so there is nothing to cancel.", kind=Done
)
CLOSED: Final = Problem(
    "The conversation is closed, so a scheduled transcript has been sent with the close.",
    "An e-mail that was sent cannot be taken back.",
)


class CancelEmailTranscript(Action):
    """Cancel the e-mail transcript that is scheduled for a conversation."""

    title: ClassVar = "Cancel e-mail transcript"
    docs: ClassVar = "https://developer.rocket.chat/apidocs/delete-livechat-transcript"
    command: ClassVar = Command("transcript", "cancel", default=False)
    repeat: ClassVar = Repeat.CHECK_FIRST
    lane: ClassVar = "rid"
    write_route: ClassVar = f"DELETE {ROUTE}"
    errors: ClassVar = {
        **SHARED,
        **lacking("send-omnichannel-chat-transcript"),
        "error-transcript-not-requested": NOT_SCHEDULED,
    }
    a_200_means: ClassVar = "Nothing is scheduled any more."
    verifies: ClassVar = (
        "Nothing more is needed: a repeat says that nothing is scheduled. After a refusal the"
        " conversation is read: a closed one has sent its mail."
    )
    says: ClassVar = {
        "transcript_cancelled": CANCELLED,
        "transcript_not_requested": NOT_SCHEDULED.message,
        "room_closed": CLOSED.message,
    }
    example_facts: ClassVar = {
        "rid": Fact("string", "The room's id."),
        "cancelled": Fact(
            "boolean", "Whether this request cancelled one; false when none was scheduled."
        ),
    }

    rid: Annotated[RoomId, Positional(), Picker("rocketchat.open_rooms")] = Field(
        description="The open conversation: its room id or its pasted Rocket.Chat link.",
        examples=["tcbbSmWSLR5uo5PBW"],
    )

    def flow(self, context: Context) -> Flow:
        """Cancel; `resumed` needs no look, since a repeat says that nothing is scheduled."""
        answer = yield Request("DELETE", ROUTE, path={"rid": self.rid}, write=True)
        code = code_of(answer)
        if answer.ok or (context.resumed and code == "error-transcript-not-requested"):
            return Done(
                "transcript_cancelled", say(CANCELLED), facts={"rid": self.rid, "cancelled": True}
            )
        if code == "error-invalid-room":
            room = yield from rooms.look(self.rid)
            if room is not None and room.closed and room.omnichannel:
                return tell(self, CLOSED, "room_closed", facts={"rid": self.rid})
        if code == "error-transcript-not-requested":
            return explain(self, answer, rid=self.rid, cancelled=False)
        return explain(self, answer, rid=self.rid)
