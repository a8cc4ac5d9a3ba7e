"""Outcomes that no flow decides: the answer was lost, the account is not usable, the settings changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from pydantic import ValidationError

from bridge.contract import (
    Action,
    Job,
    Outcome,
    Refused,
    Retry,
    Unknown,
    Upstream,
    upstream_name,
)
from bridge.jobs.acting import no_account

log = structlog.get_logger()

# true while the job waits, and still true when it is parked with this outcome
TRIED_AGAIN = (
    "It is tried again by itself until it is parked; then a person retries it or gives up."
)
OWN_MISTAKE = Retry("internal", "The bridge made a mistake of its own here.", TRIED_AGAIN)
NOT_STORABLE = Retry("not_storable", "The bridge could not store what happened.", TRIED_AGAIN)


def lost_for_good(action: Action) -> Unknown:
    """What is said when a call that may not be repeated was sent and nobody knows more."""
    return Unknown(
        "answer_lost",
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
        "not_configured",
        f"The {missing} is not configured here any more.",
        "An admin puts it back into the settings, or cancels this job in the console.",
    )


def unusable_fields(job: Job, error: ValidationError) -> Refused:
    """A release changed the action since; values are personal data, so only places are named."""
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    places = [".".join(map(str, fault["loc"])) for fault in faults]
    log.warning(
        "jobs.fields_unusable",
        job_id=job.id,
        action=job.action,
        problems=[f"{at}: {fault['type']}" for at, fault in zip(places, faults, strict=True)],
    )
    named = ", ".join(dict.fromkeys(place for place in places if place))
    where = f": {named}" if named else ""
    return Refused(
        "invalid_fields",
        f"The bridge was updated and can no longer use the stored fields of this request{where}.",
        "Ask for it again; help shows how it is written now.",
    )


def name_of(upstream: Upstream) -> str:
    """The upstream's name, for people."""
    return upstream_name(upstream.kind)
