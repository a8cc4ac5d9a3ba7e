"""Watching for a PDF transcript: Rocket.Chat says 200 to the wish and makes the file some time later.

The one sign of completion is `room.pdfTranscriptFileId`; a failure is told to nobody but in a direct
message from rocket.cat. So the room is looked at in doubling intervals (about ten looks in four minutes,
which leaves most of the pace to people). A wish older than 15 seconds has lost its lock and is made once
more; a repeat is a silent no-op when the first is still alive. A wish that went along with a close is
repeated at the first look already: Community ignores it in silence, but answers the repeat. Without a file at the deadline the outcome
is `Unknown`: the wish may still be fulfilled, and a person may ask again.
Source: https://github.com/RocketChat/Rocket.Chat/pull/35809
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bridge.actions.rocketchat import room as rooms
from bridge.actions.rocketchat.errors import SHARED, lacking
from bridge.actions.wording import code_of, explain, lane_args, say
from bridge.contract import (
    Action,
    Context,
    Done,
    Fact,
    FileRef,
    Flow,
    FollowUp,
    Outcome,
    Pending,
    Problem,
    Request,
    Response,
    Unknown,
)

ROUTE: Final = "/api/v1/omnichannel/{rid}/request-transcript"
FILE_ROUTE: Final = "/file-upload/{fileId}/{name}"
ACTION_ID: Final = "rocketchat.request_pdf_transcript"

FIRST_LOOK_S: Final = 1.5  # a person waits; the server's worker wakes every 5 seconds
LONGEST_LOOK_S: Final = 60.0
STUCK_AFTER_S: Final = 15.0
DEADLINE_S: Final = 240.0
GRACE_S: Final = 60.0  # after a repeated wish

READY: Final = "The PDF transcript is ready."
MAKING: Final = "Rocket.Chat is making the PDF transcript; it comes here when it is ready."
NOT_CONFIRMED: Final = "Rocket.Chat accepted the wish for a PDF transcript, but no file appeared within {minutes} minutes."
NOT_CONFIRMED_NEXT: Final = (
    "It may still come: ask again in a while. If it never does, a Rocket.Chat administrator finds the"
    " reason in the account's direct messages from rocket.cat."
)
NOT_SEEN: Final = (
    "Rocket.Chat accepted the wish for a PDF transcript, but the bridge's account may not look at the"
    " conversation, so it cannot bring the file."
)
NOT_SEEN_NEXT: Final = "Open the conversation in Rocket.Chat: the PDF is posted there."
BLIND: Final = (
    "Rocket.Chat accepted the wish for a PDF transcript, but the bridge can no longer look for the file."
    " {why}"
)
WITHOUT: Final = "But there is no PDF transcript. {why}"
ASK_AGAIN: Final = "Ask for the PDF again"
NEEDS_PREMIUM: Final = Problem(
    "This Rocket.Chat makes no PDF transcripts: they need a premium plan.",
    "A Rocket.Chat administrator knows about the plan. Before a conversation is closed, its transcript"
    " can be e-mailed instead.",
)
NO_PLAN: Final = ("error-action-not-allowed", "not-found")
OPEN: Final = "The conversation is still open, and Rocket.Chat makes a PDF only of closed ones."
OPEN_NEXT: Final = (
    "Close it first: /close {rid}. Or have the PDF brought as soon as somebody closes it."
)
CLOSE_AND_BRING: Final = "Close it and bring the PDF"

STAGES: Final = (
    *("waiting_for_close", "pending", "ready", "not_confirmed", "not_seen", "refused"),
)
FILE_FACTS: Final[Mapping[str, Fact]] = {
    "pdf_file_id": Fact(
        "string", "Rocket.Chat's id of the finished file (room.pdfTranscriptFileId)."
    ),
    "file_name": Fact("string", "Name of the file that comes with the answer."),
}

ERRORS: Final[Mapping[str, Problem]] = {
    **SHARED,
    **lacking("request-pdf-transcript"),
    "room-still-open": Problem(
        OPEN, OPEN_NEXT, follow_up=f"rocketchat.close_room: {CLOSE_AND_BRING}", ask=True
    ),
    "improper-room-state": Problem(
        "This conversation has no visitor, so Rocket.Chat makes no transcript of it.",
        "Export the room instead: /export file {rid}.",
        follow_up="rocketchat.export_room: Export as a file",
    ),
    **dict.fromkeys(NO_PLAN, NEEDS_PREMIUM),
}


@dataclass(frozen=True, slots=True)
class Story:
    """Whose answer this is: what is said before the PDF's part, and the facts that go along."""

    before: str = ""
    facts: Mapping[str, Any] | None = None
    code: str = "pdf"  # prefix of the outcome's code
    certain: bool = False  # what is said before is done, whatever becomes of the PDF

    def told(self, sentence: str, **values: Any) -> str:
        return f"{self.before} {say(sentence, values)}".strip()

    def with_facts(self, **more: Any) -> dict[str, Any]:
        return {**(self.facts or {}), **more}

    def doubt(self) -> type[Outcome]:
        """What it is when no PDF was seen."""
        return Done if self.certain else Unknown


