"""What the sources page shows: each configured sender with what came from it lately. Handed in by `app`.

The console is a door and so is the one for webhooks; doors do not know each other. Whoever composes them
passes a function that returns these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request of a sender. `detail` is shown as text, whatever stands in it."""

    at: float
    verdict: Literal["accepted", "repeated", "ignored", "rejected"]
    detail: str = ""
    job_ids: Sequence[str] = ()
    event: str = ""


@dataclass(frozen=True, slots=True)
class SourceView:
    """One sender, newest arrival first."""

    name: str
    path: str  # /hooks/<name>
    verified_by: str
    arrivals: Sequence[Arrival] = ()

    @property
    def rejected(self) -> int:
        return sum(arrival.verdict == "rejected" for arrival in self.arrivals)
