"""The pace's arithmetic: never more than allowed in a window, learnt from headers, free without them."""

from __future__ import annotations

import email.utils
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.jobs.pace import GUARD_S, Window, asked_wait_s
from bridge.sandbox.rocketchat.limiter import Limiter

START = 1_800_000_000.0


def headers(limit: int, remaining: int, reset_at: float) -> dict[str, str]:
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(round(reset_at * 1000)),
    }


@given(
    st.integers(1, 12),
    st.floats(0.5, 60),
    st.lists(st.tuples(st.floats(0, 20), st.integers(1, 5)), max_size=60),
)
def test_no_window_ever_gives_out_more_than_its_calls(
    calls: int, length: float, wishes: list[tuple[float, int]]
) -> None:
    window, now, given_out = Window(calls, length), START, []
    for wait, count in wishes:
        now += wait
        taken = min(count, window.free(now))
        if taken:
            window = window.take(taken, now)
            given_out += [now] * taken
    limiter = Limiter(lambda: now)
    for at in given_out:
        now = at
        assert limiter.count("route", "us", limit=calls, window_s=length).allowed


@given(st.integers(1, 12), st.floats(1, 60), st.lists(st.floats(0.001, 5), max_size=80))
def test_a_learnt_window_follows_the_upstreams_own_count(
    calls: int, length: float, waits: list[float]
) -> None:
    now = START
    upstream, window = Limiter(lambda: now), Window(10, 60.0)
    refused = 0
    for wait in waits:
        now += wait
        if not window.free(now):
            continue
        window = window.take(1, now)
        verdict = upstream.count("route", "us", limit=calls, window_s=length)
        refused += not verdict.allowed
        said = {name.lower(): value for name, value in verdict.headers().items()}
        window = window.learn(200 if verdict.allowed else 429, said, "", now)
        assert window.source == "learnt"
        assert window.calls == calls
    assert refused == 0


@given(st.integers(1, 50), st.integers(0, 200), st.integers(0, 300), st.floats(0.5, 60))
def test_the_expected_wait_is_that_of_the_window_a_job_falls_into(
    calls: int, used: int, ahead: int, length: float
) -> None:
    window = Window(calls, length, min(used, calls), START + length / 2, "learnt")
    wait = window.wait_s(START, ahead=ahead)
    position = window.used + ahead
    if position < calls:
        assert wait == 0
    else:
        windows = position // calls
        assert wait == pytest.approx(length / 2 + GUARD_S + (windows - 1) * length)


def test_the_reset_is_read_as_milliseconds() -> None:
    window = Window(10, 60.0).take(1, START).learn(200, headers(10, 9, START + 60), "", START + 0.1)
    assert window.resets_at == pytest.approx(START + 60)
    assert window.window_s == pytest.approx(59.9)
    assert window.free(START + 1) == 9


def test_an_account_without_the_headers_is_not_limited() -> None:
    window = Window(10, 60.0).take(3, START).learn(200, {}, "", START)
    assert window.unlimited
    assert window.free(START) > 1000
    assert window.wait_s(START, ahead=10_000) == 0


def test_what_an_operator_configured_stays_without_headers() -> None:
    window = Window(10, 60.0, source="configured").take(3, START)
    assert window.learn(200, {}, "", START) == window


def test_a_refusal_without_headers_costs_its_wait_and_no_more() -> None:
    said = "Error, too many requests. You must wait 42 seconds before trying this endpoint again."
    free = Window(0, 1.0, source="configured").learn(429, {}, said, START)
    assert free.unlimited
    assert free.wait_s(START) == 42
    assert free.free(START + 41) == 0
    assert free.free(START + 42.1) > 1000


@pytest.mark.parametrize(
    ("said", "text", "wait"),
    [
        ({"retry-after": "7"}, "", 7),
        ({}, "You must wait 12 seconds before", 12),
        ({}, "busy", 5),
        ({"retry-after": "soon"}, "", 5),
        ({"retry-after": " 7 "}, "", 7),
        ({"retry-after": "3600"}, "", 3600),
        ({"retry-after": "3601"}, "", 3600),
        ({"retry-after": "1735689600"}, "", 3600),  # a date instead of seconds
        ({"retry-after": "9" * 15}, "", 3600),
        ({"retry-after": "9" * 16}, "", 5),
        ({"retry-after": "9" * 5000}, "", 5),
        ({"retry-after": "²"}, "", 5),
        ({"retry-after": "٣"}, "", 5),
        ({}, f"wait {'9' * 400} seconds", 3600),
    ],
)
def test_the_asked_wait_is_the_header_else_the_sentence_else_five_seconds(
    said: dict[str, str], text: str, wait: float
) -> None:
    assert asked_wait_s(said, text) == wait


