"""What people paste is read; whatever else they give is refused in a clean sentence, never an accident."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from bridge.actions import catalogue, fields, links

TYPES: dict[str, TypeAdapter[Any]] = {
    name: TypeAdapter(getattr(fields, name))
    for name in (
        "RoomId",
        "SessionId",
        "Email",
        "Day",
        "YesNo",
        "Associate",
        "AgentName",
        "DepartmentName",
        "Subject",
        "Comment",
        "Tags",
        "MessageIds",
        "Usernames",
        "Emails",
    )
}
RID = "8ceKgWvo5qT5TrCRN"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
HOST = "https://chat.example.com"
NEARLY = st.text(alphabet="<>|/:@.,#?&=%0aA1- \n\u200b{}livechatmailto", max_size=60)


@pytest.mark.parametrize(
    "text",
    [
        RID,
        f"  {RID}\u200b ",
        f"{HOST}/live/{RID}",
        f"{HOST}/live/{RID}/room-info",
        f"{HOST}/live/{RID}?layout=embedded#top",
        f"{HOST}/omnichannel/current/{RID}",
        f"{HOST}/omnichannel/current/{RID}/visitor-info",
        f"{HOST}/omnichannel-directory/chats/info/{RID}",
        f"{HOST}/omnichannel-directory/{RID}",
        f"{HOST}/sub/path/live/{RID}",
        f"chat.example.com/live/{RID}",
        f"/live/{RID}",
        f"<{HOST}/live/{RID}|the chat>",
        f"<{HOST}/live/{RID}>",
        f"https://go.rocket.chat/room?host=chat.example.com&amp;rid={RID}&path=live/x",
    ],
)
def test_a_room_is_an_id_or_a_link(text: str) -> None:
    assert TYPES["RoomId"].validate_python(text) == RID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "two words",
        "a" * 65,
        "../../etc",
        "%2e%2e",
        "a/b",
        f"{HOST}/channel/general",
        f"{HOST}/live/",
        f"{HOST}/omnichannel-directory/contacts/info/{RID}",
        "https://[broken/live/x",
        "ünïcode",
        "٣٤٥",
        7,
        None,
    ],
)
def test_another_room_is_refused(text: Any) -> None:
    with pytest.raises(ValidationError):
        TYPES["RoomId"].validate_python(text)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (648, 648),
        ("648", 648),
        (" #648 ", 648),
        ("2147483647", 2147483647),
        ("https://online3.superoffice.com/Cust12345/chat?chatSessionId=648", 648),
        ("<https://online3.superoffice.com/Cust12345/chat/session/648|chat>", 648),
        ("https://online3.superoffice.com/Cust12345/#/chat/648", 648),
    ],
)
def test_a_session_is_a_number_or_a_link(value: Any, number: int) -> None:
    assert TYPES["SessionId"].validate_python(value) == number


@pytest.mark.parametrize(
    "value", ["2147483648", "0", -1, 0, 2**31, True, 6.5, "x", "٦٤٨", "9" * 400]
)
def test_a_session_outside_int32_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        TYPES["SessionId"].validate_python(value)


@pytest.mark.parametrize(
    "text", ["a@b.de", "<mailto:a@b.de|a@b.de>", "<mailto:a@b.de>", "mailto:a@b.de", " a@b.de "]
)
def test_an_email_in_all_its_forms(text: str) -> None:
    assert TYPES["Email"].validate_python(text) == "a@b.de"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a@b",
        "a b@c.de",
        "a@b@c.de",
        "a@b.de\nBcc: x@y.z",
        "a@" + "b" * 300 + ".de",
        "@b.de",
    ],
)
def test_no_email(text: str) -> None:
    with pytest.raises(ValidationError):
        TYPES["Email"].validate_python(text)


def test_dates_are_strict() -> None:
    assert TYPES["Day"].validate_python("2024-02-29") == date(2024, 2, 29)
    for text in (
        "2024-02-30",
        "2024-2-3",
        "20240203",
        "2024-02-03T00:00:00Z",
        "today",
        "",
        20240203,
    ):
        with pytest.raises(ValidationError):
            TYPES["Day"].validate_python(text)


def test_yes_and_no_in_many_words() -> None:
    for word in ("yes", "On", "TRUE", "ja", "1", True, 1):
        assert TYPES["YesNo"].validate_python(word) is True
    for word in ("no", "off", "False", "nein", "0", False, 0):
        assert TYPES["YesNo"].validate_python(word) is False
    odd: tuple[Any, ...] = ("perhaps", 2, None, [])
    for word in odd:
        with pytest.raises(ValidationError):
            TYPES["YesNo"].validate_python(word)


def test_lists_are_lists_or_commas() -> None:
    assert TYPES["Tags"].validate_python("abc, abc, two words") == ("abc", "two words")
    assert TYPES["Tags"].validate_python(["abc", "abc"]) == ("abc",)
    assert TYPES["Emails"].validate_python("<mailto:a@b.de|a@b.de>,c@d.de") == ("a@b.de", "c@d.de")
    assert TYPES["Usernames"].validate_python("@bob,test.user") == ("bob", "test.user")
    with pytest.raises(ValidationError):
        TYPES["MessageIds"].validate_python("")


def test_an_unresolved_mention_is_named() -> None:
    for name in ("Associate", "AgentName"):
        with pytest.raises(ValidationError, match="Nobody is linked to this mention"):
            TYPES[name].validate_python("<@U123|anna>")
    assert (
        TYPES["Associate"].validate_python("<mailto:anna@example.com|anna>") == "anna@example.com"
    )
    assert TYPES["Associate"].validate_python(5) == "5"


@given(name=st.sampled_from(sorted(TYPES)), value=JSON | NEARLY)
def test_any_value_is_read_or_refused_in_a_sentence(name: str, value: Any) -> None:
    try:
        TYPES[name].validate_python(value)
    except ValidationError as error:
        for problem in error.errors():
            assert problem["msg"]
            assert "Value error" not in problem["msg"]


@given(text=st.text(max_size=300) | NEARLY)
def test_links_never_raise_and_give_only_ids(text: str) -> None:
    room, number = links.room_in(text), links.session_in(text)
    assert room is None or (room.isascii() and room.isalnum() and len(room) <= 64)
    assert number is None or number >= 0


@given(address=st.emails())
def test_ordinary_addresses_are_taken_in_slacks_form_too(address: str) -> None:
    adapter = TYPES["Email"]
    try:
        plain = adapter.validate_python(address)
    except ValidationError:
        return  # hypothesis also makes quoted and other exotic ones
    assert adapter.validate_python(f"<mailto:{plain}|x>") == plain


@given(value=JSON)
def test_no_action_raises_anything_but_a_validation_error(value: Any) -> None:
    for action in catalogue().values():
        keys = [field.alias or name for name, field in action.model_fields.items()]
        try:
            action.model_validate(dict.fromkeys(keys, value))
        except ValidationError:
            continue


@pytest.mark.parametrize("action", catalogue().values(), ids=lambda action: action.id)
def test_examples_are_valid_and_survive_the_store(action: Any) -> None:
    required = {
        field.alias or name: field.examples[0]
        for name, field in action.model_fields.items()
        if field.is_required()
    }
    for name, field in action.model_fields.items():
        for example in field.examples:
            more: dict[str, Any] = (
                {"toUsers": ["bob"]} if action.id == "rocketchat.export_messages" else {}
            )
            more |= {"userId": "bob"} if action.id == "rocketchat.forward_room" else {}
            one = action.model_validate({**more, **required, field.alias or name: example})
            stored = one.model_dump(mode="json", by_alias=True, exclude_defaults=True)
            assert action.model_validate(stored) == one


def test_an_annotated_alias_keeps_its_json_schema() -> None:
    schema = TypeAdapter(Annotated[fields.SessionId, "x"]).json_schema()
    assert schema["minimum"] == 1
    assert schema["maximum"] == fields.INT32_MAX
