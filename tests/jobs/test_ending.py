"""What an attempt leaves in its job's row: outcome and rules in, columns out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bridge.contract import Asker, Done, Job, Outcome, Pending, Refused, ReplyTo, Retry, Unknown
from bridge.jobs.attempt import Attempt, Claimed
from bridge.jobs.ending import Rules, conclude, too_busy, unreadable
from bridge.jobs.finishing import EndItem, Held

NOW = 1_000_000.0
HELD = Held(seq=7, owner="w1", fence=3)
JOB = Job(
    id="J1",
    action="rocketchat.close_room",
    args={},
    connection="rocketchat",
    lane="rocketchat:r1",
    asker=Asker("cli", "cli"),
    reply_to=ReplyTo(),
    created_at=NOW - 100,
    run_at=NOW - 50,
    attempts=1,
    tried_since=NOW - 50,
)
LOOKING = JOB.but(phase="follow", looks=2, pending_at=NOW - 60, sent_at=NOW - 90)
RULES = Rules(
    now=NOW, started=NOW - 5, jitter=0.5, give_up_after_s=3600, breaker_open=False, worker="w" * 50
)


def end(job: Job, outcome: Outcome | None, attempt: Attempt | None = None, **rules: Any) -> EndItem:
    claimed = Claimed(job, HELD, good_until=0.0, fresh_intent=False)
    return conclude(claimed, attempt or Attempt(), outcome, replace(RULES, **rules))


def columns(item: EndItem, *names: str) -> dict[str, Any]:
    return {name: item.values[name] for name in names}


RETRY = Retry("down", "It is down.")


@pytest.mark.parametrize(
    ("job", "outcome", "expected", "leaves_lane"),
    [
        (JOB, Done("a", "A."), ("done", "flow", 2, 0, None, NOW, None), True),
        (JOB, Refused("a", "A."), ("refused", "flow", 2, 0, None, NOW, None), True),
        (JOB, Unknown("a", "A."), ("unknown", "flow", 2, 0, None, NOW, None), True),
        (JOB, RETRY, ("waiting", "flow", 2, 0, NOW + 5, None, None), False),
        (JOB, Pending("a", "A."), ("pending", "flow", 2, 0, None, NOW, NOW), True),
        (
            JOB,
            Pending("a", "A.", look_in_s=9),
            ("pending", "follow", 2, 0, NOW + 9, None, NOW),
            True,
        ),
        (LOOKING, Done("a", "A."), ("done", "follow", 1, 3, None, NOW, NOW - 60), False),
        (
            LOOKING,
            Pending("a", "A.", look_in_s=9),
            ("pending", "follow", 1, 3, NOW + 9, None, NOW - 60),
            False,
        ),
        (LOOKING, RETRY, ("pending", "follow", 1, 3, NOW + 15, None, NOW - 60), False),
        (
            LOOKING.but(looks=40),
            RETRY,
            ("pending", "follow", 1, 41, NOW + 300, None, NOW - 60),
            False,
        ),
        (
            LOOKING.but(pending_at=NOW - 3590),
            RETRY,
            ("parked", "follow", 1, 3, None, NOW, NOW - 3590),
            False,
        ),
        (
            LOOKING.but(pending_at=NOW - 3585),
            RETRY,
            ("pending", "follow", 1, 3, NOW + 15, None, NOW - 3585),
            False,
        ),
        (
            LOOKING.but(pending_at=None),
            RETRY,
            ("pending", "follow", 1, 3, NOW + 15, None, None),
            False,
        ),
        (
            JOB.but(tried_since=NOW - 3600),
            RETRY,
            ("parked", "flow", 2, 0, None, NOW, None),
            True,
        ),
    ],
)
def test_each_end_in_each_phase(
    job: Job, outcome: Outcome, expected: tuple[Any, ...], *, leaves_lane: bool
) -> None:
    item = end(job, outcome)
    names = ("state", "phase", "attempts", "looks", "run_at", "finished_at", "pending_at")
    assert tuple(item.values[name] for name in names) == expected
    assert item.leaves_lane is leaves_lane
    assert (item.held, item.job_id, item.lane) == (HELD, "J1", "rocketchat:r1")


def test_an_asked_wait_counts_for_looks_too() -> None:
    assert end(LOOKING, Retry("slow", "Slow down.", after_s=99)).values["run_at"] == NOW + 99


def test_a_look_that_failed_does_not_cover_what_was_told() -> None:
    told = LOOKING.but(outcome=Pending("queued", "It is queued."))
    assert json.loads(end(told, RETRY).values["outcome"])["code"] == "queued"
    parked = end(told.but(pending_at=NOW - 9000), RETRY)
    assert json.loads(parked.values["outcome"])["code"] == "down"
    assert json.loads(end(told, Done("ready", "Ready.")).values["outcome"])["code"] == "ready"
    assert json.loads(end(JOB, RETRY).values["outcome"])["code"] == "down"
    assert end(LOOKING, RETRY).values["outcome"] is None


def test_a_dead_upstream_costs_probes_and_no_attempts() -> None:
    assert end(JOB, RETRY, breaker_open=True).values["attempts"] == 1
    assert end(JOB, Done("a", "A."), breaker_open=True).values["attempts"] == 2


@pytest.mark.parametrize(
    ("job", "outcome", "rules", "run_at"),
    [
        (JOB, RETRY, {"breaker_open": True}, NOW + 22.5),
        (JOB, RETRY, {"breaker_open": True, "breaker_probe_s": 0.5}, NOW + 2),
        (JOB, Retry("slow", "S.", after_s=99), {"breaker_open": True}, NOW + 99),
        (JOB, RETRY, {"breaker_open": False}, NOW + 5),
        (JOB, Pending("a", "A.", look_in_s=9), {"breaker_open": True}, NOW + 9),
        (JOB, Done("a", "A."), {"breaker_open": True}, None),
        (LOOKING, RETRY, {"breaker_open": True}, NOW + 15),
        (JOB.but(tried_since=NOW - 3600), RETRY, {"breaker_open": True}, None),
    ],
)
def test_a_failed_probe_lets_others_be_the_next(
    job: Job, outcome: Outcome, rules: dict[str, Any], run_at: float | None
) -> None:
    assert end(job, outcome, **({"breaker_probe_s": 15.0} | rules)).values["run_at"] == run_at


@pytest.mark.parametrize(
    ("job", "postponed_s", "parks"),
    [
        (JOB, None, False),
        (JOB, 3550.0, False),
        (JOB, 3550.1, True),
        (JOB.but(tried_since=NOW - 3600), 0.0, False),
        (JOB.but(tried_since=NOW - 3601), None, False),
        (LOOKING, 3540.0, False),
        (LOOKING, 3540.1, True),
        (LOOKING.but(pending_at=None), 3600.0, False),
        (LOOKING.but(pending_at=None), 3600.1, True),
        (LOOKING.but(tried_since=NOW - 9999), 9.0, False),
    ],
)
def test_what_is_allowed_no_call_for_too_long_is_parked(
    job: Job, postponed_s: float | None, *, parks: bool
) -> None:
    outcome = too_busy(job, postponed_s, NOW, 3600)
    assert (outcome is not None) is parks
    if outcome is not None:
        assert (outcome.code, outcome.after_s) == ("busy", postponed_s)
        assert outcome.message == "The upstream allowed no call in all that time."
        assert outcome.next_step == (
            "An operator finds out who uses up its calls, then retries this."
        )
        item = end(job, outcome, Attempt(postponed_s=postponed_s))
        assert columns(item, "state", "finished_at") == {"state": "parked", "finished_at": NOW}


@pytest.mark.parametrize(
    ("job", "postponed_s", "state", "run_at"),
    [
        (JOB, None, "queued", None),
        (JOB, 0.0, "waiting", NOW),
        (JOB, 12.0, "waiting", NOW + 12),
        (LOOKING, None, "pending", NOW),
        (LOOKING, 12.0, "pending", NOW + 12),
    ],
)
def test_an_attempt_that_decided_nothing_counts_for_nothing(
    job: Job, postponed_s: float | None, state: str, run_at: float | None
) -> None:
    item = end(job, None, Attempt(postponed_s=postponed_s))
    expected = {"state": state, "run_at": run_at, "attempts": 1, "looks": job.looks}
    assert columns(item, *expected) == expected
    assert (item.leaves_lane, item.attempt) == (False, None)
    assert (item.held, item.job_id, item.lane) == (HELD, "J1", "rocketchat:r1")


@pytest.mark.parametrize(
    ("job", "sent", "sent_at"),
    [
        (JOB, False, None),
        (JOB.but(sent_at=NOW - 9), False, None),
        (JOB, True, NOW),
        (JOB.but(sent_at=NOW - 9), True, NOW - 9),
        (LOOKING, False, NOW - 90),
    ],
)
def test_an_intent_is_kept_only_when_a_write_left(
    job: Job, sent_at: float | None, *, sent: bool
) -> None:
    assert end(job, None, Attempt(sent=sent)).values["sent_at"] == sent_at


def test_the_memo_is_the_newest_there_is() -> None:
    remembering = JOB.but(memo={"a": 1})
    assert end(JOB, None).values["memo"] == "{}"
    assert json.loads(end(remembering, None).values["memo"]) == {"a": 1}
    newer = end(remembering, None, Attempt(memo={"b": 2}))
    assert json.loads(newer.values["memo"]) == {"b": 2}
    assert json.loads(end(JOB, None, Attempt(memo={"b": 2})).values["memo"]) == {"b": 2}


def test_an_attempt_is_recorded_as_any_database_can_keep_it() -> None:
    odd = Done("a\0b\ud800" + "x" * 300, "A.")
    item = end(LOOKING, odd, Attempt(exchanges=[{"status": 200}]))
    assert item.attempt is not None
    assert item.attempt.pop("verdict") == ("done: ab?" + "x" * 300)[:200]
    assert json.loads(item.attempt.pop("exchanges")) == [{"status": 200}]
    assert item.attempt == {
        "job_seq": 7,
        "number": 1,
        "phase": "follow",
        "worker": "w" * 40,
        "started_at": NOW - 5,
        "ended_at": NOW,
    }


@pytest.mark.parametrize(("phase", "leaves_lane"), [("flow", True), ("follow", False)])
def test_a_row_that_cannot_be_read_is_parked_as_it_is(phase: str, *, leaves_lane: bool) -> None:
    kept = {
        "phase": phase,
        "attempts": 4,
        "looks": 2,
        "sent_at": 5.0,
        "pending_at": 6.0,
        "memo": '{"x": 1}',
    }
    row = {**kept, "seq": 7, "fence": 3, "id": "J1", "lane": "l", "args": "{"}
    item = unreadable(row, "w1", NOW, [{"id": "D1"}])
    assert item.deliveries == [{"id": "D1"}]
    outcome = json.loads(item.values.pop("outcome"))
    assert item.values == {**kept, "state": "parked", "finished_at": NOW, "run_at": None}
    assert (item.held, item.job_id, item.lane) == (HELD, "J1", "l")
    assert item.leaves_lane is leaves_lane
    assert (outcome["kind"], outcome["code"]) == ("retry", "unreadable")
    assert outcome["message"] == "This release of the bridge cannot read the stored request."
    assert outcome["next_step"] == (
        "An operator retries it when the release that stored it runs again."
    )
