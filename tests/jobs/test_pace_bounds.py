"""What the pace does not believe: garbage, moments that cannot be, and rows of other settings."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.jobs.pace import LONGEST_WAIT_S, MOST_CALLS, SKEW_S, Window, current
from tests.jobs.test_pace import START, headers

GARBAGE = [
    {"x-ratelimit-limit": "9" * 20},
    {"x-ratelimit-limit": "²"},
    {"x-ratelimit-limit": "10, 10"},
    {"x-ratelimit-limit": "-1"},
    {"x-ratelimit-limit": "0"},
    {"x-ratelimit-limit": ""},
    {"x-ratelimit-reset": "9" * 400},
    {"x-ratelimit-reset": "٣"},
    {"x-ratelimit-reset": "soon"},
]


@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize("source", ["assumed", "configured", "learnt"])
def test_headers_that_say_nothing_teach_nothing(garbage: dict[str, str], source: Any) -> None:
    window = Window(10, 60.0, 3, START + 50, source)
    assert window.learn(200, headers(5, 4, START + 30) | garbage, "", START) == window
    assert window.learn(200, garbage, "", START) == window


@pytest.mark.parametrize(("said", "calls"), [(999_999, 999_999), (10**9, MOST_CALLS)])
def test_a_huge_limit_is_one_that_every_store_holds(said: int, calls: int) -> None:
    window = Window(10, 60.0).learn(200, headers(said, said - 1, START + 60), "", START)
    assert (window.calls, MOST_CALLS) == (calls, 1_000_000)


@pytest.mark.parametrize("year", ["99999", "9" * 10, "9" * 30])
def test_a_date_of_no_year_moves_nothing(year: str) -> None:
    said = headers(10, 9, START + 60) | {"date": f"Thu, 01 Jan {year} 00:00:00 GMT"}
    assert Window(10, 60.0).learn(200, said, "", START).resets_at == START + 60


@pytest.mark.parametrize(
    ("status", "remaining", "used"),
    [(200, 9, 0), (200, 4, 0), (200, 3, 1), (200, 0, 4), (429, 9, 4)],
)
def test_of_the_upstreams_calls_only_ours_are_taken(status: int, remaining: int, used: int) -> None:
    window = Window(10, 60.0).learn(status, headers(10, remaining, START + 60), "", START, most=4)
    assert (window.calls, window.used) == (4, used)
    assert window.learn(200, {}, "", START, most=4) == window
    late = Window(4, 60.0, 2, START + 60, "learnt")
    assert late.learn(200, headers(10, 1, START), "", START + 1, most=4) == late


@pytest.mark.parametrize(
    ("stored", "default", "counts"),
    [
        (None, Window(10, 60.0, source="configured"), Window(10, 60.0, source="configured")),
        # the settings were changed since
        (Window(10, 60.0, 6, 40.0, "configured"), Window(2, 5.0), Window(2, 5.0, 2, 40.0)),
        (
            Window(10, 60.0, 1, 40.0),
            Window(2, 5.0, source="configured"),
            Window(2, 5.0, 1, 40.0, "configured"),
        ),
        (Window(10, 60.0, 6, 40.0), Window(0, 5.0), Window(0, 5.0)),
        (Window(0, 60.0, 0, 40.0), Window(2, 5.0), Window(2, 5.0)),
        (Window(0, 60.0, 0, 40.0), Window(0, 5.0), Window(0, 5.0, 0, 40.0)),
        # what was learnt stands beside a guess, and beside no limit at all
        (
            Window(9, 30.0, 6, 40.0, "learnt"),
            Window(2, 5.0),
            Window(9, 30.0, 6, 40.0, "learnt"),
        ),
        (Window(0, 30.0, 0, 40.0, "learnt"), Window(2, 5.0), Window(0, 30.0, 0, 40.0, "learnt")),
        (
            Window(9, 30.0, 6, 40.0, "learnt"),
            Window(0, 5.0, source="configured"),
            Window(9, 30.0, 6, 40.0, "learnt"),
        ),
        # of an operator's limit and a learnt one the lower counts
        (
            Window(9, 30.0, 6, 40.0, "learnt"),
            Window(2, 5.0, source="configured"),
            Window(2, 30.0, 2, 40.0, "learnt"),
        ),
        (
            Window(9, 30.0, 6, 40.0, "learnt"),
            Window(20, 5.0, source="configured"),
            Window(9, 30.0, 6, 40.0, "learnt"),
        ),
        (
            Window(0, 30.0, 0, 40.0, "learnt"),
            Window(2, 5.0, source="configured"),
            Window(2, 5.0, source="configured"),
        ),
        # a wait that cannot be
        (
            Window(9, 30.0, 6, 3600.0, "learnt"),
            Window(2, 5.0),
            Window(9, 30.0, 6, 3600.0, "learnt"),
        ),
        (Window(9, 30.0, 6, 3600.1, "learnt"), Window(2, 5.0), Window(9, 30.0, 0, 0.0, "learnt")),
        (Window(9, 1e9, 6, 1e9, "learnt"), Window(2, 5.0), Window(9, 3600.0, 0, 0.0, "learnt")),
        (Window(0, 5.0, 0, 3600.1), Window(0, 5.0), Window(0, 5.0)),
        (Window(2, 7200.0, 2, 7200.0), Window(2, 7200.0), Window(2, 7200.0, 2, 7200.0)),
        (Window(2, 7200.0, 2, 7200.1), Window(2, 7200.0), Window(2, 7200.0)),
    ],
)
def test_which_window_counts_now(stored: Window | None, default: Window, counts: Window) -> None:
    assert current(stored, default, 0.0) == counts
    assert current(counts, default, 0.0) == counts


def test_the_bounds_are_an_hour_and_a_minute() -> None:
    assert (LONGEST_WAIT_S, SKEW_S) == (3600.0, 60.0)


@pytest.mark.parametrize(
    ("resets_at", "wait_s"),
    [(START - 1, 0), (START, 0), (START + 15, 15), (START + 75, 75), (START + 75.1, 0)],
)
def test_a_probe_waits_for_its_moment_unless_the_clock_was_set_back(
    resets_at: float, wait_s: float
) -> None:
    assert Window(5, 15.0, 0, resets_at, "configured").probe_wait_s(START) == wait_s
