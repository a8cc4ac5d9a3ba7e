"""The rules that need no store and no browser."""

from __future__ import annotations

import pytest

from bridge.console import charts
from bridge.console.asked import Asked
from bridge.console.pages import static_files
from bridge.console.roles import Role, Staff
from bridge.console.sign_in_limit import EACH, TOGETHER, SignInLimit
from bridge.console.story import Stories
from bridge.console.throughput import Bucket
from bridge.contract import Asker, Done, Job, JobState, ReplyTo
from tests.clock import Clock
from tests.console.desk import CLOSE


def test_the_highest_role_wins_and_unreadable_entries_are_named() -> None:
    staff = Staff(["user:U1"], ["team:T1", "U9"])
    assert staff.role("U1", "T1") is Role.OPERATOR
    assert staff.role("U2", "T1") is Role.VIEWER
    assert staff.role("U2", "T2", "") is Role.NOBODY
    assert staff.role("", "") is Role.NOBODY
    assert len(list(staff.problems())) == 1


def test_many_addresses_together_are_kept_waiting_too() -> None:
    clock = Clock(1000.0)
    limit = SignInLimit(clock)
    for number in range(TOGETHER):
        assert limit.wait_s(f"10.0.0.{number}") == 0
        limit.failed(f"10.0.0.{number}")
    assert limit.wait_s("192.0.2.1") == 60
    clock.now += 60
    assert limit.wait_s("192.0.2.1") == 0


def test_one_address_does_not_keep_another_waiting() -> None:
    limit = SignInLimit(Clock(1000.0))
    for _ in range(EACH):
        limit.failed("192.0.2.1")
    assert (limit.wait_s("192.0.2.1"), limit.wait_s("192.0.2.2")) == (60, 0)


def test_filters_survive_the_way_into_an_address_and_back() -> None:
    asked = Asked.read(
        {
            "action": " a ",
            "room": "r\u202e\x00",
            "span": "99d",
            "since": "2026-01-01T10:00",
            "until": "x",
        },
        ["parked", "nonsense", "parked"],
    )
    assert asked == Asked((JobState.PARKED,), "a", room="r", since="2026-01-01T10:00")
    assert asked.query() == "?state=parked&action=a&room=r&since=2026-01-01T10%3A00"
    assert asked.filter(0.0).since == 1_767_261_600.0
    assert Asked().query() == ""


def test_a_span_never_reaches_further_than_the_exact_time() -> None:
    asked = Asked(span="1h", since="1970-01-01T00:30")
    assert asked.bounds(7200.0) == (3600.0, None)
    assert asked.bounds(4000.0) == (1800.0, None)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0421, "42 ms"),
        (1.0, "1 s"),
        (1.44, "1.4 s"),
        (59.4, "59 s"),
        (61, "1 min 1 s"),
        (754, "12 min"),
        (5400, "1 h 30 min"),
        (259_200, "3 d"),
    ],
)
def test_durations_read_well(value: float, words: str) -> None:
    assert charts.seconds(value) == words


def test_charts_of_a_quiet_day_are_drawn_too() -> None:
    day = [Bucket(1800.0 * number) for number in range(48)]
    assert charts.throughput(day).summary == "0 jobs ended in the last 24 hours."
    assert charts.times(day).lines == []


@pytest.mark.parametrize("state", list(JobState))
def test_every_state_offers_what_the_store_allows(state: JobState) -> None:
    job = Job("01", CLOSE, {}, "rocketchat", "rocketchat:r", Asker("cli", "cli"), ReplyTo(), 1, 1)
    ended = 2.0 if state.final else None
    story = Stories({}).tell(job.but(state=state, finished_at=ended), [], [])
    verbs = [(deed.verb, deed.force) for deed in story.deeds]
    expected = {
        JobState.RUNNING: [],
        JobState.PARKED: [("retry", False), ("cancel", False)],
        JobState.UNKNOWN: [("retry", False), ("retry", True)],
        JobState.QUEUED: [("cancel", False)],
        JobState.WAITING: [("cancel", False)],
        JobState.PENDING: [("cancel", False)],
    }
    assert verbs == expected.get(state, [("retry", True)])


def test_a_delivery_about_an_earlier_end_is_not_told_in_the_words_of_this_one() -> None:
    job = Job("01", CLOSE, {}, "rocketchat", "rocketchat:r", Asker("cli", "cli"), ReplyTo(), 1, 1)
    row = {"kind": "slack", "state": "told", "how": "dm", "attempts": 1, "repeated": 0}
    row |= {"told_at": 6.0, "run_at": 5.0, "created_at": 5.0}
    later = {**row, "told_at": 901.0, "created_at": 900.0}
    outcome = Done("closed", "The conversation is closed.")
    ended = job.but(state=JobState.DONE, outcome=outcome, finished_at=900.0, tried_since=800.0)
    story = Stories({}).tell(ended, [], [row, later])
    assert [entry.title for entry in story.entries] == [
        "Accepted",
        "Given another chance",
        "Ended: done",
        "Slack: told",
        "Slack: told",
    ]
    first, second = story.entries[-2:]
    assert (first.words, "about an earlier end" in first.detail) == ("", True)
    assert "The conversation is closed." in second.words


def test_nothing_is_loaded_from_outside_and_nothing_is_inline() -> None:
    from bridge.console.pages import HERE

    for template in (HERE / "templates").iterdir():
        text = template.read_text("utf-8")
        assert "style=" not in text, template.name
        assert "|safe" not in text, template.name
        assert " onclick" not in text, template.name
        assert "http://" not in text, template.name
        assert "https://" not in text, template.name
    for kind, content in static_files().values():
        outside = content.replace(b"http://www.w3.org/2000/svg", b"")
        assert b"http://" not in outside, kind
        assert b"https://" not in outside, kind
