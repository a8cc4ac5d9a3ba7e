"""Sentences are filled in and nothing else happens to them; a refusal no table lists is shown as it came."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.actions.rocketchat.errors import lacking
from bridge.actions.wording import (
    UNLISTED_NEXT,
    VALUE_LIMIT,
    code_of,
    explain,
    fields_of,
    follow_ups_of,
    listed,
    mask_email,
    placeholders,
    say,
    slug,
    tell,
)
from bridge.contract import FollowUp, Problem, Refused, Response, Retry
from tests.actions.driving import action

ROOM = "8ceKgWvo5qT5TrCRN"
MAIL = action(
    "rocketchat.email_transcript", rid=ROOM, email="anna@example.com", subject="Your chat"
)
EXPORT = action(
    "rocketchat.export_messages", rid=ROOM, messages=["m1"], toEmails=["a@b.cc", "dora@e.ff"]
)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", "a"),
        (0, "0"),
        (False, "False"),
        (None, "…"),
        ("", "…"),
        (["a", 2], "a, 2"),
        (("a",), "a"),
        ("a\r\n\tb\x00", "a b"),
        ("{text}", "{text}"),
        ("x" * VALUE_LIMIT, "x" * VALUE_LIMIT),
        ("x" * (VALUE_LIMIT + 1), "x" * (VALUE_LIMIT - 1) + "…"),
    ],
)
def test_a_value_is_filled_in_on_one_line_and_never_too_long(value: Any, shown: str) -> None:
    assert say("<{it}>", {"it": value}) == f"<{shown}>"
    assert say("<{it}>", it=value) == f"<{shown}>"


def test_only_names_are_filled_in() -> None:
    sentence = "{a} {0} {} {b.c} {d_1} {missing}"
    assert placeholders(sentence) == {"a", "d_1", "missing"}
    assert say(sentence, {"a": 1, "d_1": 1}, d_1=2) == "1 {0} {} {b.c} 2 …"


@given(st.text(), st.dictionaries(st.from_regex(r"[a-z]{1,3}", fullmatch=True), st.text()))
def test_no_sentence_and_no_value_is_an_accident(sentence: str, values: dict[str, str]) -> None:
    filled = say(sentence, values)
    if not placeholders(sentence):
        assert filled == sentence


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, ""),
        (1, "v0"),
        (5, "v0, v1, v2, v3, v4"),
        (6, "v0, v1, v2, v3, v4 and 1 more"),
        (9, "v0, v1, v2, v3, v4 and 4 more"),
    ],
)
def test_a_long_list_is_told_by_its_beginning(count: int, text: str) -> None:
    assert listed(f"v{number}" for number in range(count)) == text


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("anna@example.com", "a***@example.com"),
        (" a@b.cc ", "a***@b.cc"),
        ("a@b@c.dd", "a***@c.dd"),
        ("@b.cc", "***"),
        ("anna", "***"),
        ("", "***"),
    ],
)
def test_of_an_address_a_letter_and_the_domain_are_shown(address: str, masked: str) -> None:
    assert mask_email(address) == masked


def test_fields_are_shown_by_both_their_names_and_masked() -> None:
    shown = fields_of(MAIL)
    assert shown["email"] == "a***@example.com"
    assert shown["rid"] == ROOM
    shown = fields_of(EXPORT)
    assert shown["to_emails"] == shown["toEmails"] == ["a***@b.cc", "d***@e.ff"]


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (Response(403, error_code="unauthorized"), "forbidden"),
        (Response(403, error_code="Unauthorized"), "forbidden"),
        (Response(401, error_code="unauthorized"), "unauthorized"),
        (Response(403, error_code="error-x"), "error-x"),
        (Response(404), "not-found"),
        (Response(405), "not-found"),
        (Response(404, error_code="error-x"), "error-x"),
        (Response(400), ""),
    ],
)
def test_the_code_to_look_up(response: Response, code: str) -> None:
    assert code_of(response) == code


@pytest.mark.parametrize(
    ("code", "stable"),
    [
        ("error-room-already-closed", "room_already_closed"),
        ("error-Über-Größe!", "ber_gr_e"),
        ("unauthorized", "not_signed_in"),
        ("SoNotFoundException", "not_found"),
        ("__Odd  One__", "odd_one"),
        ("error_error_x", "error_x"),
        ("x" * 90, "x" * 60),
        ("", ""),
    ],
)
def test_a_stable_code_is_made_of_any_code(code: str, stable: str) -> None:
    assert slug(code) == stable


@pytest.mark.parametrize(
    ("response", "code", "message"),
    [
        (
            Response(400, error_code="error-new", error_text="Room is odd"),
            "new",
            "Rocket.Chat refused this: Room is odd [error-new]",
        ),
        (
            Response(400, error_code="error-new", error_text="[error-new] Room is odd"),
            "new",
            "Rocket.Chat refused this: Room is odd [error-new]",
        ),
        (
            Response(400, error_code="error-new", error_text="It says error-new: odd"),
            "new",
            "Rocket.Chat refused this: It says error-new: odd",
        ),
        (
            Response(400, error_code="error-new", error_text="[error-new]"),
            "new",
            "Rocket.Chat refused this: error-new",
        ),
        (
            Response(400, error_code="bad-request", error_text="No"),
            "bad_request",
            "Rocket.Chat refused this: No",
        ),
        (
            Response(418, error_code="http-418", error_text="Tea"),
            "http_418",
            "Rocket.Chat refused this: Tea",
        ),
        (Response(418), "http_418", "Rocket.Chat refused this without saying why (HTTP 418)."),
    ],
)
def test_what_no_table_lists_is_told_as_it_came(
    response: Response, code: str, message: str
) -> None:
    outcome = explain(MAIL, response, room="here", nothing=None)
    assert outcome == Refused(code, message, UNLISTED_NEXT, {"room": "here"})


def test_a_row_is_filled_with_fields_facts_and_the_error() -> None:
    table = {
        "error-x": Problem("{email} {who} {code} {text}", "Ask {who}.", kind=Retry),
    }
    response = Response(400, error_code="error-x", error_text="[error-x] Broken")
    outcome = explain(MAIL, response, table=table, who="bob", nothing=None)
    assert outcome == Retry("x", "a***@example.com bob error-x Broken", "Ask bob.", {"who": "bob"})
    assert tell(MAIL, Problem("{who} {email}"), "c", {"who": "v"}, {"who": "f"}) == Refused(
        "c", "f a***@example.com", "", {"who": "f"}
    )
    assert tell(MAIL, Problem("Hi {who}"), "c", {"who": "v"}).message == "Hi v"


def test_the_button_of_a_row_leads_to_the_same_form_or_to_the_same_room() -> None:
    assert follow_ups_of(MAIL, Problem("No.")) == ()
    same = Problem("No.", follow_up="rocketchat.email_transcript: Send again: now", ask=True)
    filled = {"rid": ROOM, "email": "anna@example.com", "subject": "Your chat"}
    assert follow_ups_of(MAIL, same) == (
        FollowUp("Send again: now", "rocketchat.email_transcript", filled, ask=True),
    )
    other = Problem("No.", follow_up="rocketchat.forward_room: Forward it")
    assert follow_ups_of(MAIL, other) == (
        FollowUp("Forward it", "rocketchat.forward_room", {"roomId": ROOM}),
    )


def test_a_missing_permission_is_named_whichever_way_it_is_told() -> None:
    rows = lacking("close-room", " Or do it yourself.")
    assert list(rows) == ["error-unauthorized", "forbidden"]
    assert set(rows.values()) == {
        Problem(
            "The bridge's Rocket.Chat account lacks the permission close-room.",
            "This needs a Rocket.Chat administrator: give the account that permission."
            " Or do it yourself.",
        )
    }
    assert lacking("x")["forbidden"].next_step.endswith("give the account that permission.")