def wish(rid: str) -> Request:
    """The request for a PDF; a repeat changes nothing."""
    return Request("POST", ROUTE, path={"rid": rid}, write=True)


def file_of(room: rooms.Room) -> FileRef:
    """Where the finished file is; the server finds it by its id alone."""
    name = f"transcript-{room.rid}.pdf"
    request = Request(
        "GET", FILE_ROUTE, path={"fileId": room.pdf_file_id, "name": name}, expects="file"
    )
    return FileRef(request, name, "application/pdf")


def asked(context: Context) -> None:
    """Remember when the wish was made; the deadline runs from here."""
    context.memo["pdf_asked_at"] = context.now


def state(action: Action, room: rooms.Room | None, context: Context, story: Story) -> Outcome:
    """Ready, still being made, or not to be seen."""
    if room is None:
        return story.doubt()(
            code=f"{story.code}_not_seen",
            message=story.told(NOT_SEEN),
            next_step=NOT_SEEN_NEXT,
            facts=story.with_facts(pdf="not_seen"),
        )
    if room.pdf_file_id:
        file = file_of(room)
        return Done(
            code=f"{story.code}_ready",
            message=story.told(READY),
            facts=story.with_facts(pdf="ready", pdf_file_id=room.pdf_file_id, file_name=file.name),
            file=file,
        )
    waited = _waited_s(context)
    if waited >= _deadline_s(context):
        label = FollowUp(ASK_AGAIN, ACTION_ID, lane_args(action, ACTION_ID))
        return story.doubt()(
            code=f"{story.code}_not_confirmed",
            message=story.told(NOT_CONFIRMED, minutes=max(1, round(waited / 60))),
            next_step=NOT_CONFIRMED_NEXT,
            facts=story.with_facts(pdf="not_confirmed"),
            follow_ups=(label,),
        )
    return Pending(
        code=f"{story.code}_pending",
        message=story.told(MAKING),
        facts=story.with_facts(pdf="pending"),
        look_in_s=min(
            LONGEST_LOOK_S, max(FIRST_LOOK_S, waited), max(1.0, _deadline_s(context) - waited)
        ),
    )


def watch(action: Action, rid: str, context: Context, story: Story) -> Flow:
    """Look once more; make a stuck wish again, once."""
    seen = yield rooms.ask(rid)
    if seen.status == 401:
        return _blind(action, seen, story)
    room = rooms.read(seen)
    if room is not None and not room.pdf_file_id:
        stuck = _waited_s(context) > STUCK_AFTER_S and "pdf_asked_again_at" not in context.memo
        unasked = story.certain and "pdf_asked_itself_at" not in context.memo
        if stuck or unasked:
            context.memo["pdf_asked_again_at" if stuck else "pdf_asked_itself_at"] = context.now
            answer = yield wish(rid)
            if not answer.ok and (stuck or code_of(answer) in NO_PLAN):
                return refused(action, answer, story)
    return state(action, room, context, story)


def _blind(action: Action, answer: Response, story: Story) -> Outcome:
    """The sign-in ended while the file was being made."""
    why = explain(action, answer, table=ERRORS)
    return story.doubt()(
        code=f"{story.code}_not_seen",
        message=story.told(BLIND, why=why.message),
        next_step=why.next_step,
        facts=story.with_facts(pdf="not_seen"),
        follow_ups=(FollowUp(ASK_AGAIN, ACTION_ID, lane_args(action, ACTION_ID)),),
    )


def refused(action: Action, answer: Response, story: Story) -> Outcome:
    """Why there will be no PDF; what was done before it stays done."""
    facts = story.with_facts(pdf="refused")
    why = explain(action, answer, table=ERRORS, **facts)
    if not story.certain:
        return why
    code = f"{story.code}_refused"
    return Done(code, story.told(WITHOUT, why=why.message), why.next_step, facts)


def _waited_s(context: Context) -> float:
    since = context.memo.get("pdf_asked_at", context.since or context.now)
    return max(0.0, context.now - float(since))


def _deadline_s(context: Context) -> float:
    """A bridge that slept past the deadline still gives a repeated wish its time."""
    first = float(context.memo.get("pdf_asked_at", context.since))
    again = float(context.memo.get("pdf_asked_again_at", first))
    return max(DEADLINE_S, again - first + GRACE_S)
