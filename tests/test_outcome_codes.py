"""Every outcome code has one spelling, `room_closed`: programs compare it, whoever decided the outcome."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.actions import catalogue
from bridge.actions.wording import slug
from bridge.contract import OUTCOMES, outcome_from_json
from bridge.jobs.acting import NO_ACCOUNT, no_account

BRIDGE = Path(__file__).resolve().parent.parent / "bridge"
KINDS = frozenset(kind.__name__ for kind in OUTCOMES.values())


def written() -> Iterator[tuple[str, str]]:
    """Each piece of a code that is written where an outcome is made, with its place."""
    for file in sorted(BRIDGE.rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            if call.func.id not in KINDS:
                continue
            named = [word.value for word in call.keywords if word.arg == "code"]
            for part in ast.walk((call.args + named)[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value, f"{file.name}:{call.lineno}"


def test_codes_are_snake_case_wherever_an_outcome_is_made() -> None:
    found = dict(written())
    assert {"answer_lost", "no_answer", "room_still_open"} <= set(found)
    wrong = {code: place for code, place in found.items() if not re.fullmatch(r"[a-z0-9_]+", code)}
    assert not wrong


def test_codes_from_an_upstream_become_snake_case() -> None:
    tables = {slug(code) for action in catalogue().values() for code in action.errors}
    accounts = {no_account(code, "X", "x", something_was_sent=False).code for code in NO_ACCOUNT}
    for code in tables | accounts | {slug("error-Room.Not  found!")}:
        assert re.fullmatch(r"[a-z0-9][a-z0-9_]*", code), code


@pytest.mark.parametrize("code", ["no-answer", "not-configured"])
def test_a_row_that_was_stored_with_the_older_spelling_is_still_read(code: str) -> None:
    outcome = outcome_from_json({"kind": "retry", "code": code, "message": "It answered 503."})
    assert (outcome.code, outcome.message) == (code, "It answered 503.")
