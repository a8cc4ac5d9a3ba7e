"""A job as JSON, the same for the API, for callbacks and for whoever else is told about it.

What programs may rely on: `id, action, args, connection, state, outcome, attempts,
created_at, finished_at, run_at`. Personal fields are masked in the arguments and in the facts; times
are ISO 8601 in UTC. Where to answer, credentials and the flow's memo are not part of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from bridge.contract import Job, Outcome
from bridge.delivery.facts import hide


def view(job: Job, personal_fields: Collection[str]) -> dict[str, Any]:
    """The job as others may read it."""
    return {
        "id": job.id,
        "action": job.action,
        "args": _masked(job.args, personal_fields),
        "connection": job.connection,
        "state": job.state.value,
        "outcome": _outcome(job.outcome, personal_fields),
        "attempts": job.attempts,
        "created_at": iso(job.created_at) or None,
        "finished_at": None if job.finished_at is None else iso(job.finished_at) or None,
        "run_at": None if job.state.final else iso(job.run_at) or None,
    }


def _outcome(outcome: Outcome | None, personal_fields: Collection[str]) -> dict[str, Any] | None:
    if outcome is None:
        return None
    return {
        "kind": outcome.kind.value,
        "code": outcome.code,
        "message": outcome.message,
        "next_step": outcome.next_step,
        "facts": _masked(outcome.facts, personal_fields),
    }


def _masked(values: Mapping[str, Any], personal_fields: Collection[str]) -> dict[str, Any]:
    return {
        name: hide(value) if name in personal_fields else value for name, value in values.items()
    }


def iso(at: float) -> str:
    """ISO 8601 in UTC, to the millisecond; empty for a year that no calendar has."""
    try:
        moment = datetime.fromtimestamp(at, UTC)
    except (OverflowError, ValueError, OSError):  # one bad row hides no others
        return ""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
