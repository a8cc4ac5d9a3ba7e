"""Schedule an e-mail transcript: Rocket.Chat sends it when the conversation closes, not before.

A second wish is refused upstream even with the same address, so after that refusal (and after a lost
answer) the conversation is read: the same address is success, another one can be replaced. The mail
itself leaves a trace only in the conversation: the wish disappears from the closed room after a message
of type `livechat_transcript_history`. `follow()` looks for it, rarely, and says what it saw.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from bridge.actions.fields import Email, RoomId, Subject, YesNo
from bridge.actions.rocketchat import room as rooms
from bridge.actions.rocketchat.closing import DEFAULT_SUBJECT
from bridge.actions.rocketchat.errors import SHARED, lacking
from bridge.actions.wording import again, code_of, explain, mask_email, say
from bridge.contract import (
    Action,
    Command,
    Context,
    Done,
    Fact,
    Flow,
    FollowUp,
    Option,
    Outcome,
    Pending,
    Personal,
    Picker,
    Positional,
    Problem,
    Refused,
    Repeat,
    Request,
    Rest,
    Unknown,
)

ROUTE: Final = "/api/v1/livechat/transcript/{rid}"
PDF: Final = "rocketchat.request_pdf_transcript"
CANCEL: Final = "rocketchat.cancel_email_transcript"

SCHEDULED: Final = (
    "Scheduled: Rocket.Chat e-mails the transcript to {to} when the conversation closes."
)
ALREADY: Final = "It was scheduled already: Rocket.Chat e-mails the transcript to {to} when the conversation closes."
CLOSING: Final = (
    "The conversation is closed; Rocket.Chat is about to e-mail the transcript to {to}."
)
LAST_NEXT: Final = "Rocket.Chat does this by itself; the bridge does not watch it any longer."
OTHER: Final = "A transcript is already scheduled, but to another address: {other}."
OTHER_NEXT: Final = "Change it to {to}, cancel it, or leave it as it is."
CHANGE_LABEL: Final = "Change the address"
CANCEL_LABEL: Final = "Cancel the scheduled one"
CLOSED: Final = "The conversation is closed, and an e-mail transcript can only be scheduled before."
CLOSED_NEXT: Final = "Get the PDF instead: /transcript pdf {rid}."
PDF_LABEL: Final = "Get the PDF"
SENT: Final = "The conversation was closed and Rocket.Chat e-mailed the transcript to {to}."
GONE: Final = "Somebody took back the scheduled transcript to {to}; it will not be sent."
GONE_NEXT: Final = "Schedule it again if you still want it."
TAKEN_BACK: Final = "The one to {other} was cancelled for it and will not be sent either."
RESCHEDULED: Final = (
    "The scheduled transcript now goes to {other}, not to {to}: somebody changed it."
)
NOT_SEEN: Final = (
    "The conversation was closed, but the bridge has not seen that the transcript to {to} was sent."
)
NOT_SEEN_NEXT: Final = "Ask {to} whether it arrived, or get the PDF: /transcript pdf {rid}."

WATCH_FIRST_S: Final = 60.0
WATCH_LONGEST_S: Final = 600.0
CLOSED_FIRST_S: Final = 2.0  # the mail leaves moments after the close
WATCH_DEADLINE_S: Final = 86_400.0
SEND_WITHIN_S: Final = 180.0  # between the close and the trace of the mail


class EmailTranscript(Action):
    """Have the transcript e-mailed when the conversation closes."""

    title: ClassVar = "E-mail transcript"
    docs: ClassVar = "https://developer.rocket.chat/apidocs/send-livechat-transcript"
    command: ClassVar = Command("transcript", "email", default=False)
    repeat: ClassVar = Repeat.CHECK_FIRST
    lane: ClassVar = "rid"
    write_route: ClassVar = f"POST {ROUTE}"
    errors: ClassVar = {
        **SHARED,
        **lacking(
            "send-omnichannel-chat-transcript",
            " By default only managers and administrators have it, agents do not.",
        ),
        "error-transcript-already-requested": Problem(
            "A transcript of this conversation is already scheduled.",
            "Cancel it first: /transcript cancel {rid}. Then schedule it anew.",
            follow_up=f"{CANCEL}: {CANCEL_LABEL}",
        ),
    }
    a_200_means: ClassVar = "It is scheduled. The mail leaves after the close, and Rocket.Chat tells nobody if it fails."
    verifies: ClassVar = (
        "To whom it is scheduled (`transcriptRequest`); after the close, the message"
        " `livechat_transcript_history` that only a sent mail leaves."
    )
    says: ClassVar = {
        "transcript_scheduled": SCHEDULED,
        "transcript_already_requested": OTHER,
        "transcript_sent": SENT,
        "transcript_not_seen": NOT_SEEN,
        "transcript_cancelled": GONE,
        "transcript_changed": RESCHEDULED,
        "room_closed": CLOSED,
    }
    example_facts: ClassVar = {
        "rid": Fact("string", "The room's id."),
        "to": Fact("string", "The address, masked."),
        "scheduled": Fact("boolean", "Whether the transcript is scheduled now."),
        "already": Fact("boolean", "Whether it had been scheduled before this request."),
        "scheduled_to": Fact("string", "The other address it is scheduled to, masked."),
        "sent": Fact(
            "boolean", "Whether the sent mail's trace was seen in the closed conversation."
        ),
    }

    rid: Annotated[RoomId, Positional(), Picker("rocketchat.open_rooms")] = Field(
        description="The open conversation: its room id or its pasted Rocket.Chat link.",
        examples=["tcbbSmWSLR5uo5PBW"],
    )
    email: Annotated[Email, Positional(), Personal()] = Field(
        description="The address that gets the transcript.", examples=["fim@rocket.chat"]
    )
    subject: Annotated[Subject, Rest()] = Field(
        default=DEFAULT_SUBJECT,
        description="Subject of the e-mail.",
        examples=["Test request Transcript"],
    )
    replace: Annotated[YesNo, Option("replace")] = Field(
        default=False,
        description="If one is scheduled to another address: cancel that and schedule this.",
        examples=[True],
    )

    def flow(self, context: Context) -> Flow:
        """Schedule it; when one is scheduled already, look to whom."""
        if self.replace or context.resumed:
            room = yield from rooms.look(self.rid)
            if room is not None and self._same(room):
                return self._scheduled(context, already=not context.resumed)
            if room is not None and room.transcript_email:
                if not self.replace:
                    return self._other(room)
                dropped = yield Request("DELETE", ROUTE, path={"rid": self.rid}, write=True)
                if not dropped.ok and code_of(dropped) != "error-transcript-not-requested":
                    return explain(self, dropped, rid=self.rid)
                context.memo["taken_back"] = mask_email(room.transcript_email)
        answer = yield self._post()
        if answer.ok:
            return self._scheduled(context, already=False)
        code = code_of(answer)
        if code not in ("error-transcript-already-requested", "error-invalid-room"):
            return self._not_scheduled(context, explain(self, answer, rid=self.rid))
        room = yield from rooms.look(self.rid)
        if room is not None and code == "error-invalid-room" and room.closed and room.omnichannel:
            return self._not_scheduled(context, self._closed())
        if room is not None and self._same(room):
            return self._scheduled(context, already=True)
        if room is not None and room.transcript_email:
            return self._other(room)
        return self._not_scheduled(context, explain(self, answer, rid=self.rid))

    def _not_scheduled(self, context: Context, outcome: Outcome) -> Outcome:
        """What was taken back to make room for it is gone all the same."""
        if other := context.memo.get("taken_back"):
            said = f"{outcome.message} {say(TAKEN_BACK, other=other)}"
            return dataclasses.replace(outcome, message=said)
        return outcome

    def follow(self, context: Context) -> Flow:
        """After the close: was the mail sent? Until then: is it still scheduled, and to whom?"""
        room = yield from rooms.look(self.rid)
        if room is None:
            return self._pending(context, look=False)
        if room.transcript_email and not self._same(room):
            return self._refused("transcript_changed", RESCHEDULED, "", room)
        if room.open:
            if room.transcript_email:
                return self._pending(context, look=self._watched_s(context) < WATCH_DEADLINE_S)
            return self._refused("transcript_cancelled", GONE, GONE_NEXT, room)
        if not room.transcript_email and (yield from rooms.was_mailed(room)):
            return Done("transcript_sent", say(SENT, self._words()), facts=self._facts(sent=True))
        closed_at = context.memo.setdefault("seen_closed_at", context.now)
        if context.now - closed_at < SEND_WITHIN_S:
            sentence = say(CLOSING, self._words())
            facts = self._facts(scheduled=True)
            wait = min(WATCH_FIRST_S, max(CLOSED_FIRST_S, context.now - closed_at))
            return Pending("transcript_sending", sentence, facts=facts, look_in_s=wait)
        return Unknown(
            "transcript_not_seen",
            say(NOT_SEEN, self._words()),
            say(NOT_SEEN_NEXT, self._words()),
            self._facts(sent=False),
            (FollowUp(PDF_LABEL, PDF, {"rid": self.rid}),),
        )

    def _post(self) -> Request:
        return Request(
            "POST",
            ROUTE,
            path={"rid": self.rid},
            body={"email": self.email, "subject": self.subject or DEFAULT_SUBJECT},
            write=True,
        )

    def _same(self, room: rooms.Room) -> bool:
        return room.transcript_email.casefold() == self.email.casefold()

    def _words(self) -> dict[str, Any]:
        return {"rid": self.rid, "to": mask_email(self.email)}

    def _facts(self, **more: Any) -> dict[str, Any]:
        return {**self._words(), **more}

    def _watched_s(self, context: Context) -> float:
        return context.now - float(context.memo.get("scheduled_at", context.since or context.now))

    def _scheduled(self, context: Context, *, already: bool) -> Outcome:
        context.memo["scheduled_at"] = context.now
        context.memo["already"] = already
        return self._pending(context, look=True)

    def _pending(self, context: Context, *, look: bool) -> Outcome:
        """Scheduled. Without `look` this is the last word: there is nothing more to see."""
        already = bool(context.memo.get("already"))
        wait = min(WATCH_LONGEST_S, max(WATCH_FIRST_S, self._watched_s(context) / 4))
        return Pending(
            "transcript_scheduled",
            say(ALREADY if already else SCHEDULED, self._words()),
            "" if look else LAST_NEXT,
            self._facts(scheduled=True, already=already),
            follow_ups=(FollowUp(CANCEL_LABEL, CANCEL, {"rid": self.rid}),),
            look_in_s=wait if look else None,
        )

    def _other(self, room: rooms.Room) -> Outcome:
        other = mask_email(room.transcript_email)
        return Refused(
            "transcript_already_requested",
            say(OTHER, other=other),
            say(OTHER_NEXT, self._words()),
            self._facts(scheduled=False, scheduled_to=other),
            (
                FollowUp(CHANGE_LABEL, type(self).id, again(self, replace=True)),
                FollowUp(CANCEL_LABEL, CANCEL, {"rid": self.rid}),
            ),
        )

    def _closed(self) -> Outcome:
        return Refused(
            "room_closed",
            CLOSED,
            say(CLOSED_NEXT, self._words()),
            self._facts(scheduled=False),
            (FollowUp(PDF_LABEL, PDF, {"rid": self.rid}),),
        )

    def _refused(self, code: str, sentence: str, next_step: str, room: rooms.Room) -> Outcome:
        other = mask_email(room.transcript_email) if room.transcript_email else None
        facts = self._facts(scheduled=False) | ({"scheduled_to": other} if other else {})
        return Refused(code, say(sentence, self._words(), other=other), next_step, facts)
