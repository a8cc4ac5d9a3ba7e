"""How an attempt changes its job: outcome and rules in, columns out. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.contract import Job, JobState, Outcome, Retry, encode_json
from bridge.jobs import policy
from bridge.jobs.attempt import Attempt, Claimed
from bridge.jobs.finishing import EndItem, Held

PROBES_LATER = 1.5  # so many probes later a failed one may come back


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides besides the outcome."""

    now: float
    started: float
    jitter: float
    give_up_after_s: float
    breaker_open: bool
    worker: str
    breaker_probe_s: float = 0.0


def conclude(claimed: Claimed, attempt: Attempt, outcome: Outcome | None, rules: Rules) -> EndItem:
    """The end of an attempt, ready to be stored. `outcome` None: nothing was decided."""
    job = claimed.job
    values = _unchanged(job, attempt, rules.now)
    following = job.phase == "follow"
    if outcome is None:
        waits = attempt.postponed_s is not None
        values["state"] = "pending" if following else "waiting" if waits else "queued"
        if waits or following:
            values["run_at"] = rules.now + (attempt.postponed_s or 0.0)
        return EndItem(claimed.held, job.id, job.lane, values, leaves_lane=False)
    # a dead upstream costs probes, not attempts
    probe = not following and isinstance(outcome, Retry) and rules.breaker_open
    number = job.attempts + (0 if following or probe else 1)
    verdict = _decide(job, outcome, number, rules)
    if probe and verdict.run_at is not None:
        # the next probe is another job's: this one alone may be what fails
        run_at = max(verdict.run_at, rules.now + PROBES_LATER * rules.breaker_probe_s)
        verdict = replace(verdict, run_at=run_at)
    values["attempts"] = number
    values["looks"] = job.looks + (1 if following else 0)
    values["state"] = verdict.state.value
    values["run_at"] = verdict.run_at
    if verdict.finished or not (following and isinstance(outcome, Retry)):
        values["outcome"] = encode_json(outcome.as_json())
    if verdict.state is JobState.PENDING and not following:
        values["pending_at"] = rules.now
        values["phase"] = "flow" if verdict.finished else "follow"
    if verdict.finished:
        values["finished_at"] = rules.now
    return EndItem(
        held=claimed.held,
        job_id=job.id,
        lane=job.lane,
        values=values,
        leaves_lane=not following and (verdict.finished or values["phase"] == "follow"),
        attempt={
            "job_seq": claimed.held.seq,
            "number": number,
            "phase": job.phase,
            "worker": rules.worker[:40],
            "started_at": rules.started,
            "ended_at": rules.now,
            "verdict": _storable(f"{outcome.kind.value}: {outcome.code}")[:200],
            "exchanges": encode_json(attempt.exchanges),
        },
    )


def too_busy(
    job: Job, postponed_s: float | None, now: float, give_up_after_s: float
) -> Retry | None:
    """The outcome of a job that was allowed no call for as long as jobs are tried."""
    since = (job.pending_at or now) if job.phase == "follow" else job.tried_since
    if postponed_s is None or now + postponed_s <= since + give_up_after_s:
        return None
    return Retry(
        "busy",
        "The upstream allowed no call in all that time.",
        "An operator finds out who uses up its calls, then retries this.",
        after_s=postponed_s,
    )


def unreadable(
    row: Mapping[str, Any], owner: str, now: float, deliveries: Sequence[dict[str, Any]]
) -> EndItem:
    """A row that this release cannot read is parked, and told: a release that can may retry it."""
    outcome = Retry(
        "unreadable",
        "This release of the bridge cannot read the stored request.",
        "An operator retries it when the release that stored it runs again.",
    )
    names = ("phase", "attempts", "looks", "sent_at", "pending_at", "memo")
    values = {name: row[name] for name in names}
    values |= {"state": "parked", "finished_at": now, "run_at": None}
    values["outcome"] = encode_json(outcome.as_json())
    leaves = row["phase"] == "flow"
    return EndItem(
        Held(row["seq"], owner, row["fence"]),
        row["id"],
        row["lane"],
        values,
        leaves_lane=leaves,
        deliveries=list(deliveries),
    )


def _storable(text: str) -> str:
    """Without what a database refuses: NUL, and halves of characters that an upstream cut in two."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _unchanged(job: Job, attempt: Attempt, now: float) -> dict[str, Any]:
    sent_at = job.sent_at or now if attempt.sent or job.phase == "follow" else None
    return {
        "phase": job.phase,
        "attempts": job.attempts,
        "looks": job.looks,
        "sent_at": sent_at,
        "pending_at": job.pending_at,
        "finished_at": None,
        "run_at": None,
        "memo": encode_json(attempt.memo or dict(job.memo)) if attempt.memo or job.memo else "{}",
        "outcome": encode_json(job.outcome.as_json()) if job.outcome else None,
    }


def _decide(job: Job, outcome: Outcome, number: int, rules: Rules) -> policy.Verdict:
    if isinstance(outcome, Retry) and job.phase == "follow":
        delay = policy.retry_delay_s(min(job.looks + 1, 5), rules.jitter, outcome.after_s)
        if rules.now + delay > (job.pending_at or rules.now) + rules.give_up_after_s:
            return policy.Verdict(JobState.PARKED, finished=True)
        return policy.Verdict(JobState.PENDING, rules.now + delay)
    return policy.decide(
        outcome,
        attempts=number,
        tried_since=job.tried_since,
        now=rules.now,
        jitter=rules.jitter,
        give_up_after_s=rules.give_up_after_s,
    )
