"""Behind each row of deploy/ENDS.md: it is said on every family of versions, with facts of their types."""

from __future__ import annotations

import re
from pathlib import Path

import jsonschema
import pytest

from bridge.actions import catalogue
from bridge.contract import Outcome
from bridge.sandbox.rocketchat import Profile
from bridge.surfaces.openapi import document
from tests.actions.desk import rocketchat, superoffice
from tests.ends.scenes import CHATS, ROOMS

PROFILES: tuple[Profile, ...] = ("A", "B", "C", "D")
BODIES = ("entity", "null", "empty", "204")
# Before 7.5 the route is missing without a licence: another code upstream, the same sentence here.
OLD = {("A", "action_not_allowed"): "not_found"}
SCHEMAS = document(catalogue().values(), version="1")["components"]["schemas"]
SAMPLES = Path(__file__).parent.parent / "samples"
PLACEHOLDER = re.compile(r"\\\{\w+\\\}")


def test_each_row_has_a_scene() -> None:
    rows = {(name, code) for name, action in catalogue().items() for code in action.says}
    scenes = {*ROOMS, *CHATS}
    begun = {name for name, _ in scenes}  # an action that is new may show its rows by samples alone
    assert {row for row in rows if row[0] in begun} == scenes
    assert {row for row in rows if row[0] not in begun} <= sampled()


def sampled() -> set[tuple[str, str]]:
    """The codes that some recorded sample ends in."""
    return {
        (words.parent.name, code)
        for words in SAMPLES.glob("*/*.txt")
        for code in re.findall(r"^code: (\w+)$", words.read_text("utf-8"), re.MULTILINE)
    }


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("action_id", "code"), ROOMS, ids=[".".join(row) for row in ROOMS])
async def test_a_row_about_a_conversation(action_id: str, code: str, profile: Profile) -> None:
    async with rocketchat(profile, pdf_delay_s=5.0) as (emulator, desk):
        outcome = await ROOMS[action_id, code](emulator, desk)
    assert outcome.code == OLD.get((profile, code), code)
    check(action_id, code, outcome)


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(("action_id", "code"), CHATS, ids=[".".join(row) for row in CHATS])
async def test_a_row_about_a_chat(action_id: str, code: str, body: str) -> None:
    async with superoffice(noop_body=body) as (emulator, desk):
        outcome = await CHATS[action_id, code](emulator, desk)
    assert outcome.code == code
    check(action_id, code, outcome)


def check(action_id: str, code: str, outcome: Outcome) -> None:
    """The row's sentence, filled in, and facts that OpenAPI describes."""
    sentence = re.escape(catalogue()[action_id].says[code])
    assert re.match(PLACEHOLDER.sub(".+", sentence), outcome.message), outcome.message
    assert "{" not in outcome.message + outcome.next_step
    schema = {**SCHEMAS[f"{action_id}.facts"], "additionalProperties": False}
    assert outcome.facts or code == "forwarded_unseen"
    jsonschema.Draft202012Validator(schema).validate(dict(outcome.facts))
