"""Leaves: what an action's fields are to a person, and flat values folded back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge.contract import Action
from bridge.surfaces import sentences
from bridge.surfaces.leaves import Kind, by_key, by_name, flatten, fold, leaf_at, leaves
from bridge.surfaces.personal import mask
from tests.surfaces.shown import ALL, CATALOGUE, Paint, valid_args

every_action = pytest.mark.parametrize("action", ALL, ids=lambda action: action.id)


def test_kinds_and_hints() -> None:
    found = by_key(Paint)
    assert {key: leaf.kind for key, leaf in found.items()} == {
        "wall": Kind.INTEGER,
        "colour": Kind.CHOICE,
        "coats": Kind.INTEGER,
        "day": Kind.DATE,
        "finish": Kind.CHOICE,
        "theHelpers": Kind.LIST,
        "tools": Kind.LIST,
        "wet": Kind.BOOLEAN,
        "mail.isWanted": Kind.BOOLEAN,
        "mail.to": Kind.EMAIL,
        "note": Kind.LONG_TEXT,
    }
    assert [leaf.key for leaf in leaves(Paint) if leaf.required] == ["wall", "colour"]
    assert [leaf.key for leaf in leaves(Paint) if leaf.positional] == ["wall"]
    mail = found["mail.to"]
    assert (mail.needed, mail.required, mail.group, mail.personal) == (True, False, ("mail",), True)
    assert found["mail.isWanted"].label == "Is wanted"
    assert found["colour"].choices == ("red", "blue")
    assert found["tools"].default == ()


def test_names_are_spelled_freely() -> None:
    names = by_name(Paint)
    for name in ("helpers", "theHelpers", "the-helpers", "THE_HELPERS"):
        key = name.replace("-", "").replace("_", "").casefold()
        assert names[key].key == "theHelpers"


@every_action
def test_every_leaf_is_described(action: type[Action]) -> None:
    for leaf in leaves(action):
        assert leaf.name
        assert leaf.label
        assert by_name(action)
    assert len({leaf.name for leaf in leaves(action)}) == len(leaves(action))


@every_action
@given(data=st.data())
def test_fold_and_flatten_undo_each_other(action: type[Action], data: st.DataObject) -> None:
    args = data.draw(valid_args(action))
    assert fold(action, flatten(action, args)) == args


def test_personal_data_is_masked_at_any_depth() -> None:
    args = {"wall": 3, "mail": {"to": "a@b.cc", "isWanted": True}}
    assert mask(Paint, args) == {"wall": 3, "mail": {"to": "•••", "isWanted": True}}


@every_action
def test_each_personal_leaf_is_masked(action: type[Action]) -> None:
    values = {leaf.key: leaf.example for leaf in leaves(action)}
    masked = flatten(action, mask(action, fold(action, values)))
    for leaf in leaves(action):
        assert (masked[leaf.key] == leaf.example) is not leaf.personal


def test_an_error_finds_its_leaf() -> None:
    found = leaf_at(Paint, ("theHelpers", 3))
    assert found is not None
    assert found.key == "theHelpers"
    assert leaf_at(Paint, ("mail",)) is None
    assert leaf_at(Paint, ()) is None


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ({"colour": "red"}, "wall: This is needed. For example: 12"),
        ({"wall": "x", "colour": "red"}, "wall: Give a whole number. For example: 12"),
        ({"wall": 0, "colour": "red"}, "wall: It must be more than 0. For example: 12"),
        ({"wall": 1, "colour": "pink"}, "colour: Choose red or blue."),
        ({"wall": 1, "colour": "red", "coats": 10}, "coats: It must be at most 9. For example: 2"),
        (
            {"wall": 1, "colour": "red", "day": "soon"},
            "day: Give the date as YYYY-MM-DD. For example: 2026-01-31",
        ),
        ({"wall": 1, "colour": "red", "wet": "so"}, "wet: Say yes or no. For example: yes"),
        ({"wall": 1, "colour": "red", "wat": 1}, "There is no such field. Leave it out."),
        ({"wall": 1, "colour": "red", "tools": [1]}, "tools: Give a text. For example: brush"),
        (
            {"wall": 1, "colour": "red", "wet": True, "coats": 9},
            "Nine wet coats never dry. Give fewer coats.",
        ),
    ],
)
def test_faults_are_sentences(args: dict[str, object], line: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Paint.model_validate(args)
    assert [fault.line for fault in sentences.faults(Paint, caught.value)] == [line]


@every_action
def test_no_fault_speaks_like_a_program(action: type[Action]) -> None:
    strange: tuple[object, ...] = ("\x00", [], {}, 3.5, None, True)
    for value in strange:
        try:
            action.model_validate({leaf.path[0]: value for leaf in leaves(action)})
        except ValidationError as error:
            for fault in sentences.faults(action, error):
                assert fault.sentence[0].isupper()
                assert "Input should" not in fault.sentence, fault.sentence
                assert "Value error" not in fault.sentence


def test_the_catalogue_reads_well() -> None:
    names = {(action.id, leaf.name) for action in CATALOGUE for leaf in leaves(action)}
    for pair in (
        ("rocketchat.close_room", "room"),
        ("superoffice.transfer_session", "session"),
        ("superoffice.transfer_session", "associate"),
        ("rocketchat.forward_room", "agent"),
    ):
        assert pair in names
