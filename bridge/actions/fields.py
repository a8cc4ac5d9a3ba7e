"""Field types: what people paste and programs send, read into one clean value or refused in a sentence.

Each type is an `Annotated` alias with a validator that takes any JSON value. A refusal says what to
type instead and never repeats the value, which may be personal.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from bridge.actions import links

EMAIL_LIMIT = 254  # RFC 5321, 4.5.3.1.3
LIST_LIMIT = 100
SUBJECT_LIMIT = 250
COMMENT_LIMIT = 4000
INT32_MAX = 2**31 - 1

NO_ROOM = "Give the room's id (letters and digits, such as 8ceKgWvo5qT5TrCRN), or paste its Rocket.Chat link."
NO_ROOM_IN_LINK = (
    "This link names no conversation. Open the conversation in Rocket.Chat and copy the address"
    " from the browser, or give the room's id."
)
NO_SESSION = "Give the chat session's number (1 to 2147483647), or paste its link."
NO_EMAIL = "Give one e-mail address, such as anna@example.com."
NO_DATE = "Give the date as YYYY-MM-DD, such as 2024-05-31; it must exist in the calendar."
NO_CHOICE = "Say yes or no."
NO_LIST = "Give one or more values separated by commas, at most 100."
NO_ID = "Give ids of letters and digits, separated by commas."
NO_USERNAME = "Give usernames (letters, digits, dots, dashes, underscores), separated by commas."
NO_NAME = "Give a username or an id, in one piece and on one line."
NO_ASSOCIATE = "Give the colleague's SuperOffice username, id or e-mail address."
UNRESOLVED_MENTION = (
    "Nobody is linked to this mention yet. Give the username, the id or the e-mail address instead."
)
NO_SUBJECT = "Give the subject as one line of at most 250 characters."
NO_COMMENT = "Give the comment as text of at most 4000 characters."

_YES = frozenset(("yes", "y", "on", "true", "1", "ja", "oui", "si", "sí", "sim", "x"))
_NO = frozenset(("no", "n", "off", "false", "0", "nein", "nei", "nej", "non", "não", ""))
_INVISIBLE = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x200E, 0x200F))
_ID = re.compile(r"[A-Za-z0-9]{1,64}")
_USERNAME = re.compile(r"[\w.\-]{1,128}")
_NAME = re.compile(r"[^\x00-\x1f\x7f<>]{1,200}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[0-9]{1,10}")
_MAILTO = re.compile(r"<mailto:([^<>]*?)(?:\|[^<>|]*)?>", re.IGNORECASE)
_EMAIL = re.compile(
    r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]{1,64}"
    r"@[^\W_](?:[\w\-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w\-]{0,61}[^\W_])?)+"
)


def _refuse(kind: str, sentence: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{sentence}", {"sentence": sentence})


def _text(value: Any, kind: str, sentence: str) -> str:
    """The value as text without what pasting leaves behind."""
    if not isinstance(value, str):
        raise _refuse(kind, sentence)
    return value.translate(_INVISIBLE).strip()


def read_room(value: Any) -> str:
    """A room id, or the id in a pasted Rocket.Chat link."""
    text = _text(value, "room", NO_ROOM)
    if _ID.fullmatch(text):
        return text
    if not links.is_link(text):
        raise _refuse("room", NO_ROOM)
    room = links.room_in(text)
    if room is None:
        raise _refuse("room", NO_ROOM_IN_LINK)
    return room


def read_session(value: Any) -> int:
    """A chat session's number, or the number in a pasted link."""
    if isinstance(value, int) and not isinstance(value, bool):
        number: int | None = value
    else:
        text = _text(value, "session", NO_SESSION).lstrip("#")
        number = int(text) if _NUMBER.fullmatch(text) and text.isascii() else links.session_in(text)
    if number is None or not 1 <= number <= INT32_MAX:
        raise _refuse("session", NO_SESSION)
    return number


def read_email(value: Any) -> str:
    """One address, also in Slack's forms `<mailto:a@b|a@b>` and `mailto:a@b`."""
    text = _text(value, "email", NO_EMAIL)
    match = _MAILTO.fullmatch(text)
    text = match[1] if match else text.removeprefix("mailto:")
    if len(text) > EMAIL_LIMIT or not _EMAIL.fullmatch(text):
        raise _refuse("email", NO_EMAIL)
    return text


