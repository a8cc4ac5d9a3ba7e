"""What came from each source lately, for whoever looks: kept in memory, so many and no more.

No body and no value of one is kept: a verdict, our own sentence, ids of jobs and of the trace.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from bridge import tracing
from bridge.ingress.http.problems import Problem
from bridge.jobs.intake import Accepted

MOST: Final = 50
Verdict = Literal["accepted", "repeated", "ignored", "rejected"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request of a source."""

    at: float
    verdict: Verdict
    detail: str = ""
    job_ids: Sequence[str] = ()
    event: str = ""  # the trace it belongs to: the same id stands in the log


class Arrivals:
    """The last requests of each source, newest first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._of: dict[str, deque[Arrival]] = defaultdict(lambda: deque(maxlen=MOST))

    def of(self, source: str) -> Sequence[Arrival]:
        return list(self._of[source]) if source in self._of else ()

    def take_over(self, before: Arrivals) -> None:
        """Another door takes this one's place after a reload."""
        self._of = before._of

    def refused(self, source: str, problem: Problem) -> None:
        self._note(source, "rejected", problem.detail)

    def taken(self, source: str, accepted: Sequence[Accepted]) -> None:
        if not accepted:
            return self._note(source, "ignored", "No rule wanted anything of it.")
        jobs = [one.job for one in accepted]
        what = ", ".join(f"{job.action} on {job.connection}" for job in jobs[:3])
        verdict: Verdict = "repeated" if accepted[0].repeated else "accepted"
        return self._note(source, verdict, what, [job.id for job in jobs[:20]])

    def _note(
        self, source: str, verdict: Verdict, detail: str, job_ids: Sequence[str] = ()
    ) -> None:
        event = tracing.here()[3:35]
        self._of[source].appendleft(Arrival(self._clock(), verdict, detail[:200], job_ids, event))
