"""Looking after what is pending: what a flow remembers is enough for its looks, and those end in time."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.actions.rocketchat import room as rooms
from bridge.actions.rocketchat.close_room import RACES_LIMIT
from bridge.actions.superoffice.transfer_session import DEADLINE_S, FIRST_LOOK_S, LONGEST_LOOK_S
from bridge.contract import Context, Outcome, Pending
from tests.actions.driving import answer, context, flow, follow
from tests.actions.test_samples import SAMPLES, load
from tests.clock import NOW

TRANSFER = "superoffice.transfer_session"
PDF = "rocketchat.request_pdf_transcript"
MAIL = "rocketchat.email_transcript"
CLOSE = "rocketchat.close_room"


def run(action: str, case: str, situation: Context | None = None) -> tuple[Outcome, Context]:
    """A recorded exchange, in its own situation or in this one."""
    sample = load(SAMPLES / action / f"{case}.json")
    given = situation or context(**sample["context"])
    answers = [(exchange["status"], exchange["body"]) for exchange in sample["exchanges"]]
    go = follow if sample["phase"] == "follow" else flow
    return go(action, sample["args"], answers, given)[0], given


@pytest.mark.parametrize(
    ("action", "first", "later", "after_s", "code"),
    [
        (TRANSFER, "offered", "follow_accepted", 5, "transfer_accepted"),
        (TRANSFER, "offered", "follow_rejected", 5, "rejected"),
        (TRANSFER, "offered", "follow_taken", 5, "taken_by_another"),
        (TRANSFER, "offered", "follow_waiting", 5, "transfer_pending"),
        (TRANSFER, "offered", "follow_waiting", DEADLINE_S, "transfer_unanswered"),
        (TRANSFER, "already_offered", "follow_waiting", 5, "transfer_already_pending"),
        (TRANSFER, "offered", "follow_signed_out", 5, "transfer_not_seen"),
        (PDF, "queued", "follow_ready", 5, "pdf_ready"),
        (PDF, "queued", "follow_stuck", 16, "pdf_pending"),
        (CLOSE, "pdf_pending", "follow_pdf_ready", 5, "room_closed_pdf_ready"),
        (MAIL, "scheduled", "follow_sent", 600, "transcript_sent"),
        (MAIL, "scheduled", "follow_cancelled", 600, "transcript_cancelled"),
    ],
)
def test_what_was_remembered_is_enough_after_a_restart(
    action: str, first: str, later: str, after_s: float, code: str
) -> None:
    pending, before = run(action, first)
    assert isinstance(pending, Pending)
    stored = json.loads(json.dumps(before.memo))
    now = context(now=NOW + after_s, since=NOW, memo=stored)
    outcome, _ = run(action, later, now)
    assert outcome.code == code


@given(st.integers(0, 2 * round(DEADLINE_S)))
def test_an_offer_is_looked_at_until_its_deadline_and_not_longer(waited: int) -> None:
    _, offered = run(TRANSFER, "offered")
    now = context(now=NOW + waited, memo=dict(offered.memo))
    outcome, _ = run(TRANSFER, "follow_waiting", now)
    assert isinstance(outcome, Pending)
    if waited >= DEADLINE_S:
        assert outcome.look_in_s is None
        return
    left = DEADLINE_S - waited
    assert outcome.look_in_s is not None
    assert outcome.look_in_s <= min(LONGEST_LOOK_S, left)
    assert outcome.look_in_s >= min(FIRST_LOOK_S, left)


@pytest.mark.parametrize(
    ("waited", "look_in_s"), [(0, 1.5), (6, 1.5), (40, 10), (240, 60), (800, 60), (880, 20)]
)
def test_looks_at_an_offer_become_rarer(waited: float, look_in_s: float) -> None:
    _, offered = run(TRANSFER, "offered")
    outcome, _ = run(TRANSFER, "follow_waiting", context(now=NOW + waited, memo=dict(offered.memo)))
    assert isinstance(outcome, Pending)
    assert outcome.look_in_s == look_in_s


@pytest.mark.parametrize(
    ("waited", "again_at", "look_in_s", "minutes"),
    [
        (0, None, 1.5, None),
        (5, None, 5, None),
        (15, None, 15, None),
        (100, 20, 60, None),
        (230, 20, 10, None),
        (239.5, 20, 1, None),
        (240, 20, None, 4),
        (240, 220, 40, None),
        (280, 220, None, 5),
    ],
)
def test_looks_for_a_pdf_become_rarer_and_a_repeated_wish_gets_its_time(
    waited: float, again_at: float | None, look_in_s: float | None, minutes: int | None
) -> None:
    _, wished = run(PDF, "queued")
    memo = dict(wished.memo)
    if again_at is not None:
        memo["pdf_asked_again_at"] = NOW + again_at
    now = context(now=NOW + waited, since=NOW, memo=json.loads(json.dumps(memo)))
    outcome, after = run(PDF, "follow_not_yet", now)
    assert after.memo == memo  # nothing was asked once more
    if isinstance(outcome, Pending):
        assert outcome.look_in_s == look_in_s
    else:
        assert look_in_s is None
        assert f"within {minutes} minutes" in outcome.message


def test_a_stuck_wish_is_made_once_more_and_only_once() -> None:
    _, wished = run(PDF, "queued")
    _, after = run(PDF, "follow_stuck", context(now=NOW + 16, since=NOW, memo=dict(wished.memo)))
    assert after.memo == {**wished.memo, "pdf_asked_again_at": NOW + 16}
    _, later = run(PDF, "follow_not_yet", context(now=NOW + 32, since=NOW, memo=dict(after.memo)))
    assert later.memo == after.memo


def test_a_file_is_fetched_as_what_it_is() -> None:
    outcome, _ = run(PDF, "follow_ready")
    assert outcome.file is not None
    assert (outcome.file.request.method, outcome.file.request.expects) == ("GET", "file")
    assert outcome.file.media_type == "application/pdf"


def test_a_close_that_loses_its_race_again_and_again_is_told_as_damaged() -> None:
    """The count goes along from attempt to attempt, as the store keeps it."""
    memo: dict[str, Any] = {}
    codes: list[str] = []
    for _ in range(RACES_LIMIT + 1):
        outcome, after = run(CLOSE, "lost_race", context(memo=json.loads(json.dumps(memo))))
        memo = after.memo
        codes.append(outcome.code)
    assert codes.index("room_damaged") == RACES_LIMIT - 1
    assert codes[-1] == "room_damaged"


def test_a_look_without_a_memory_blames_nobody() -> None:
    """A row of an older release, or one that a person retried, has none."""
    for case in ("follow_rejected", "follow_taken"):
        assert run(TRANSFER, case, context(memo={}))[0].code == "rejected"
    outcome, _ = run(CLOSE, "follow_pdf_ready", context(since=NOW - 9, memo={}))
    assert outcome.code == "room_closed_pdf_ready"
    assert outcome.message == "The PDF transcript is ready."
    assert outcome.facts["rid"] == "8ceKgWvo5qT5TrCRN"


@pytest.mark.parametrize(
    ("closed_at", "asked_from"),
    [
        ("2026-11-20T10:30:00.000Z", "2026-11-20T10:29:58.000Z"),
        ("2026-11-20T10:30:00.000+02:00", "2026-11-20T08:29:58.000Z"),
        ("", "1969-12-31T23:59:58.000Z"),
        ("soon", "1969-12-31T23:59:58.000Z"),
    ],
)
@pytest.mark.parametrize(
    ("status", "body", "mailed"),
    [
        (200, {"result": {"updated": [{"t": rooms.MAILED}]}}, True),
        (200, {"result": {"updated": ["odd", {"t": "x"}, {"t": rooms.MAILED}]}}, True),
        (200, {"result": {"updated": ["odd", {"t": "x"}]}}, False),
        (200, {"result": {"updated": {"t": rooms.MAILED}}}, False),
        (200, {"result": {"updated": 7}}, False),
        (200, {"result": []}, False),
        (
            400,
            {"success": False, "error": "x", "result": {"updated": [{"t": rooms.MAILED}]}},
            False,
        ),
    ],
)
def test_the_trace_of_a_mail_is_looked_for_from_the_close_on(
    monkeypatch: pytest.MonkeyPatch,
    closed_at: str,
    asked_from: str,
    status: int,
    body: Any,
    *,
    mailed: bool,
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    try:
        looking = rooms.was_mailed(rooms.Room("r1", open=False, closed_at=closed_at))
        request = next(looking)
        assert (request.method, request.route, request.write) == ("GET", rooms.SYNC_ROUTE, False)
        assert request.query == {"roomId": "r1", "lastUpdate": asked_from}
        with pytest.raises(StopIteration) as end:
            looking.send(answer("rocketchat", request, status, body))
        assert end.value.value is mailed
    finally:
        monkeypatch.undo()
        time.tzset()