def test_a_late_answer_about_a_window_that_is_over_changes_nothing() -> None:
    old = headers(10, 3, START)
    now = Window(10, 60.0, 2, START + 60, "learnt")
    assert now.learn(200, old, "", START + 1) == now


def test_an_upstream_whose_clock_is_wrong_is_understood() -> None:
    theirs = START - 3600
    said = headers(10, 9, theirs + 60) | {"date": email.utils.formatdate(theirs, usegmt=True)}
    window = Window(10, 60.0).take(1, START).learn(200, said, "", START)
    assert window.resets_at == pytest.approx(START + 60, abs=1)


def test_a_call_that_was_not_needed_comes_back_although_headers_moved_the_window() -> None:
    taken = Window(10, 60.0).take(2, START)
    learnt = replace(taken, resets_at=taken.resets_at + 0.02, source="learnt")
    assert learnt.give_back(1, taken.resets_at).used == 1
    assert learnt.give_back(1, taken.resets_at - 60).used == 2


def test_a_window_that_is_over_gives_all_its_calls_again() -> None:
    spent = Window(3, 60.0).take(3, 10.0)
    assert (spent.free(10.0), spent.resets_at) == (0, 70.0)
    assert spent.free(70.0 + GUARD_S) == 3
    again = spent.take(1, 100.0)
    assert (again.used, again.resets_at) == (1, 160.0)


@pytest.mark.parametrize(
    ("now", "free"),
    [(9.9, 1), (10 - GUARD_S, 1), (9.98, 0), (10, 0), (10.02, 0), (10 + GUARD_S, 2)],
)
def test_nothing_is_sent_close_to_a_windows_end(now: float, free: int) -> None:
    assert Window(2, 10.0, used=1, resets_at=10.0).free(now) == free


def test_a_wait_without_a_limit_ends_at_its_moment() -> None:
    waiting = Window(0, 1.0, resets_at=5.0)
    assert waiting.free(4.9) == 0
    assert waiting.free(5.0) == 1_000_000


@pytest.mark.parametrize(
    ("count", "taken_in", "used"),
    [(1, 100, 2), (1, 70.1, 2), (1, 70, 3), (1, 129.9, 2), (1, 130, 3), (3, 100, 0), (9, 100, 0)],
)
def test_calls_come_back_to_their_own_window_only(count: int, taken_in: float, used: int) -> None:
    window = Window(10, 60.0, used=3, resets_at=100.0)
    assert window.give_back(count, taken_in).used == used


def test_who_is_first_waits_for_nothing_and_who_comes_too_late_for_the_next_window() -> None:
    assert Window(1, 10.0).wait_s(5.0) == 0
    window = Window(2, 10.0, used=1, resets_at=10.0)
    assert window.wait_s(0.0, ahead=1) == pytest.approx(10 + GUARD_S)
    assert window.wait_s(9.98) == pytest.approx(0.02 + GUARD_S)


@pytest.mark.parametrize("gone", ["x-ratelimit-limit", "x-ratelimit-reset"])
def test_half_of_the_headers_teach_nothing(gone: str) -> None:
    said = headers(5, 4, 60.0)
    del said[gone]
    window = Window(10, 60.0, used=2, resets_at=50.0, source="configured")
    assert window.learn(200, said, "", 0.0) == window


