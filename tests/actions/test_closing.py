"""Whose close it was, when an answer was lost on the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actions.driving import action, answer, context, flow

CLOSE = "rocketchat.close_room"
RID = "8ceKgWvo5qT5TrCRN"
OPEN = (200, {"success": True, "room": {"_id": RID, "t": "l", "open": True}})
CLOSED = (200, {"success": True, "room": {"_id": RID, "t": "l", "closer": "user"}})
RACE = (400, {"success": False, "error": "error-room-cannot-be-closed-try-again"})
ALREADY = (400, {"success": False, "error": "error-room-already-closed"})


def lost(memo: dict[str, Any], *, resumed: bool) -> None:
    """An attempt whose close is sent and never answered."""
    going = action(CLOSE, rid=RID).flow(context(resumed=resumed, memo=memo))
    asked = next(going)
    if resumed:
        asked = going.send(answer("rocketchat", asked, *OPEN))
    assert asked.write
    going.close()


@pytest.mark.parametrize("end", [[CLOSED], [OPEN, ALREADY, CLOSED], [OPEN, RACE, CLOSED]])
def test_a_close_whose_answer_was_lost_is_not_told_as_somebody_elses(end: list[Any]) -> None:
    memo: dict[str, Any] = {}
    lost(memo, resumed=False)
    outcome, _ = flow(CLOSE, {"rid": RID}, end, context(resumed=True, memo=memo))
    assert (outcome.code, outcome.facts["already_closed"]) == ("room_closed", False)


@pytest.mark.parametrize("end", [[CLOSED], [OPEN, ALREADY, CLOSED]])
def test_after_a_refused_close_alone_it_was_somebody_else(end: list[Any]) -> None:
    memo: dict[str, Any] = {}
    flow(CLOSE, {"rid": RID}, [RACE, OPEN], context(memo=memo))
    outcome, _ = flow(CLOSE, {"rid": RID}, end, context(resumed=True, memo=memo))
    assert (outcome.code, outcome.facts["already_closed"]) == ("room_already_closed", True)


@pytest.mark.parametrize("end", [[CLOSED], [OPEN, ALREADY, CLOSED]])
def test_a_lost_answer_after_a_refused_close_counts_as_ours(end: list[Any]) -> None:
    memo: dict[str, Any] = {}
    flow(CLOSE, {"rid": RID}, [RACE, OPEN], context(memo=memo))
    lost(memo, resumed=True)
    outcome, _ = flow(CLOSE, {"rid": RID}, end, context(resumed=True, memo=memo))
    assert (outcome.code, outcome.facts["already_closed"]) == ("room_closed", False)


def test_a_race_against_our_own_lost_close_stays_ours() -> None:
    memo: dict[str, Any] = {}
    lost(memo, resumed=False)
    flow(CLOSE, {"rid": RID}, [OPEN, RACE, OPEN], context(resumed=True, memo=memo))
    outcome, _ = flow(CLOSE, {"rid": RID}, [CLOSED], context(resumed=True, memo=memo))
    assert (outcome.code, outcome.facts["already_closed"]) == ("room_closed", False)
