"""The published schedule of retries, its spread, the asked wait, and the end after three days."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contract import Done, JobState, Pending, Refused, Retry, Unknown
from bridge.jobs import policy

DAYS_3 = 3 * 86_400.0
jitter = st.floats(0, 1, exclude_max=True)


def test_the_published_table_is_this_one() -> None:
    minute, hour = 60, 3600
    assert (
        *(2, 5, 15, minute, 5 * minute, 15 * minute),
        *(hour, 2 * hour, 4 * hour, 8 * hour, 12 * hour),
    ) == policy.SCHEDULE_S


@given(st.integers(1, 40), jitter)
def test_each_step_is_spread_by_a_fifth_and_the_last_one_repeats(tries: int, chance: float) -> None:
    step = policy.SCHEDULE_S[min(tries, len(policy.SCHEDULE_S)) - 1]
    delay = policy.retry_delay_s(tries, chance)
    assert step * 0.8 - 1e-6 <= delay <= step * 1.2


@given(st.integers(1, 20), jitter, st.floats(0, 100_000))
def test_a_wait_the_upstream_asked_for_is_never_undercut(
    tries: int, chance: float, asked: float
) -> None:
    assert policy.retry_delay_s(tries, chance, asked) >= asked


@given(jitter)
def test_a_job_is_tried_for_three_days_and_then_parked(chance: float) -> None:
    now = tried_since = 1_800_000_000.0
    number = 0
    while True:
        number += 1
        verdict = policy.decide(
            Retry("down", "It is down."),
            attempts=number,
            tried_since=tried_since,
            now=now,
            jitter=chance,
            give_up_after_s=DAYS_3,
        )
        if verdict.state is JobState.PARKED:
            break
        assert verdict.state is JobState.WAITING
        assert verdict.run_at is not None
        assert verdict.run_at > now
        now = verdict.run_at
    assert verdict.finished
    assert 2 * 86_400 < now - tried_since <= DAYS_3
    assert 13 <= number <= 18


def test_what_is_not_to_be_retried_ends_at_once() -> None:
    ends = (
        (Done("a", "a"), JobState.DONE),
        (Refused("a", "a"), JobState.REFUSED),
        (Unknown("a", "a"), JobState.UNKNOWN),
        (Pending("a", "a"), JobState.PENDING),
    )
    for outcome, state in ends:
        verdict = policy.decide(
            outcome, attempts=1, tried_since=0, now=0, jitter=0.5, give_up_after_s=DAYS_3
        )
        assert verdict == policy.Verdict(state, finished=True)
    looking = policy.decide(
        Pending("a", "a", look_in_s=7.0),
        attempts=1,
        tried_since=0,
        now=100,
        jitter=0.5,
        give_up_after_s=DAYS_3,
    )
    assert looking == policy.Verdict(JobState.PENDING, 107.0)


def test_an_asked_wait_counts_when_it_is_longer_and_never_shortens_the_schedule() -> None:
    def run_at(asked_s: float | None) -> float | None:
        return policy.decide(
            Retry("slow", "Slow down.", after_s=asked_s),
            attempts=1,
            tried_since=0,
            now=100,
            jitter=0.5,
            give_up_after_s=DAYS_3,
        ).run_at

    assert run_at(None) == run_at(1.0) == 102.0
    assert run_at(40.0) == 140.0


@pytest.mark.parametrize(("last_s", "state"), [(102, JobState.WAITING), (101, JobState.PARKED)])
def test_the_last_moment_still_counts(last_s: float, state: JobState) -> None:
    verdict = policy.decide(
        Retry("down", "It is down."),
        attempts=1,
        tried_since=0,
        now=100,
        jitter=0.5,
        give_up_after_s=last_s,
    )
    assert verdict.state is state