@pytest.mark.parametrize(
    ("before", "status", "said", "after"),
    [
        # the first answer of a window tells its length
        (Window(10, 60.0), 200, headers(5, 4, 30.5), Window(5, 30.5, 1, 30.5, "learnt")),
        (Window(10, 60.0), 200, headers(5, 4, 0.5), Window(5, 0.5, 1, 0.5, "learnt")),
        (Window(10, 60.0), 200, headers(5, 4, 0.0), Window(5, 0.1, 1, 0.0, "learnt")),
        (Window(10, 60.0), 200, headers(5, 3, 30), Window(5, 60.0, 2, 30.0, "learnt")),
        # a refusal says that nothing is left, whatever else it says
        (Window(10, 60.0), 429, headers(5, 4, 30), Window(5, 60.0, 5, 30.0, "learnt")),
        # answers come out of order: what was used stays used within a window
        (Window(9, 60.0, 4, 50.0), 200, headers(9, 8, 200), Window(9, 200.0, 4, 200.0, "learnt")),
        (
            Window(9, 60.0, 4, 50.0, "learnt"),
            200,
            headers(9, 7, 79),
            Window(9, 60.0, 4, 79.0, "learnt"),
        ),
        (
            Window(9, 60.0, 4, 50.0, "learnt"),
            200,
            headers(9, 7, 80),
            Window(9, 60.0, 2, 80.0, "learnt"),
        ),
        (
            Window(9, 60.0, 4, 50.0, "learnt"),
            200,
            headers(9, 9, 200),
            Window(9, 60.0, 0, 200.0, "learnt"),
        ),
        (
            Window(9, 0.06, 4, 50.0, "learnt"),
            200,
            headers(9, 7, 50.5),
            Window(9, 0.06, 2, 50.5, "learnt"),
        ),
        # a late answer about the window before tells the limit and nothing else
        (
            Window(10, 60.0, 4, 90.0, "learnt"),
            200,
            headers(20, 1, 30),
            Window(20, 60.0, 4, 90.0, "learnt"),
        ),
        # a word of the operator's is kept beside what is learnt; what is under way stays counted
        (
            Window(9, 60.0, 4, 50.0, "configured"),
            200,
            headers(9, 8, 200),
            Window(9, 200.0, 4, 200.0, "learnt"),
        ),
        # a reset that cannot be is an hour at most, a limit of nothing is none
        (Window(10, 60.0), 200, headers(5, 3, 3600), Window(5, 60.0, 2, 3600.0, "learnt")),
        (Window(10, 60.0), 200, headers(5, 3, 3601), Window(5, 60.0, 2, 3600.0, "learnt")),
        (Window(10, 60.0), 200, headers(5, 4, 1e9), Window(5, 3600.0, 1, 3600.0, "learnt")),
        (Window(10, 60.0, 3, 50.0), 200, headers(0, 0, 30), Window(10, 60.0, 3, 50.0)),
        (Window(10, 60.0), 200, headers(1, 0, 30), Window(1, 30.0, 1, 30.0, "learnt")),
        # without headers: not limited, not limited any more, not told, or refused
        (Window(9, 60.0, 3, 50.0, "learnt"), 200, {}, Window(0, 60.0, 0, 0.0, "learnt")),
        (Window(9, 60.0, 3, 50.0, "learnt"), 400, {}, Window(9, 60.0, 3, 50.0, "learnt")),
        (Window(10, 60.0, 3, 50.0), 200, {}, Window(0, 60.0, 0, 0.0, "learnt")),
        (Window(10, 60.0, 3, 50.0), 399, {}, Window(0, 60.0, 0, 0.0, "learnt")),
        (Window(10, 60.0, 3, 50.0), 400, {}, Window(10, 60.0, 3, 50.0)),
        (Window(10, 60.0, 3, 50.0), 429, {"retry-after": "7"}, Window(10, 60.0, 10, 7.0)),
    ],
)
def test_what_an_answer_teaches(
    before: Window, status: int, said: dict[str, str], after: Window
) -> None:
    assert before.learn(status, said, "", 0.0) == after


def test_what_is_left_and_not_told_is_nothing() -> None:
    said = headers(5, 5, 30)
    del said["x-ratelimit-remaining"]
    assert Window(10, 60.0).learn(200, said, "", 0.0).used == 5


@pytest.mark.parametrize(("off", "seen"), [(0, 60), (5, 60), (-5, 60), (6, 54), (-6, 66)])
def test_a_clock_that_is_off_by_seconds_is_a_coarse_header(off: int, seen: float) -> None:
    said = headers(10, 9, START + 60) | {"date": email.utils.formatdate(START + off, usegmt=True)}
    assert Window(10, 60.0).learn(200, said, "", START).resets_at == START + seen
