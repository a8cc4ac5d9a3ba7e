"""Request the PDF transcript of a closed conversation, and bring the file itself.

A 200 means queued, and also "it exists already" or "it is being made": so the conversation is read once
at once, and then watched (see `pdf`). With `whenClosed` the wish waits for the conversation's end.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import Field

from bridge.actions.fields import RoomId, YesNo
from bridge.actions.rocketchat import pdf
from bridge.actions.rocketchat import room as rooms
from bridge.actions.wording import again, code_of, explain, say
from bridge.contract import (
    Action,
    Command,
    Context,
    Fact,
    Flow,
    FollowUp,
    Option,
    Outcome,
    Pending,
    Picker,
    Positional,
    Refused,
    Repeat,
)

CLOSE: Final = "rocketchat.close_room"
BRING_WHEN_CLOSED: Final = "Bring it when it is closed"
WAITING: Final = "The conversation is still open. The PDF comes here when it has been closed."
STILL_OPEN: Final = "The conversation was not closed within {days} days, so no PDF was requested."
STILL_OPEN_NEXT: Final = "Ask again when it is closed: /transcript pdf {rid}."
WAIT_FIRST_S: Final = 10.0
WAIT_LONGEST_S: Final = 300.0
WAIT_DEADLINE_S: Final = 3 * 86_400.0


class RequestPdfTranscript(Action):
    """Make a PDF transcript of a closed conversation and bring it here."""

    title: ClassVar = "PDF transcript"
    docs: ClassVar = "https://developer.rocket.chat/apidocs/request-omnichannel-pdf-transcript"
    command: ClassVar = Command("transcript", "pdf", default=True)
    repeat: ClassVar = Repeat.IDEMPOTENT
    in_channel: ClassVar = True  # the file hangs on the answer, in its thread
    lane: ClassVar = "rid"
    write_route: ClassVar = f"POST {pdf.ROUTE}"
    errors: ClassVar = pdf.ERRORS
    a_200_means: ClassVar = (
        "Queued. The same 200 comes when the PDF exists already, when it is being made, and when its"
        " making will fail."
    )
    verifies: ClassVar = (
        "`pdfTranscriptFileId` in rooms.info, looked for in growing intervals; then the file itself is"
        " fetched, bounded and checked to be a PDF."
    )
    says: ClassVar = {
        "pdf_ready": pdf.READY,
        "pdf_not_confirmed": pdf.NOT_CONFIRMED,
        "pdf_not_seen": pdf.NOT_SEEN,
        "room_still_open": pdf.OPEN,
        "action_not_allowed": pdf.NEEDS_PREMIUM.message,
    }
    example_facts: ClassVar = {
        "rid": Fact("string", "The room's id."),
        "open": Fact("boolean", "True when the conversation is still open."),
        "pdf": Fact("string", "What became of the PDF.", pdf.STAGES),
        **pdf.FILE_FACTS,
    }

    rid: Annotated[RoomId, Positional(), Picker("rocketchat.closed_rooms")] = Field(
        description="The conversation: its room id or its pasted Rocket.Chat link.",
        examples=["gLanBL8wSfXG7AqBo"],
    )
    when_closed: Annotated[YesNo, Option("wait")] = Field(
        default=False,
        alias="whenClosed",
        description="If the conversation is still open: bring the PDF when it has been closed.",
        examples=[True],
    )

    def flow(self, context: Context) -> Flow:
        """Ask for it, then look once: the file may be there already."""
        answer = yield pdf.wish(self.rid)
        if not answer.ok:
            if code_of(answer) == "room-still-open":
                return self._still_open(context)
            return explain(self, answer, rid=self.rid)
        pdf.asked(context)
        context.memo.pop("waits_since", None)
        room = yield from rooms.look(self.rid)
        return pdf.state(self, room, context, self._story())

    def follow(self, context: Context) -> Flow:
        """Watch for the file; or, while the wish waits, for the conversation's end."""
        if "waits_since" not in context.memo:
            return (yield from pdf.watch(self, self.rid, context, self._story()))
        room = yield from rooms.look(self.rid)
        if room is not None and room.open:
            return self._still_open(context)
        return (yield from self.flow(context))

    def _story(self) -> pdf.Story:
        return pdf.Story(facts={"rid": self.rid})

    def _still_open(self, context: Context) -> Outcome:
        """Refused with two ways on, or the standing wish."""
        facts = {"rid": self.rid, "open": True}
        if not self.when_closed:
            return Refused(
                code="room_still_open",
                message=pdf.OPEN,
                next_step=say(pdf.OPEN_NEXT, rid=self.rid),
                facts=facts,
                follow_ups=(
                    FollowUp(
                        pdf.CLOSE_AND_BRING,
                        CLOSE,
                        {"rid": self.rid, "generateTranscriptPdf": True},
                        ask=True,
                    ),
                    FollowUp(BRING_WHEN_CLOSED, type(self).id, again(self, whenClosed=True)),
                ),
            )
        waited = context.now - context.memo.setdefault("waits_since", context.now)
        if waited >= WAIT_DEADLINE_S:
            return Refused(
                code="room_still_open",
                message=say(STILL_OPEN, days=round(WAIT_DEADLINE_S / 86_400)),
                next_step=say(STILL_OPEN_NEXT, rid=self.rid),
                facts=facts,
            )
        return Pending(
            code="pdf_waits_for_close",
            message=WAITING,
            facts={**facts, "pdf": "waiting_for_close"},
            look_in_s=min(WAIT_LONGEST_S, max(WAIT_FIRST_S, waited / 8)),
        )
