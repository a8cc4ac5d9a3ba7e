"""Outcomes that no flow decides: the answer was lost, the account is not usable, the settings changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.contract import Action, Job, Outcome, Retry, Unknown, Upstream, upstream_name
from bridge.jobs.acting import no_account


def lost_for_good(action: Action) -> Unknown:
    """What is said when a call that may not be repeated was sent and nobody knows more."""
    return Unknown(
        "answer-lost",
        "The request was sent, but its answer was lost. It may or may not have happened.",
        action.if_lost or "Look before you try again: a second time could do it twice.",
    )


def refused_account(
    code: str, job: Job, exchanges: Sequence[Mapping[str, Any]], upstream: Upstream
) -> Outcome:
    """The asker's own account could not be used; `exchanges` end with that refusal."""
    earlier = exchanges[:-1]  # the last one is the refusal itself
    done = job.phase == "follow" or any(one["method"] != "GET" for one in earlier)
    return no_account(code, name_of(upstream), job.connection, something_was_sent=done)


def not_configured(job: Job, action: type[Action] | None) -> Outcome:
    """What the job needs is gone from the settings."""
    missing = f"action {job.action}" if action is None else f"connection {job.connection}"
    return Retry(
        "not-configured",
        f"The {missing} is not configured here any more.",
        "An admin puts it back into the settings, or cancels this job in the console.",
    )


def name_of(upstream: Upstream) -> str:
    """The upstream's name, for people."""
    return upstream_name(upstream.kind)
