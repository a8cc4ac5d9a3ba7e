"""E-mail chosen messages of a room to users and addresses.

The answer's `missing` names users that were not found or have no address; with all of them missing and no
address given, Rocket.Chat says 200 and mails nobody. Message ids it does not know are dropped in silence.
Each repeat mails people again, so there is none.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from bridge.actions.fields import Emails, MessageIds, RoomId, Subject, Usernames
from bridge.actions.rocketchat import export
from bridge.actions.wording import again, explain, listed, mask_email, say
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
    Personal,
    Picker,
    Positional,
    Problem,
    Refused,
    Repeat,
    Request,
    Response,
    Unknown,
)

DEFAULT_SUBJECT: Final = "Messages from a conversation"
NOBODY: Final = PydanticCustomError(
    "nobody", "Say who gets the messages: users=… (Rocket.Chat usernames) or emails=…."
)
MAILED: Final = (
    "Rocket.Chat mails {count} to {to}. The bridge cannot see whether the mail arrives, and Rocket.Chat"
    " leaves out messages that it does not find."
)
MISSING: Final = "⚠ Not reached: {missing} (no such user, or no e-mail address)."
MISSING_NEXT: Final = (
    "Send it to their addresses with emails=…, or ask an administrator to add them."
)
ALL_MISSING: Final = (
    "Nobody got the messages: Rocket.Chat has no e-mail address for {missing}, or no such user."
)
ALL_MISSING_NEXT: Final = "Give the addresses themselves with emails=…, or correct the usernames."
ADD_ADDRESSES: Final = "Add addresses and send"
UNKNOWN_NEXT: Final = (
    "Ask one of the recipients whether the mail came. If it did not, export again."
)
FIX_RECIPIENTS: Final = "rocketchat.export_messages: Correct the recipients"


class ExportMessages(Action):
    """E-mail chosen messages of a room."""

    title: ClassVar = "E-mail messages"
    docs: ClassVar = "https://developer.rocket.chat/apidocs/export-room"
    command: ClassVar = Command("export", "email", default=False)
    repeat: ClassVar = Repeat.NEVER_REPEAT
    lane: ClassVar = "rid"
    write_route: ClassVar = f"POST {export.ROUTE}"
    if_lost: ClassVar = UNKNOWN_NEXT
    errors: ClassVar = {
        **export.ERRORS,
        "error-invalid-recipient": Problem(
            "Rocket.Chat found nobody to mail to.",
            "Give users=… or emails=….",
            follow_up=FIX_RECIPIENTS,
            ask=True,
        ),
        "error-invalid-email": Problem(
            "One of the users has an e-mail address that Rocket.Chat cannot use.",
            "A Rocket.Chat administrator can correct it; or give the address with emails=….",
            follow_up=FIX_RECIPIENTS,
            ask=True,
        ),
        "invalid email": Problem(
            "Rocket.Chat does not accept one of the e-mail addresses.",
            "Correct emails=… and send again.",
            follow_up=FIX_RECIPIENTS,
            ask=True,
        ),
        "error-invalid-messages": Problem(
            "Rocket.Chat wants at least one message id.",
            "Give messages=… with the ids, separated by commas.",
        ),
        "error-invalid-format": Problem(
            "This Rocket.Chat wants a file format even for an e-mail, which is an old fault of it.",
            "This needs a Rocket.Chat administrator: the workspace's version is too old for this"
            " export. /export file {rid} works.",
        ),
    }
    a_200_means: ClassVar = (
        "The mail is handed over, to those who have an address; with nobody left it is still 200."
    )
    verifies: ClassVar = (
        "`missing` in the answer: who was not reached. That the mail arrives cannot be seen."
    )
    says: ClassVar = {
        "export_mailed": MAILED,
        "export_mailed_to_some": f"{MAILED} {MISSING}",
        "nobody_reached": ALL_MISSING,
    }
    example_facts: ClassVar = {
        "rid": Fact("string", "The room's id."),
        "messages": Fact("integer", "How many message ids were given."),
        "to_users": Fact("strings", "The usernames that were reached."),
        "to_emails": Fact("strings", "The addresses, masked."),
        "missing": Fact("strings", "Usernames that were not found or have no e-mail address."),
        "completion_visible": Fact(
            "boolean", "Always false: Rocket.Chat offers nothing to look at."
        ),
    }

    rid: Annotated[RoomId, Positional(), Picker("rocketchat.rooms")] = Field(
        description="The room: its id or its pasted Rocket.Chat link.",
        examples=["iu7jtPAhvEeAS5tNq"],
    )
    messages: Annotated[MessageIds, Option("messages")] = Field(
        description="Ids of the messages, separated by commas.",
        examples=[["yd6NBgNoiWATgDoFt", "BoCjicj9DdYoMHHeo"]],
    )
    to_users: Annotated[Usernames | None, Option("users")] = Field(
        default=None,
        alias="toUsers",
        description="Rocket.Chat usernames that get them.",
        examples=[["test.user"]],
    )
    to_emails: Annotated[Emails | None, Option("emails"), Personal()] = Field(
        default=None,
        alias="toEmails",
        description="E-mail addresses that get them. All recipients see each other.",
        examples=[["anna@example.com"]],
    )
    subject: Annotated[Subject, Option("subject")] = Field(
        default=DEFAULT_SUBJECT, description="Subject of the e-mail.", examples=["Test Subject"]
    )
    type: Annotated[Literal["email"], Option("type")] = Field(
        default="email", description="Implied: this action exports by e-mail.", examples=["email"]
    )

    @model_validator(mode="after")
    def _somebody(self) -> ExportMessages:
        if not self.to_users and not self.to_emails:
            raise NOBODY
        return self

    def flow(self, context: Context) -> Flow:
        """Send it, once; then say who was not reached."""
        if context.resumed:
            facts = self._facts(())
            return Unknown("export_unknown", export.UNKNOWN, UNKNOWN_NEXT, facts)
        answer = yield Request("POST", export.ROUTE, body=self._body(), write=True)
        if not answer.ok:
            return explain(self, answer, rid=self.rid)
        return self._mailed(_missing_in(answer))

    def _mailed(self, missing: tuple[str, ...]) -> Outcome:
        facts = self._facts(missing)
        if not facts["to_users"] and not facts["to_emails"]:
            return Refused(
                "nobody_reached",
                say(ALL_MISSING, missing=listed(missing)),
                ALL_MISSING_NEXT,
                facts,
                (FollowUp(ADD_ADDRESSES, type(self).id, again(self), ask=True),),
            )
        many = len(self.messages)
        count = "1 message" if many == 1 else f"{many} messages"
        to = listed((*facts["to_users"], *facts["to_emails"]))
        sentence = say(MAILED, count=count, to=to)
        if missing:
            sentence = f"{sentence} {say(MISSING, missing=listed(missing))}"
        next_step = MISSING_NEXT if missing else ""
        code = "export_mailed_to_some" if missing else "export_mailed"
        return Pending(code, sentence, next_step, facts)

    def _body(self) -> dict[str, Any]:
        """Both recipient lists always: https://github.com/RocketChat/Rocket.Chat/issues/22199."""
        return {
            "rid": self.rid,
            "type": self.type,
            "toUsers": list(self.to_users or ()),
            "toEmails": list(self.to_emails or ()),
            "subject": self.subject or DEFAULT_SUBJECT,
            "messages": list(self.messages),
        }

    def _facts(self, missing: tuple[str, ...]) -> dict[str, Any]:
        lost = {name.casefold() for name in missing}
        return {
            "rid": self.rid,
            "messages": len(self.messages),
            "to_users": [name for name in self.to_users or () if name.casefold() not in lost],
            "to_emails": [mask_email(email) for email in self.to_emails or ()],
            "missing": list(missing),
            "completion_visible": False,
        }


def _missing_in(answer: Response) -> tuple[str, ...]:
    data = answer.json
    names = data.get("missing") if isinstance(data, dict) else None
    return tuple(str(name) for name in names) if isinstance(names, list) else ()
