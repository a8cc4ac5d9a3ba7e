"""Recorded exchanges in, the words a person reads out; and every documented error has one.

A sample is two files, `tests/samples/<action id>/<case>.json` (fields, situation, the requests the flow
must make and the answers it gets) and `<case>.txt` (what is told). `documented_errors.json` lists what the
upstreams' documentation shows for each call.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bridge.actions import catalogue
from bridge.surfaces.openapi import document
from tests.actions.driving import context, described, flow, follow, told

SAMPLES = Path(__file__).parent.parent / "samples"
CASES = sorted(SAMPLES.glob("*/*.json"))
DOCUMENTED = json.loads((SAMPLES / "documented_errors.json").read_text("utf-8"))
SCHEMAS = document(catalogue().values(), version="1")["components"]["schemas"]
SECRETS = ("VISITOR-TOKEN-MARKER", "SESSION-KEY-MARKER")


def load(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return data


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_sample_is_told_as_recorded(path: Path) -> None:
    sample = load(path)
    situation = context(**sample["context"])
    run = follow if sample["phase"] == "follow" else flow
    answers = [(exchange["status"], exchange["body"]) for exchange in sample["exchanges"]]
    outcome, asked = run(path.parent.name, sample["args"], answers, situation)
    assert [described(request) for request in asked] == [
        exchange["request"] for exchange in sample["exchanges"]
    ]
    # the repeat rules hold what is marked as a write: after a lost answer it is not sent again blindly
    assert all(request.write is (request.method != "GET") for request in asked)
    assert told(outcome) == path.with_suffix(".txt").read_text("utf-8")
    everything = told(outcome) + json.dumps(outcome.as_json()) + json.dumps(situation.memo)
    assert not [secret for secret in SECRETS if secret in everything]
    schema = {**SCHEMAS[f"{path.parent.name}.facts"], "additionalProperties": False}
    jsonschema.Draft202012Validator(schema).validate(dict(outcome.facts))  # as OpenAPI says


@pytest.mark.parametrize("action_id", sorted(catalogue()))
def test_each_action_has_samples_and_a_list_of_documented_errors(action_id: str) -> None:
    assert list((SAMPLES / action_id).glob("*.json")), f"write {SAMPLES / action_id}/<case>.json"
    assert DOCUMENTED.get(action_id), (
        f"list its documented errors in {SAMPLES}/documented_errors.json"
    )


@pytest.mark.parametrize(
    ("action_id", "documented"),
    [(action_id, error) for action_id, errors in DOCUMENTED.items() for error in errors],
)
def test_each_documented_error_has_a_sample_and_a_row(
    action_id: str, documented: dict[str, Any]
) -> None:
    wanted = (documented["status"], documented["body"])
    shown = [
        path
        for path in (SAMPLES / action_id).glob("*.json")
        for exchange in load(path)["exchanges"]
        if (exchange["status"], exchange["body"]) == wanted
    ]
    assert shown
    for path in shown:
        words = path.with_suffix(".txt").read_text("utf-8")
        assert "refused this" not in words, "no row in the action's error table"


def test_no_sample_lacks_its_words_or_its_action() -> None:
    for path in SAMPLES.glob("*/*.*"):
        assert path.with_suffix(".json").exists()
        assert path.with_suffix(".txt").exists()
        assert path.parent.name in catalogue()