def read_date(value: Any) -> date:
    """A calendar day, strictly YYYY-MM-DD."""
    if type(value) is date:
        return value
    text = _text(value, "date", NO_DATE)
    if not _DATE.fullmatch(text):
        raise _refuse("date", NO_DATE)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _refuse("date", NO_DATE) from None


def read_choice(value: Any) -> bool:
    """Yes or no, in the words people use."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    word = _text(value, "choice", NO_CHOICE).casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise _refuse("choice", NO_CHOICE)


def _list_of(read: Callable[[Any], str]) -> Callable[[Any], tuple[str, ...]]:
    """A list, or a text with commas; repeated values are kept once, in order."""

    def read_list(value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            parts: list[Any] = [part for part in value.split(",") if part.strip()]
        elif isinstance(value, list | tuple):
            parts = list(value)
        else:
            raise _refuse("list", NO_LIST)
        if len(parts) > LIST_LIMIT:
            raise _refuse("list", NO_LIST)
        return tuple(dict.fromkeys(read(part) for part in parts))

    return read_list


def _read_tag(value: Any) -> str:
    tag = _text(value, "list", NO_LIST)
    if not tag or len(tag) > 120:
        raise _refuse("list", NO_LIST)
    return tag


def _read_id(value: Any) -> str:
    text = _text(value, "id", NO_ID)
    if not _ID.fullmatch(text):
        raise _refuse("id", NO_ID)
    return text


def _read_username(value: Any) -> str:
    text = _text(value, "username", NO_USERNAME).removeprefix("@")
    if not _USERNAME.fullmatch(text):
        raise _refuse("username", NO_USERNAME)
    return text


def _read_name(value: Any) -> str:
    text = _text(value, "name", NO_NAME)
    if links.is_mention(text):
        raise _refuse("name", UNRESOLVED_MENTION)
    text = text.removeprefix("@")
    if not _NAME.fullmatch(text):
        raise _refuse("name", NO_NAME)
    return text


def read_associate(value: Any) -> str:
    """A username, an id or an e-mail address; a Slack mention was resolved by the door."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = _text(value, "associate", NO_ASSOCIATE)
    if links.is_mention(text):
        raise _refuse("associate", UNRESOLVED_MENTION)
    match = _MAILTO.fullmatch(text)
    text = (match[1] if match else text).removeprefix("@").strip()
    if not _NAME.fullmatch(text):
        raise _refuse("associate", NO_ASSOCIATE)
    return text


def _read_subject(value: Any) -> str:
    text = _text(value, "subject", NO_SUBJECT)
    if len(text) > SUBJECT_LIMIT or any(not char.isprintable() for char in text):
        raise _refuse("subject", NO_SUBJECT)
    return text


def _check_comment(text: Any) -> str:
    if not isinstance(text, str) or len(text) > COMMENT_LIMIT or "\x00" in text:
        raise _refuse("comment", NO_COMMENT)
    return text


def _not_empty(values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        raise _refuse("list", NO_LIST)
    return values


RoomId = Annotated[str, BeforeValidator(read_room)]
_INT32: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": INT32_MAX, "format": "int32"}
SessionId = Annotated[int, BeforeValidator(read_session), WithJsonSchema(_INT32)]
Email = Annotated[str, BeforeValidator(read_email)]
Day = Annotated[date, BeforeValidator(read_date)]
YesNo = Annotated[bool, BeforeValidator(read_choice)]
Associate = Annotated[str, BeforeValidator(read_associate)]
AgentName = Annotated[str, BeforeValidator(_read_name)]
DepartmentName = Annotated[str, BeforeValidator(_read_name)]
Subject = Annotated[str, BeforeValidator(_read_subject)]
Comment = Annotated[str, BeforeValidator(_check_comment)]
Tags = Annotated[tuple[str, ...], BeforeValidator(_list_of(_read_tag))]
MessageIds = Annotated[
    tuple[str, ...], BeforeValidator(_list_of(_read_id)), AfterValidator(_not_empty)
]
Usernames = Annotated[tuple[str, ...], BeforeValidator(_list_of(_read_username))]
Emails = Annotated[tuple[str, ...], BeforeValidator(_list_of(read_email))]
