"""Which action is meant, what its form opens with, and the line that a person is shown for it."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import pytest
from pydantic import BaseModel, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from bridge.actions import catalogue
from bridge.contract import Action, Command, Option, Personal, Picker, Rest
from bridge.surfaces.command import Mistake, NeedsForm, Parsed, of_word
from bridge.surfaces.leaves import Kind, leaves, squeeze
from bridge.surfaces.personal import mask
from bridge.surfaces.sentences import Fault, faults, home
from bridge.surfaces.usage import parts, summary, unmistakable
from bridge.surfaces.writing import command_line
from tests.surfaces.shown import CATALOGUE, Paint, PaintDoor, parse

ROOM = "8ceKgWvo5qT5TrCRN"
FORWARD, TRANSFER = "rocketchat.forward_room", "superoffice.transfer_session"


class Note(BaseModel):
    """A group with a group in it."""

    text: str = Field(description="What.", max_length=9)


class Letter(BaseModel):
    """A group that may be left out."""

    note: Note = Field(description="A note.")


class Hang(Action):
    """Hang up a picture."""

    command: ClassVar = Command("hang")
    street_name: Annotated[str, Field(max_length=40)] = Field(description="Where.")
    flat: str = Field(title="Door Number", description="Which.")
    wall: Annotated[str, Picker("house.blank_walls")] = Field(description="On what.")
    hooks: Annotated[list[str], Field(max_length=3), Option("hooks")] = Field(description="By.")
    spare: Annotated[str | None, Option("hooks")] = Field(default=None, description="More.")
    plain: str | None = None
    letter: Letter | None = Field(default=None, description="Tell.")
    secret: Annotated[str | None, Personal()] = Field(default=None, description="Hidden.")
    words: Annotated[str, Rest()] = Field(description="Last.")


def test_a_leaf_has_the_words_of_its_field() -> None:
    found = {leaf.key: leaf for leaf in leaves(Hang)}
    street = found["street_name"]
    assert (street.name, street.label, street.max_length) == ("street-name", "Street name", 40)
    assert (found["flat"].name, found["flat"].label) == ("door-number", "Door Number")
    assert (found["wall"].name, found["wall"].label) == ("wall", "Wall")
    assert found["hooks"].kind is Kind.LIST
    assert found["hooks"].max_length is None  # it would be the number of hooks
    assert found["plain"].description == ""
    note = found["letter.note.text"]
    assert (note.group, note.needed, note.required) == (("letter",), True, False)
    assert note.names == ("text", "text", "letter.note.text")


def test_a_name_is_the_same_however_it_is_spelled() -> None:
    assert {squeeze(name) for name in ("to-emails", "to_emails", "toEmails")} == {"toemails"}


def test_what_is_not_there_is_not_masked() -> None:
    assert mask(Hang, {"secret": None, "flat": "4"}) == {"secret": None, "flat": "4"}


def test_the_first_line_of_the_docstring_is_the_summary() -> None:
    assert summary(Paint) == "Paint a wall."
    undocumented = type("Quiet", (Paint,), {"__doc__": None})
    assert summary(undocumented) == "Paint a wall"


def test_free_text_that_is_needed_is_shown_as_needed() -> None:
    close = next(one for one in CATALOGUE if one.id == "rocketchat.close_room")
    assert parts(close)[-1] == "[comment…]"
    assert parts(Hang)[-1] == "<words…>"


def test_an_option_is_written_so_that_it_is_found_again() -> None:
    written = {leaf.key: unmistakable(Hang, leaf) for leaf in leaves(Hang)}
    assert written["hooks"] == "hooks"
    assert written["spare"] == "spare"  # the name it chose leads to the other one
    assert written["letter.note.text"] == "text"


@pytest.mark.parametrize(
    ("word", "order"),
    [
        (
            "transcript",
            ["request_pdf_transcript", "cancel_email_transcript", "email_transcript"],
        ),
        ("export", ["export_room", "export_messages"]),
    ],
)
def test_what_needs_no_sub_word_comes_first(word: str, order: list[str]) -> None:
    assert [one.id.partition(".")[2] for one in of_word(word, CATALOGUE)] == order


def test_a_sub_word_that_must_be_said_comes_last() -> None:
    assert of_word("paint", [PaintDoor, Paint]) == [Paint, PaintDoor]


@pytest.mark.parametrize(
    ("line", "action", "values", "missing"),
    [
        ("/transfer", FORWARD, {}, ["roomId"]),
        ("/transfer agent=<@U1>", FORWARD, {"userId": "<@U1>"}, ["roomId"]),
        (f"/transfer {ROOM} anna", FORWARD, {"roomId": ROOM, "comment": "anna"}, []),
        ("/close on=second", "rocketchat.close_room", {}, ["rid"]),
        (
            "/close pdf=Y\u200bES",
            "rocketchat.close_room",
            {"generateTranscriptPdf": True},
            ["rid"],
        ),
        ("/close pdf=off", "rocketchat.close_room", {"generateTranscriptPdf": False}, ["rid"]),
        ("/close --pdf", "rocketchat.close_room", {"generateTranscriptPdf": True}, ["rid"]),
        ("/export format=JSON", "rocketchat.export_room", {"format": "json"}, ["rid"]),
        (
            "/export from=2026–01–31",  # noqa: RUF001 - phones
            "rocketchat.export_room",
            {"dateFrom": "2026-01-31"},
            ["rid"],
        ),
        (
            "/close email=a–b@c.de",  # noqa: RUF001 - not a dash of ours
            "rocketchat.close_room",
            {"transcriptEmail.requestData.email": "a–b@c.de"},  # noqa: RUF001
            ["rid"],
        ),
    ],
)
def test_a_form_opens_with_what_was_said(
    line: str, action: str, values: dict[str, Any], missing: list[str]
) -> None:
    answer = parse(line, CATALOGUE)
    assert isinstance(answer, NeedsForm), answer
    assert (answer.action.id, dict(answer.values)) == (action, values)
    assert [leaf.key for leaf in answer.missing] == missing
    others = [other.id for other in answer.alternatives]
    assert others == ([TRANSFER] if action == FORWARD else [])
    assert answer.connection == ("second" if "on=second" in line else "")
    assert answer.mentions == ({"userId": ("U1",)} if "<@U1>" in line else {})


@pytest.mark.parametrize(
    ("line", "action", "values"),
    [
        (f"/transfer {ROOM} agent=bob on=", FORWARD, {"roomId": ROOM, "userId": "bob"}),
        ("/export format=pdf", "rocketchat.export_room", {"format": "pdf"}),
        ("/transcript emial=x", "rocketchat.request_pdf_transcript", {}),
        (
            f"/close {ROOM} tags=a on=x on=",
            "rocketchat.close_room",
            {"rid": ROOM, "tags": ["a"]},
        ),
    ],
)
def test_a_mistake_is_that_of_the_action_that_got_farthest(
    line: str, action: str, values: dict[str, Any]
) -> None:
    answer = parse(line, CATALOGUE)
    assert isinstance(answer, Mistake), answer
    assert answer.action is not None
    assert (answer.action.id, dict(answer.values)) == (action, values)


def test_all_that_is_wrong_is_told_at_once() -> None:
    answer = parse("/close pdf=maybe tags=", CATALOGUE)
    assert isinstance(answer, Mistake)
    assert [line.partition(":")[0] for line in answer.sentences] == ["tags", "pdf", "room"]


def test_mentions_of_several_options_are_kept() -> None:
    answer = parse(f"/export email {ROOM} users=<@U1> users=<@U2> messages=m", CATALOGUE)
    assert isinstance(answer, Parsed)
    assert answer.mentions == {"toUsers": ("U1", "U2")}


def test_a_quoted_word_is_never_a_sub_word() -> None:
    answer = parse('/transcript "emial"', CATALOGUE)
    assert isinstance(answer, Parsed)
    assert answer.args == {"rid": "emial"}


@pytest.mark.parametrize(
    ("action_id", "args", "line"),
    [
        ("rocketchat.close_room", {"rid": "abcdefg"}, '/close "abcdefg"'),
        ("rocketchat.close_room", {"rid": "abcdefgh"}, "/close abcdefgh"),
        ("rocketchat.close_room", {"rid": "1234567"}, "/close 1234567"),
        ("rocketchat.close_room", {"rid": "help"}, '/close "help"'),
        ("rocketchat.close_room", {"comment": "done"}, '/close comment="done"'),
        (
            "rocketchat.close_room",
            {"rid": "", "comment": "done"},
            '/close room="" comment="done"',
        ),
        ("rocketchat.close_room", {"rid": ROOM, "comment": "done"}, f"/close {ROOM} done"),
        (
            "rocketchat.close_room",
            {"rid": ROOM, "comment": " done"},
            f'/close {ROOM} comment=" done"',
        ),
        (
            "rocketchat.close_room",
            {"rid": ROOM, "comment": "tags=a"},
            f"/close {ROOM} -- tags=a",
        ),
        ("rocketchat.close_room", {"rid": ROOM, "comment": "— so"}, f"/close {ROOM} -- — so"),
        (
            "rocketchat.close_room",
            {
                "rid": ROOM,
                "tags": ["a", "b c", "d,e", 'f"g', "h\\i"],
                "generateTranscriptPdf": True,
            },
            f'/close {ROOM} tags=a,"b c","d\\,e","f\\"g","h\\\\i" pdf=yes',
        ),
        (
            "rocketchat.close_room",
            {"rid": ROOM, "tags": [], "generateTranscriptPdf": False},
            f"/close {ROOM} pdf=no",
        ),
        (
            "rocketchat.close_room",
            {"rid": ROOM, "transcriptEmail": {"requestData": {"subject": "x, y"}}},
            f'/close {ROOM} subject="x, y"',
        ),
        ("rocketchat.request_pdf_transcript", {"rid": "abc"}, "/transcript pdf abc"),
        (TRANSFER, {"chatSessionId": 648, "toAssociate": "ann"}, "/transfer session 648 ann"),
        (FORWARD, {"roomId": "help", "userId": "HELP"}, '/transfer room "help" agent="HELP"'),
        (FORWARD, {"roomId": ROOM, "userId": "b"}, f"/transfer room {ROOM} agent=b"),
    ],
)
def test_a_line_is_written_plainly_and_quoted_where_it_must_be(
    action_id: str, args: dict[str, Any], line: str
) -> None:
    assert command_line(catalogue()[action_id], args) == line


def test_a_connection_stands_before_the_free_text() -> None:
    args = {"wall": 1, "colour": "red", "note": "two words"}
    line = '/paint door 1 colour=red on="my desk" two words'
    assert command_line(PaintDoor, args, connection="my desk") == line


def error_of(kind: str, loc: tuple[str | int, ...], **ctx: Any) -> ValidationError:
    detail = InitErrorDetails(type=kind, loc=loc, input=4, ctx=ctx)
    return ValidationError.from_exception_data("Paint", [detail])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Give one", "Give one."),
        ("Give one.", "Give one."),
        ("Give one!", "Give one!"),
        ("Which one?", "Which one?"),
        ("One…", "One…"),
    ],
)
def test_a_validators_own_sentence_is_told_with_a_full_stop(said: str, told: str) -> None:
    detail = InitErrorDetails(type=PydanticCustomError("odd", said), loc=("coats",), input=4)
    error = ValidationError.from_exception_data("Paint", [detail])
    assert [fault.sentence for fault in faults(Paint, error)] == [told]


def test_what_pydantic_words_for_programmers_is_worded_for_people() -> None:
    (fault,) = faults(Paint, error_of("multiple_of", ("coats",), multiple_of=3))
    assert fault.sentence == "It must be a multiple of 3."


def test_a_fault_is_told_once_for_each_value_and_keeps_its_place() -> None:
    with pytest.raises(ValidationError) as caught:
        Paint.model_validate({"wall": 1, "colour": "red", "tools": [1, 2], "theHelpers": [1]})
    found = faults(Paint, caught.value)
    assert [fault.leaf.key for fault in found if fault.leaf] == ["theHelpers", "tools"]
    assert [fault.loc for fault in found] == [("theHelpers", 0), ("tools", 0)]
    with pytest.raises(ValidationError) as caught:
        Paint.model_validate({"wall": 1, "colour": "red", "what": 1, "else": 2})
    assert len(faults(Paint, caught.value)) == 1


@pytest.mark.parametrize(
    ("loc", "key"), [(("mail",), "mail.to"), (("strange",), "wall"), ((), "wall")]
)
def test_a_fault_without_a_value_is_shown_at_the_nearest(loc: tuple[str, ...], key: str) -> None:
    shown = home(Paint, Fault(None, "No.", loc=loc))
    assert shown is not None
    assert shown.key == key
    own = leaves(Paint)[2]
    assert home(Paint, Fault(own, "No.")) is own


def test_a_group_in_a_group_is_found_from_within() -> None:
    shown = home(Hang, Fault(None, "No.", loc=("letter",)))
    assert shown is not None
    assert shown.key == "letter.note.text"
