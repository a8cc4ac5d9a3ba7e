"""Each field refuses in its own sentence, and its limits are the documented ones to the letter."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from bridge.actions import fields

RID = "8ceKgWvo5qT5TrCRN"


def read(name: str, value: Any) -> Any:
    return TypeAdapter(getattr(fields, name)).validate_python(value)


@pytest.mark.parametrize(
    ("name", "value", "kind", "sentence"),
    [
        ("RoomId", 7, "room", fields.NO_ROOM),
        ("RoomId", "two words", "room", fields.NO_ROOM),
        ("RoomId", "https://a.io/x", "room", fields.NO_ROOM_IN_LINK),
        ("SessionId", None, "session", fields.NO_SESSION),
        ("SessionId", True, "session", fields.NO_SESSION),
        ("SessionId", "x", "session", fields.NO_SESSION),
        ("SessionId", 0, "session", fields.NO_SESSION),
        ("SessionId", 2**31, "session", fields.NO_SESSION),
        ("Email", 7, "email", fields.NO_EMAIL),
        ("Email", "a@b", "email", fields.NO_EMAIL),
        ("Day", 7, "date", fields.NO_DATE),
        ("Day", "2026-1-1", "date", fields.NO_DATE),
        ("Day", "2026-02-30", "date", fields.NO_DATE),
        ("YesNo", 2, "choice", fields.NO_CHOICE),
        ("YesNo", "perhaps", "choice", fields.NO_CHOICE),
        ("Tags", 7, "list", fields.NO_LIST),
        ("Tags", [7], "list", fields.NO_LIST),
        ("Tags", [""], "list", fields.NO_LIST),
        ("Tags", ["x"] * 101, "list", fields.NO_LIST),
        ("Tags", "t" * 121, "list", fields.NO_LIST),
        ("MessageIds", "", "list", fields.NO_LIST),
        ("MessageIds", [7], "id", fields.NO_ID),
        ("MessageIds", "a-b", "id", fields.NO_ID),
        ("Usernames", [7], "username", fields.NO_USERNAME),
        ("Usernames", "a b", "username", fields.NO_USERNAME),
        ("Usernames", "@@ann", "username", fields.NO_USERNAME),
        ("Emails", "a@b.cc,x", "email", fields.NO_EMAIL),
        ("AgentName", 7, "name", fields.NO_NAME),
        ("AgentName", "a\nb", "name", fields.NO_NAME),
        ("AgentName", "<@U1>", "name", fields.UNRESOLVED_MENTION),
        ("DepartmentName", "", "name", fields.NO_NAME),
        ("Associate", True, "associate", fields.NO_ASSOCIATE),
        ("Associate", "a\nb", "associate", fields.NO_ASSOCIATE),
        ("Associate", "<!here>", "associate", fields.UNRESOLVED_MENTION),
        ("Subject", 7, "subject", fields.NO_SUBJECT),
        ("Subject", "a\nb", "subject", fields.NO_SUBJECT),
        ("Subject", "s" * 251, "subject", fields.NO_SUBJECT),
        ("Comment", 7, "comment", fields.NO_COMMENT),
        ("Comment", "a\x00", "comment", fields.NO_COMMENT),
        ("Comment", "c" * 4001, "comment", fields.NO_COMMENT),
    ],
)
def test_a_refusal_is_this_sentence(name: str, value: Any, kind: str, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(name, value)
    (problem,) = caught.value.errors()
    assert (problem["type"], problem["msg"]) == (kind, sentence)


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("RoomId", "a" * 64, "a" * 64),
        ("RoomId", f"<https://a.io/live/{RID}>", RID),
        ("SessionId", "##7", 7),
        ("SessionId", 1, 1),
        ("SessionId", fields.INT32_MAX, fields.INT32_MAX),
        ("Email", f"<mailto:{'a' * 9}@b.cc|x>", f"{'a' * 9}@b.cc"),
        ("Email", "<MAILTO:a@b.cc>", "a@b.cc"),
        ("Email", "a@b\u200b.cc", "a@b.cc"),
        ("Day", date(2026, 1, 1), date(2026, 1, 1)),
        ("YesNo", " JA\u200b", True),
        ("YesNo", "", False),
        ("Tags", ["t" * 120], ("t" * 120,)),
        ("Tags", ["x"] * 100, ("x",)),
        ("Tags", " , b,,a,b", ("b", "a")),
        ("Tags", ("b",), ("b",)),
        ("MessageIds", "b,a,b", ("b", "a")),
        ("Usernames", "@bob,ann", ("bob", "ann")),
        ("Usernames", "u" * 128, ("u" * 128,)),
        ("AgentName", "@bob", "bob"),
        ("AgentName", "Bob Builder@", "Bob Builder@"),
        ("AgentName", "n" * 200, "n" * 200),
        ("Associate", 5, "5"),
        ("Associate", "@ anna", "anna"),
        ("Associate", "<mailto:anna@b.cc|x>", "anna@b.cc"),
        ("Subject", " s ", "s"),
        ("Subject", "s" * 250, "s" * 250),
        ("Comment", " c\n ", " c\n "),
        ("Comment", "c" * 4000, "c" * 4000),
    ],
)
def test_what_is_just_within_is_read(name: str, value: Any, result: Any) -> None:
    assert read(name, value) == result


def test_a_list_of_anything_is_read_item_by_item() -> None:
    read_all = fields._list_of(str.upper)
    assert read_all("b, a,,b") == ("B", " A")
    assert read_all(["b", "a,c"]) == ("B", "A,C")
    assert read_all(("b",) * fields.LIST_LIMIT) == ("B",)
    for wrong in (7, None, {"a": 1}, ["x"] * (fields.LIST_LIMIT + 1)):
        with pytest.raises(PydanticCustomError) as caught:
            read_all(wrong)
        assert (caught.value.type, caught.value.message()) == ("list", fields.NO_LIST)


def test_an_address_is_at_most_254_characters_long() -> None:
    longest = "a" * 64 + "@" + ".".join(["b" * 61] * 3) + ".ccc"
    assert len(longest) == fields.EMAIL_LIMIT == 254
    assert read("Email", longest) == longest
    with pytest.raises(ValidationError):
        read("Email", longest + "c")
