"""What follows from an outcome: try again and when, look again and when, or stop. Pure.

The schedule is published: it stands in `SCHEDULE_S`, in the docs and in no other place. Each step is
spread by ±20 % so that jobs that failed together do not come back together; a wait that the upstream
asked for is honoured when it is longer.
"""

from __future__ import annotations

from dataclasses import dataclass

from bridge.contract import JobState, Outcome, Pending, Retry

SCHEDULE_S: tuple[float, ...] = (
    2,
    5,
    15,
    60,
    5 * 60,
    15 * 60,
    60 * 60,
    2 * 3600,
    4 * 3600,
    8 * 3600,
    12 * 3600,
)  # the last step repeats until the job is given up
SPREAD = 0.2

_STATES = {
    "done": JobState.DONE,
    "pending": JobState.PENDING,
    "refused": JobState.REFUSED,
    "unknown": JobState.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The job's next state; `run_at` is set when it will be taken up again by itself."""

    state: JobState
    run_at: float | None = None
    finished: bool = False


def retry_delay_s(attempts: int, jitter: float, asked_s: float | None = None) -> float:
    """Seconds until the next attempt after `attempts` failed ones; `jitter` is in [0, 1)."""
    step = SCHEDULE_S[min(max(attempts, 1), len(SCHEDULE_S)) - 1]
    delay = step * (1 - SPREAD + 2 * SPREAD * jitter)
    return max(delay, asked_s or delay)


def decide(
    outcome: Outcome,
    *,
    attempts: int,
    tried_since: float,
    now: float,
    jitter: float,
    give_up_after_s: float,
) -> Verdict:
    """What becomes of a job whose attempt ended in `outcome`."""
    if isinstance(outcome, Retry):
        run_at = now + retry_delay_s(attempts, jitter, outcome.after_s)
        if run_at > tried_since + give_up_after_s:
            return Verdict(JobState.PARKED, finished=True)
        return Verdict(JobState.WAITING, run_at)
    if isinstance(outcome, Pending) and outcome.look_in_s is not None:
        return Verdict(JobState.PENDING, now + outcome.look_in_s)
    return Verdict(_STATES[outcome.kind.value], finished=True)
