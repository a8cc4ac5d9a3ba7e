"""Forms: within Slack's limits for any action, read back as given, faults on their own inputs."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bridge.contract import Action
from bridge.sandbox.slack import blockkit
from bridge.surfaces import modal, submission
from bridge.surfaces.leaves import flatten, leaves
from bridge.surfaces.schema import example_args, full_example
from bridge.surfaces.usage import shown_leaves
from tests.surfaces.shown import ALL, CATALOGUE, Paint, submitted

every_action = pytest.mark.parametrize("action", ALL, ids=lambda action: action.id)
CLOSE = next(action for action in CATALOGUE if action.id == "rocketchat.close_room")
WHERE = "transcriptEmail.requestData"


def blocks(action: type[Action], values: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    found = modal.view(action, values).to_dict()["blocks"]
    return {block["block_id"]: block for block in found if block["type"] == "input"}


@every_action
@pytest.mark.parametrize("size", [0, 40, 5000])
def test_a_form_is_within_slacks_limits(action: type[Action], size: int) -> None:
    values = {leaf.key: leaf.example for leaf in leaves(action)}
    if size:
        values = {leaf.key: "x" * size for leaf in leaves(action)}
        values |= {leaf.key: ["y" * size] * size for leaf in leaves(action) if leaf.kind == "list"}
    form = modal.view(
        action,
        values,
        reference="r" * 3000,
        says=["Say it. " * max(1, size)],
        connections=["first", "second"],
        connection="second",
    ).to_dict()
    assert blockkit.problems(form["blocks"], "modal") == []
    assert len(form["title"]["text"]) <= 24
    assert form["private_metadata"] == "r" * 3000
    assert len(form["callback_id"]) <= 255


@every_action
def test_each_leaf_has_an_input_that_says_what_it_is(action: type[Action]) -> None:
    found = blocks(action)
    assert list(found) == [leaf.key for leaf in shown_leaves(action)]
    for leaf in shown_leaves(action):
        block = found[leaf.key]
        assert block["hint"]["text"].startswith(leaf.description)
        if leaf.picker:
            assert block["element"]["action_id"] == leaf.picker
            assert block["element"]["min_query_length"] == 0
        if leaf.required:
            assert not block.get("optional")


@every_action
def test_what_was_filled_in_is_read_back(action: type[Action]) -> None:
    for args in (example_args(action), full_example(action)):
        valid = action.model_validate(args)
        form = modal.view(action, flatten(action, args))
        again = action.model_validate(submission.args(action, submitted(form)))
        said = valid.model_dump(by_alias=True, exclude_none=True)
        answers = {key: value for key, value in again if value not in (None, False)}
        assert {key for key, value in valid if value not in (None, False)} == set(answers)
        for name, value in again.model_dump(by_alias=True, exclude_none=True).items():
            assert value is False or said[name] == value


def test_unticked_boxes_say_no() -> None:
    form = modal.view(CLOSE, {"rid": "abc", "generateTranscriptPdf": True})
    untick: dict[str, Any] = {"generateTranscriptPdf": {"selected_options": []}}
    assert submission.values(CLOSE, submitted(form, untick)) == {
        "rid": "abc",
        "generateTranscriptPdf": False,
        "forceClose": False,
    }


def test_an_untouched_group_is_left_out() -> None:
    """A ticked "Send to visitor" without an address would be refused, and nobody asked for it."""
    assert "transcriptEmail" not in submission.args(CLOSE, submitted(modal.view(CLOSE)))
    box = blocks(CLOSE)["transcriptEmail.sendToVisitor"]["element"]
    assert "initial_options" not in box


def test_a_group_with_one_answer_is_kept() -> None:
    address = {f"{WHERE}.email": {"value": "a@b.cc"}}
    args = submission.args(CLOSE, submitted(modal.view(CLOSE, {"rid": "abc"}), address))
    assert args["transcriptEmail"]["requestData"]["email"] == "a@b.cc"
    assert CLOSE.model_validate(args)


def test_a_box_that_opened_ticked_can_say_no() -> None:
    form = modal.view(CLOSE, {"rid": "abc", f"{WHERE}.email": "a@b.cc"})
    assert blocks(CLOSE, {f"{WHERE}.email": "a@b.cc"})["transcriptEmail.sendToVisitor"]["element"][
        "initial_options"
    ]
    untick: dict[str, Any] = {"transcriptEmail.sendToVisitor": {"selected_options": []}}
    args = submission.args(CLOSE, submitted(form, untick))
    assert args["transcriptEmail"]["sendToVisitor"] is False


def test_a_ticked_box_without_an_address_asks_for_it() -> None:
    form = modal.view(CLOSE, {"rid": "abc"})
    tick = {"transcriptEmail.sendToVisitor": {"selected_options": [{"value": "true"}]}}
    args = submission.args(CLOSE, submitted(form, tick))
    with pytest.raises(ValidationError) as caught:
        CLOSE.model_validate(args)
    assert list(submission.errors(CLOSE, caught.value)) == [f"{WHERE}.email"]


def test_lists_are_typed_with_commas_or_picked() -> None:
    form = modal.view(Paint, {"tools": ["a, b", "c"], "theHelpers": ["ann"]})
    read = submission.values(Paint, submitted(form))
    assert (read["tools"], read["theHelpers"]) == (["a, b", "c"], ["ann"])
    lines = {"tools": {"value": "brush\nladder, rag"}}
    assert submission.values(Paint, submitted(form, lines))["tools"] == ["brush", "ladder", "rag"]
    nothing = {"tools": {"value": " , "}, "theHelpers": {"selected_options": []}}
    assert not {"tools", "theHelpers"} & set(submission.values(Paint, submitted(form, nothing)))


@every_action
def test_faults_stand_at_inputs_of_the_form(action: type[Action]) -> None:
    wrong = {leaf.key: {"value": "\x00"} for leaf in leaves(action)}
    try:
        action.model_validate(submission.args(action, submitted(modal.view(action), wrong)))
    except ValidationError as error:
        found = submission.errors(action, error)
        assert found
        assert set(found) <= set(blocks(action))
        assert all(sentence.endswith((".", "!", "?")) or sentence for sentence in found.values())
    else:
        pytest.fail("an empty form was taken")


def test_the_connection_is_asked_for_only_where_there_are_several() -> None:
    assert modal.CONNECTION_BLOCK not in blocks(Paint)
    form = modal.view(Paint, connections=["first", "second"], connection="second")
    assert submission.connection(submitted(form)) == "second"
    assert submission.connection(submitted(modal.view(Paint))) == ""
    assert (
        submission.connection({modal.CONNECTION_BLOCK: {"value": {"selected_option": None}}}) == ""
    )


def test_the_form_says_what_it_is_asked_to() -> None:
    form = modal.view(
        Paint, says=["Give fewer coats."], labels={"12": "The north wall"}, values={"wall": 12}
    )
    found = form.to_dict()["blocks"]
    assert found[0]["text"]["text"] == "Give fewer coats."
    assert found[1]["element"]["initial_option"]["text"]["text"] == "The north wall"
    assert found[-1]["elements"][0]["text"] == "Paint it?"


def test_a_form_carries_a_reference_only() -> None:
    with pytest.raises(ValueError, match="a reference"):
        modal.view(Paint, reference="x" * 3001)
    assert submission.action_id("somebody.else") == ""
