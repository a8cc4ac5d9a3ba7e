"""What closing a conversation may be answered with: the error table, the sentences, the e-mail's fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from bridge.actions.fields import Email, Subject, YesNo
from bridge.actions.rocketchat.errors import BAD_FIELDS, SHARED, lacking
from bridge.contract import Done, FollowUp, Option, Personal, Problem, Retry

DEFAULT_SUBJECT: Final = "Transcript of your conversation"
AGAIN: Final = "rocketchat.close_room"
PDF: Final = "rocketchat.request_pdf_transcript"
NO_DATA: Final = PydanticCustomError(
    "no_data", "To send the transcript, requestData must hold an email and a subject."
)

TRY_AGAIN: Final = Problem(
    "Somebody else was changing the conversation at the same moment.",
    "Nothing to do: it is tried again by itself.",
    Retry,
)
FORCE_NEXT: Final = (
    "A Rocket.Chat administrator can look at the room {rid}. If the workspace allows it, you may also"
    " force the close."
)
BY_FORCE: Final = "Close it by force"
DAMAGED: Final = Problem(
    "Rocket.Chat cannot close this conversation; its data looks damaged.",
    FORCE_NEXT,
    follow_up=f"{AGAIN}: {BY_FORCE}",
    ask=True,
)
TOO_OLD_TO_FORCE: Final = Problem(
    "This Rocket.Chat is too old to close by force.",
    "Close it without force, or ask a Rocket.Chat administrator to repair the room {rid}.",
)

ERRORS: Final[Mapping[str, Problem]] = {
    **SHARED,
    **lacking("close-livechat-room"),
    "error-not-authorized": Problem(
        "The bridge's Rocket.Chat account may not close this conversation: somebody else serves it.",
        "This needs a Rocket.Chat administrator: give the account the permission"
        " close-others-livechat-room. Or its agent closes it. If it was closed a moment ago, there is"
        " nothing to do.",
    ),
    "error-room-already-closed": Problem(
        "The conversation was closed before.",
        kind=Done,
        follow_up=f"{PDF}: Get the PDF transcript",
    ),
    "error-comment-is-required": Problem(
        "Rocket.Chat wants a comment before this conversation is closed.",
        "Say in a few words why it ends; the visitor sees it. Then close again.",
        follow_up=f"{AGAIN}: Add a comment and close",
        ask=True,
    ),
    "error-tags-must-be-assigned-before-closing-chat": Problem(
        "This conversation's department wants tags before it is closed.",
        "Add at least one tag and close again. If it still refuses, a Rocket.Chat administrator must"
        " give the department its closing tags.",
        follow_up=f"{AGAIN}: Add tags and close",
        ask=True,
    ),
    "error-room-cannot-be-closed-try-again": TRY_AGAIN,
    "Error removing inquiry": TRY_AGAIN,
    "Error closing room": DAMAGED,
    "Error removing subscriptions": DAMAGED,
    "error-room-closed": DAMAGED,
    "Error: Room not found": DAMAGED,
    "Cannot read properties of undefined (reading 'email')": Problem(
        "Rocket.Chat was to send a transcript, but got no address.",
        "Give the e-mail address and close again.",
        follow_up=f"{AGAIN}: Add the address and close",
        ask=True,
    ),
    "invalid-params": BAD_FIELDS,
}


class Sentence:
    """What is said when the conversation is closed, or does not look so."""

    CLOSED: Final = "The conversation is closed."
    CLOSED_UNSEEN: Final = (
        "Rocket.Chat says that the conversation is closed. The bridge's account may not look at it any"
        " more, so this is not checked."
    )
    ALREADY: Final = "The conversation was already closed by {who} on {at}."
    ALREADY_NEXT: Final = (
        "Nothing more to do. The comment and the tags of this request were not used."
    )
    MAILED: Final = "Rocket.Chat e-mails the transcript to {to}."
    STILL_OPEN: Final = "Rocket.Chat said yes, but the conversation still shows as open."
    STILL_OPEN_NEXT: Final = (
        "Look at it in Rocket.Chat in a minute. If it is still open, close it again."
    )
    DAMAGED: Final = DAMAGED
    TOO_OLD_TO_FORCE: Final = TOO_OLD_TO_FORCE

    @staticmethod
    def transcript_button(rid: str) -> FollowUp:
        """A closed conversation can be had as a PDF."""
        return FollowUp("Get the PDF transcript", PDF, {"rid": rid})


class RequestData(BaseModel):
    """To whom, and with which subject. The subject is Rocket.Chat's to demand; here it has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    email: Annotated[Email, Option("email"), Personal()] = Field(
        description="E-mail the transcript to this address.", examples=["anna@example.com"]
    )
    subject: Annotated[Subject, Option("subject")] = Field(
        default=DEFAULT_SUBJECT, description="Subject of that e-mail.", examples=["transcript"]
    )


class TranscriptEmail(BaseModel):
    """`transcriptEmail` as documented. `sendToVisitor: false` also drops a scheduled transcript."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    send_to_visitor: Annotated[YesNo, Option("send")] = Field(
        default=True,
        alias="sendToVisitor",
        description="Whether a transcript is e-mailed; no drops one that is scheduled.",
        examples=[True],
    )
    request_data: RequestData | None = Field(
        default=None,
        alias="requestData",
        description="To whom, and with which subject.",
        examples=[{"email": "anna@example.com", "subject": "transcript"}],
    )

    @model_validator(mode="after")
    def _has_address(self) -> TranscriptEmail:
        if self.send_to_visitor and self.request_data is None:
            raise NO_DATA
        return self

    def as_json(self) -> dict[str, Any]:
        """As Rocket.Chat wants it: every key it demands, none it does not know."""
        wish: dict[str, Any] = {"sendToVisitor": self.send_to_visitor}
        if self.request_data is not None:
            subject = self.request_data.subject or DEFAULT_SUBJECT
            wish["requestData"] = {"email": self.request_data.email, "subject": subject}
        return wish
