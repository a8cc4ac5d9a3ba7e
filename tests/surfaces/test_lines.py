"""Any text is answered, and every line the bridge writes is read back as what it was written for."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.contract import Action
from bridge.surfaces.command import Builtin, Help, Mistake, NeedsForm, Parsed
from bridge.surfaces.writing import command_line
from tests.surfaces.shown import ALL, CATALOGUE, escaped, parse, valid_args

ROOM = "8ceKgWvo5qT5TrCRN"

TRICKY = st.lists(
    st.sampled_from(
        [
            *("/close", "/transcript", "/transfer", "/export", "/bridge", "/paint", "email", "pdf"),
            *("help", "?", "payload", "--", "—", "\u2013", "-", "=", "tags=", "email="),
            *("on=", "x=", "\\", "\u2019"),
            *('"', "'", "“", "”", "„", "«", ",", " ", "\n", "\u00a0", "\u200b", "\u202e"),
            *("<@U1|a>", "<@U1>", "<#C1|>", "<mailto:a@b|a@b>", "<https://x|y>", "<!here>", "<"),
            *("&amp;", "&lt;", "&", "%", "\x00", "🙂", "שלום", "12", ROOM, "a"),
        ]
    ),
    max_size=60,
).map("".join)


@settings(max_examples=4 * settings().max_examples)
@given(st.one_of(TRICKY, st.text(max_size=3000), st.text(max_size=200).map("/close ".__add__)))
def test_any_text_is_answered(text: str) -> None:
    for line in (text, f"/close {text}", f"/transcript email {text}", f"/bridge {text}"):
        answer = parse(line, ALL)
        assert isinstance(answer, Parsed | Help | Builtin | NeedsForm | Mistake)
        if isinstance(answer, Mistake):
            assert all(answer.sentences)
            assert answer.usage
        if isinstance(answer, NeedsForm):
            assert answer.missing or answer.sentences


@pytest.mark.parametrize("length", [3000, 20_000])
@pytest.mark.parametrize("piece", ['"', "<@", "a=", "—", "\\", ",", "<mailto:", "x ", "tags="])
def test_long_odd_text_is_answered_soon(piece: str, length: int) -> None:
    began = time.process_time()
    parse("/close " + piece * (length // len(piece)), ALL)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("action", ALL, ids=lambda action: action.id)
@given(data=st.data())
def test_the_line_of_some_arguments_is_read_back(action: type[Action], data: st.DataObject) -> None:
    args = data.draw(valid_args(action))
    valid = action.model_validate(args)
    line = command_line(action, valid.model_dump(mode="json", by_alias=True, exclude_unset=True))
    answer = parse(escaped(line), ALL)
    assert isinstance(answer, Parsed), (line, answer)
    assert answer.action is action
    assert action.model_validate(dict(answer.args)) == valid, line


def test_a_line_for_a_connection_and_a_name() -> None:
    close = next(action for action in CATALOGUE if action.id == "rocketchat.close_room")
    line = command_line(close, {"rid": ROOM, "comment": "tags=a"}, {"close": "/end"}, "second")
    assert line == f"/end {ROOM} on=second -- tags=a"
    transcript = next(one for one in CATALOGUE if one.id == "rocketchat.request_pdf_transcript")
    assert command_line(transcript, {"rid": ROOM}) == f"/transcript pdf {ROOM}"
