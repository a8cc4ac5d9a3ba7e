"""A conversation as `rooms.info` tells it, reduced to what an answer may show.

The visitor's token, which stands in the same document, is a credential: it is never read into here.
Closed means that `open` is absent; it is removed on close, never set to false. Source:
https://developer.rocket.chat/apidocs (rooms.info, chat.syncMessages).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bridge.contract import Request, Response, json_part, json_text

INFO_ROUTE: Final = "/api/v1/rooms.info"
SYNC_ROUTE: Final = "/api/v1/chat.syncMessages"  # the one call that also tells system messages
MAILED: Final = "livechat_transcript_history"

Look = Generator[Request, Response, "Room | None"]


@dataclass(frozen=True, slots=True)
class Room:
    """The state of one conversation at one moment."""

    rid: str
    open: bool
    omnichannel: bool = True
    closed_at: str = ""
    closed_by: str = ""  # a username
    closer: str = ""  # "user" or "visitor"
    served_by: str = ""  # a username
    served_by_id: str = ""
    department_id: str = ""
    tags: tuple[str, ...] = ()
    pdf_file_id: str = ""
    transcript_email: str = ""  # to whom a transcript is scheduled

    @property
    def closed(self) -> bool:
        return not self.open

    @property
    def who_closed(self) -> str:
        """Who closed it, for a sentence."""
        return "the visitor" if self.closer == "visitor" else self.closed_by or "somebody"


def ask(rid: str) -> Request:
    """The request that reads a conversation."""
    return Request("GET", INFO_ROUTE, query={"roomId": rid})


def read(response: Response) -> Room | None:
    """The conversation in the answer; None when it holds none."""
    data = json_part(response.json, "room") if response.ok else {}
    if not data.get("_id"):
        return None
    served, closed, wish = (
        json_part(data, key) for key in ("servedBy", "closedBy", "transcriptRequest")
    )
    return Room(
        rid=str(data["_id"]),
        open=bool(data.get("open")),
        omnichannel=data.get("t", "l") == "l",
        closed_at=json_text(data, "closedAt"),
        closed_by=json_text(closed, "username"),
        closer=json_text(data, "closer"),
        served_by=json_text(served, "username"),
        served_by_id=json_text(served, "_id"),
        department_id=json_text(data, "departmentId"),
        tags=tuple(str(tag) for tag in data.get("tags") or ()),
        pdf_file_id=json_text(data, "pdfTranscriptFileId"),
        transcript_email=json_text(wish, "email"),
    )


def look(rid: str) -> Look:
    """Read a conversation; None when it may not be seen or is not there."""
    return read((yield ask(rid)))


def was_mailed(room: Room) -> Generator[Request, Response, bool]:
    """Whether the closed conversation holds the trace of a sent transcript."""
    answer = yield Request(
        "GET", SYNC_ROUTE, query={"roomId": room.rid, "lastUpdate": _just_before(room.closed_at)}
    )
    updated = json_part(answer.json, "result").get("updated") if answer.ok else None
    messages = updated if isinstance(updated, list) else []
    return any(isinstance(message, Mapping) and message.get("t") == MAILED for message in messages)


def _just_before(moment: str) -> str:
    """Only what came with the close and after it; a long conversation is not read again."""
    try:
        closed_at = datetime.fromisoformat(moment)
    except ValueError:
        closed_at = datetime(1970, 1, 1, tzinfo=UTC)
    return (closed_at - timedelta(seconds=2)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
