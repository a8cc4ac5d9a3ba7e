"""Close an omnichannel conversation, and look whether it is closed.

Closing deletes all subscriptions, so a repeated call of a plain agent is answered `error-not-authorized`
by newer servers instead of "already closed": after every refusal the conversation is read, and a closed
one is success, told with who closed it. A PDF wish is ignored in silence on the Community edition; it is
watched to its end (see `pdf`), and the wish repeated at the first look brings that to light.
Sources: https://github.com/RocketChat/Rocket.Chat/pull/32707 and pull/34940.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from bridge.actions.fields import Comment, RoomId, Tags, YesNo
from bridge.actions.rocketchat import pdf
from bridge.actions.rocketchat import room as rooms
from bridge.actions.rocketchat.closing import (
    BY_FORCE,
    ERRORS,
    Sentence,
    TranscriptEmail,
)
from bridge.actions.wording import code_of, explain, mask_email, say, tell
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
    Repeat,
    Request,
    Response,
    Rest,
    Unknown,
)

ROUTE: Final = "/api/v1/livechat/room.closeByUser"
LOST_RACES: Final = ("error-room-cannot-be-closed-try-again", "Error removing inquiry")
RACES_LIMIT: Final = 3  # then it is no race but a damaged room


class CloseRoom(Action):
    """Close a conversation, with comment, tags and transcript."""

    title: ClassVar = "Close conversation"
    docs: ClassVar = "https://developer.rocket.chat/apidocs/close-livechat-room"
    command: ClassVar = Command("close")
    repeat: ClassVar = Repeat.CHECK_FIRST
    lane: ClassVar = "rid"
    write_route: ClassVar = f"POST {ROUTE}"
    confirm: ClassVar = "Close this conversation? The visitor sees that it ends, and the comment."
    in_channel: ClassVar = True
    errors: ClassVar = ERRORS
    a_200_means: ClassVar = (
        "It is closed. Mail and PDF come later or never; without the premium plan the wish for a PDF"
        " is ignored in silence."
    )
    verifies: ClassVar = (
        "`open` is absent in rooms.info, who closed it and when; a PDF by `pdfTranscriptFileId`, and"
        " the file itself is fetched."
    )
    says: ClassVar = {
        "room_closed": Sentence.CLOSED,
        "room_already_closed": Sentence.ALREADY,
        "room_still_open": Sentence.STILL_OPEN,
        "room_closed_pdf_ready": f"{Sentence.CLOSED} {pdf.READY}",
        "room_closed_pdf_refused": f"{Sentence.CLOSED} {pdf.WITHOUT}",
        "room_closed_pdf_not_confirmed": f"{Sentence.CLOSED} {pdf.NOT_CONFIRMED}",
    }
    example_facts: ClassVar = {
        "rid": Fact("string", "The room's id."),
        "closed": Fact("boolean", "Whether the conversation is closed, as read after the call."),
        "verified": Fact("boolean", "Whether the bridge could read that."),
        "already_closed": Fact("boolean", "Whether it had been closed before this request."),
        "closed_by": Fact("string", "Username of who closed it; empty when nobody is named."),
        "closer": Fact("string", "Which side closed it.", ("", "user", "visitor")),
        "closed_at": Fact("string", "When it was closed (ISO 8601); empty when not told."),
        "tags": Fact("strings", "The tags the conversation has now."),
        "transcript_to": Fact("string", "Where the e-mail transcript goes, masked."),
        "pdf": Fact("string", "What became of the PDF, when one was asked for.", pdf.STAGES),
        **pdf.FILE_FACTS,
    }

    rid: Annotated[RoomId, Positional(), Picker("rocketchat.open_rooms")] = Field(
        description="The conversation: its room id or its pasted Rocket.Chat link.",
        examples=["8ceKgWvo5qT5TrCRN"],
    )
    comment: Annotated[Comment | None, Rest()] = Field(
        default=None,
        description="Why it is closed. The visitor sees it.",
        examples=["close via API"],
    )
    tags: Annotated[Tags | None, Option("tags")] = Field(
        default=None, description="Tags to add.", examples=[["abc", "billing"]]
    )
    generate_transcript_pdf: Annotated[YesNo | None, Option("pdf")] = Field(
        default=None,
        alias="generateTranscriptPdf",
        description="Make a PDF transcript and bring it here.",
        examples=[True],
    )
    transcript_email: TranscriptEmail | None = Field(
        default=None,
        alias="transcriptEmail",
        description="E-mail the transcript, and to whom.",
        examples=[
            {
                "sendToVisitor": True,
                "requestData": {"email": "anna@example.com", "subject": "transcript"},
            }
        ],
    )
    force_close: Annotated[YesNo | None, Option("force")] = Field(
        default=None,
        alias="forceClose",
        description="Close it even if Rocket.Chat's data of it is damaged. Only when nothing else"
        " helps; the workspace must allow it.",
        examples=[True],
    )

    def flow(self, context: Context) -> Flow:
        """Close it, then look; a refusal of an already closed conversation is success."""
        # an earlier call of ours may have closed it, unless each was answered that it did not
        ours = context.resumed and not context.memo.get("all_refused")
        if context.resumed:
            room = yield from rooms.look(self.rid)
            if room is not None and room.closed:
                return (yield from self._closed(room, context, already=not ours))
        context.memo.pop("all_refused", None)  # until this one is answered, too
        answer = yield self._request(context)
        if not answer.ok:
            return (yield from self._refused(answer, context, ours=ours))
        room = yield from rooms.look(self.rid)
        if room is not None and room.open:
            sentence, next_step = Sentence.STILL_OPEN, Sentence.STILL_OPEN_NEXT
            facts = {"rid": self.rid, "closed": False, "verified": True}
            return Unknown("room_still_open", sentence, next_step, facts)
        return (yield from self._closed(room, context, already=False))

    def follow(self, context: Context) -> Flow:
        """Watch for the PDF; the close itself is certain."""
        return (yield from pdf.watch(self, self.rid, context, self._story(context)))

    def _request(self, context: Context) -> Request:
        mail = self.transcript_email
        body = {
            "rid": self.rid,
            "comment": self._comment(context),
            "tags": list(self.tags) if self.tags else None,
            "generateTranscriptPdf": self.generate_transcript_pdf,
            "transcriptEmail": mail.as_json() if mail else None,
            "forceClose": self.force_close or None,
        }
        given = {key: value for key, value in body.items() if value is not None}
        return Request("POST", ROUTE, body=given, write=True)

    def _comment(self, context: Context) -> str | None:
        comment = (self.comment or "").strip() or context.default_comment.strip()
        if comment and context.signature:
            return f"{comment} ({context.signature})"
        return comment or None

    def _refused(self, answer: Response, context: Context, *, ours: bool) -> Flow:
        code = code_of(answer)
        if code in ("unauthorized", "error-unauthorized", "forbidden"):
            return explain(self, answer, rid=self.rid)
        if code in ("invalid-params", "error-invalid-params") and self.force_close:
            return tell(self, Sentence.TOO_OLD_TO_FORCE, "force_close_not_offered")
        room = yield from rooms.look(self.rid)
        if room is not None and room.closed and room.omnichannel:
            return (yield from self._closed(room, context, already=not ours))
        if code in LOST_RACES:
            races = int(context.memo.get("races", 0)) + 1
            context.memo |= {"races": races, "all_refused": not ours}
            if races >= RACES_LIMIT:
                return _forcible(
                    tell(self, Sentence.DAMAGED, "room_damaged", facts={"rid": self.rid})
                )
        return _forcible(explain(self, answer, rid=self.rid))

    def _closed(self, room: rooms.Room | None, context: Context, *, already: bool) -> Flow:
        """The conversation is closed; with a PDF asked for, its story goes on."""
        mail = self.transcript_email
        sent_to = mask_email(mail.request_data.email) if mail and mail.request_data else ""
        facts: dict[str, Any] = {"rid": self.rid, "closed": True, "verified": room is not None}
        if room is None:
            sentence = say(Sentence.CLOSED_UNSEEN)
        else:
            facts |= {
                "already_closed": already,
                "closed_by": room.closed_by,
                "closer": room.closer,
                "closed_at": room.closed_at,
                "tags": list(room.tags),
            }
            at = room.closed_at[:16].replace("T", " ") + " UTC" if room.closed_at else ""
            words = {"who": room.who_closed, "at": at}
            sentence = say(Sentence.ALREADY if already else Sentence.CLOSED, words)
        if sent_to and mail and mail.send_to_visitor and not already:
            facts["transcript_to"] = sent_to
            sentence = f"{sentence} {say(Sentence.MAILED, to=sent_to)}"
        if not self.generate_transcript_pdf:
            next_step = Sentence.ALREADY_NEXT if already else ""
            code = "room_already_closed" if already else "room_closed"
            follow_ups = (Sentence.transcript_button(self.rid),)
            return Done(code, sentence, next_step, facts, follow_ups)
        pdf.asked(context)
        context.memo["closed"] = {"sentence": sentence, "facts": facts}
        if already and room is not None and not room.pdf_file_id:
            answer = yield pdf.wish(self.rid)  # this call's wish was refused with the close
            context.memo["pdf_asked_itself_at"] = context.now
            if not answer.ok:
                return pdf.refused(self, answer, self._story(context))
        return pdf.state(self, room, context, self._story(context))

    def _story(self, context: Context) -> pdf.Story:
        told = context.memo.get("closed") or {"sentence": "", "facts": {"rid": self.rid}}
        return pdf.Story(told["sentence"], told["facts"], code="room_closed_pdf", certain=True)


def _forcible(outcome: Outcome) -> Outcome:
    """The button that closes by force opens the form with force chosen: sending it is the consent."""
    follow_ups = tuple(
        replace(one, args={**one.args, "forceClose": True}) if one.label == BY_FORCE else one
        for one in outcome.follow_ups
    )
    return replace(outcome, follow_ups=follow_ups)
