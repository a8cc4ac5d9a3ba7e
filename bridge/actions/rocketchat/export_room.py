"""Export a room as a file. The file is never returned: its link is mailed to the owner of the token.

So `/me` is read first: without an address Rocket.Chat would still say 200 and nobody would get anything.
After the 200 there is nothing the bridge can look at, and every repeat makes another file and mail.
Complaint it answers: https://github.com/RocketChat/Rocket.Chat/issues/19693
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from bridge.actions.fields import Day, RoomId
from bridge.actions.rocketchat import export
from bridge.actions.wording import explain, mask_email, say
from bridge.contract import (
    Action,
    Command,
    Context,
    Fact,
    Flow,
    Option,
    Pending,
    Picker,
    Positional,
    Problem,
    Refused,
    Repeat,
    Request,
    Unknown,
)

WRONG_ORDER: Final = PydanticCustomError(
    "wrong_order", "The first day (from) must not be after the last day (to)."
)
QUEUED: Final = (
    "Rocket.Chat is exporting {period} as {format} and mails a download link to {to}, the bridge's"
    " account. The bridge cannot see when that is done."
)
QUEUED_NEXT: Final = (
    "Ask whoever reads that mailbox for the link: only that account may download the file."
)
NO_ADDRESS: Final = (
    "Nothing was exported: Rocket.Chat mails the link to the bridge's account, and that account has no"
    " e-mail address."
)
NO_ADDRESS_NEXT: Final = "This needs a Rocket.Chat administrator: give the account {account} one."
UNKNOWN_NEXT: Final = "Look for a mail “Channel Export” in the mailbox of the bridge's account. If none came, export again."


class ExportRoom(Action):
    """Export a room's messages as a file; the link is mailed."""

    title: ClassVar = "Export room to a file"
    docs: ClassVar = "https://developer.rocket.chat/apidocs/export-room"
    command: ClassVar = Command("export", "file", default=True)
    repeat: ClassVar = Repeat.NEVER_REPEAT
    lane: ClassVar = "rid"
    write_route: ClassVar = f"POST {export.ROUTE}"
    if_lost: ClassVar = UNKNOWN_NEXT
    errors: ClassVar = {
        **export.ERRORS,
        "error-invalid-dates": Problem(
            "The first day is after the last day.", "Correct from= and to= and export again."
        ),
        "error-invalid-format": Problem(
            "Rocket.Chat does not know this file format.", "Use format=html or format=json."
        ),
    }
    a_200_means: ClassVar = (
        "The export is started. The file is never returned: its link is mailed to the token's owner,"
        " and without an address nobody gets anything."
    )
    verifies: ClassVar = "Before the call: the token's owner (`/me`) has an e-mail address. Completion cannot be seen."
    says: ClassVar = {
        "export_queued": QUEUED,
        "owner_without_email": NO_ADDRESS,
    }
    example_facts: ClassVar = {
        "rid": Fact("string", "The room's id."),
        "format": Fact("string", "The file's format.", ("html", "json")),
        "from": Fact("string", "First day, when given.", format="date"),
        "to_day": Fact("string", "Last day, when given.", format="date"),
        "link_goes_to": Fact("string", "The address that gets the download link, masked."),
        "completion_visible": Fact(
            "boolean", "Always false: Rocket.Chat offers nothing to look at."
        ),
    }

    rid: Annotated[RoomId, Positional(), Picker("rocketchat.rooms")] = Field(
        description="The room: its id or its pasted Rocket.Chat link.",
        examples=["iu7jtPAhvEeAS5tNq"],
    )
    format: Annotated[Literal["html", "json"], Option("format")] = Field(
        default="html", description="File format.", examples=["html"]
    )
    date_from: Annotated[Day | None, Option("from")] = Field(
        default=None,
        alias="dateFrom",
        description="First day (UTC), YYYY-MM-DD; without it from the beginning.",
        examples=["2000-01-01"],
    )
    date_to: Annotated[Day | None, Option("to")] = Field(
        default=None,
        alias="dateTo",
        description="Last day (UTC), YYYY-MM-DD; without it until today.",
        examples=["2021-11-25"],
    )
    type: Annotated[Literal["file"], Option("type")] = Field(
        default="file", description="Implied: this action exports to a file.", examples=["file"]
    )

    @model_validator(mode="after")
    def _in_order(self) -> ExportRoom:
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise WRONG_ORDER
        return self

    def flow(self, context: Context) -> Flow:
        """See that somebody can get the link, then start the export, once."""
        if context.resumed:
            return Unknown("export_unknown", export.UNKNOWN, UNKNOWN_NEXT, self._facts())
        owner = yield export.me()
        if not owner.ok:
            return explain(self, owner, rid=self.rid)
        address = export.address_in(owner)
        if not address:
            account = owner.json.get("username") if isinstance(owner.json, dict) else None
            next_step = say(NO_ADDRESS_NEXT, account=account or "of the bridge")
            return Refused("owner_without_email", NO_ADDRESS, next_step, self._facts())
        answer = yield Request("POST", export.ROUTE, body=self._body(), write=True)
        if not answer.ok:
            return explain(self, answer, rid=self.rid)
        to = mask_email(address)
        words = {"period": self._period(), "format": self.format.upper(), "to": to}
        facts = self._facts(link_goes_to=to, completion_visible=False)
        return Pending("export_queued", say(QUEUED, words), QUEUED_NEXT, facts)

    def _body(self) -> dict[str, Any]:
        """Only the keys of the file export: the server refuses any other."""
        body = {"rid": self.rid, "type": self.type, "format": self.format}
        days = {"dateFrom": _iso(self.date_from), "dateTo": _iso(self.date_to)}
        return {**body, **{key: day for key, day in days.items() if day}}

    def _facts(self, **more: Any) -> dict[str, Any]:
        days = {"from": _iso(self.date_from), "to_day": _iso(self.date_to)}
        given = {key: day for key, day in days.items() if day}
        return {"rid": self.rid, "format": self.format, **given, **more}

    def _period(self) -> str:
        if self.date_from and self.date_to:
            return f"the messages from {self.date_from} to {self.date_to}"
        if self.date_from:
            return f"the messages since {self.date_from}"
        if self.date_to:
            return f"the messages until {self.date_to}"
        return "all messages"


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""
