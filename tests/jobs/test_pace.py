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
