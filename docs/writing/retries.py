"""The page of the retry schedule, from the policy itself."""

from __future__ import annotations

from itertools import accumulate

from bridge.jobs.policy import SCHEDULE_S, SPREAD
from bridge.settings import Jobs
from docs.writing.markdown import generated, table


def page() -> str:
    """When a job that failed for a passing reason is tried again."""
    days = Jobs().give_up_after_s / 86_400
    rows = (
        (str(number), _words(step), _words(after))
        for number, (step, after) in enumerate(
            zip(SCHEDULE_S, accumulate(SCHEDULE_S), strict=True), start=1
        )
    )
    return f"""# Retries

Only what failed for a passing reason is tried again: no answer, a 5xx, an upstream that cannot be reached, and only as the
action's repeat class allows. The last step repeats. After {days:g} days (`jobs.give_up_after_s`) the job is parked, and the
asker is told.

{table(("after failure", "wait", "since the first"), rows)}
- Each wait is spread by ±{SPREAD:.0%}, so that jobs which failed together do not come back together.
- A wait that the upstream asks for (`Retry-After`, `X-RateLimit-Reset`) is honoured when it is longer.
- While a breaker is open only probes are sent, and waiting costs no attempt.

{generated("`bridge/jobs/policy.py`")}
"""


def _words(seconds: float) -> str:
    """`1 h 21 min`: the two largest units that are there."""
    rest, parts = round(seconds), []
    for size, unit in ((3600, "h"), (60, "min"), (1, "s")):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
