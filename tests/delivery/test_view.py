"""A job's JSON holds the contract's fields, times in UTC, and no personal data."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.contract import Done, JobState, ReplyTo
from bridge.delivery.facts import hide
from bridge.delivery.view import view
from tests.delivery.office import job

FIELDS = [
    "id",
    "action",
    "args",
    "connection",
    "state",
    "outcome",
    "attempts",
    "created_at",
    "finished_at",
    "run_at",
]


def test_it_holds_the_contract_s_fields_and_no_address_to_answer_to() -> None:
    secret = ReplyTo(response_url="https://hooks.slack.com/commands/secret")
    shown = view(job(reply_to=secret, memo={"x": "secret"}), ())

    assert list(shown) == FIELDS
    assert "secret" not in str(shown)


def test_a_waiting_job_says_when_it_runs_and_a_finished_one_does_not() -> None:
    assert view(job(None, JobState.WAITING), ())["run_at"] == "2023-11-14T22:13:20.000Z"
    assert view(job(None, JobState.WAITING), ())["outcome"] is None
    assert view(job(finished_at=1_700_000_000.25), ())["run_at"] is None
    assert view(job(finished_at=1_700_000_000.25), ())["finished_at"] == "2023-11-14T22:13:20.250Z"


@pytest.mark.parametrize("at", [1e12, -1e12, 1e300, float("inf"), float("nan")])
def test_a_moment_that_no_calendar_has_is_none_and_hides_nothing_else(at: float) -> None:
    shown = view(job(None, JobState.WAITING, run_at=at), ())

    assert shown["run_at"] is None
    assert shown["created_at"] is not None


def test_personal_fields_are_masked_in_arguments_and_facts() -> None:
    told = job(Done("x", "x", facts={"to": "anna@example.com"}), args={"to": "anna@example.com"})

    shown = view(told, {"to"})

    assert shown["args"] == shown["outcome"]["facts"] == {"to": "a***@example.com"}


@pytest.mark.parametrize(
    ("value", "hidden"),
    [
        ("anna@example.com", "a***@example.com"),
        ("a***@example.com", "a***@example.com"),
        ("a@x.de, b@y.de", "a***@x.de, b***@y.de"),
        ("Anna Agent, anna@example.com", "A***"),
        (["anna@example.com", "Anna"], ["a***@example.com", "A***"]),
        ({"email": "anna@example.com", "yes": True}, {"email": "a***@example.com", "yes": True}),
        (491701234567, "***"),
        ("", ""),
        (None, None),
    ],
)
def test_what_is_hidden(value: Any, hidden: Any) -> None:
    assert hide(value) == hidden
