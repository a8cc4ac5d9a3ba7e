"""Retry and cancel, one job or many by filter, through whoever has the operator's hands.

A key acts on its own jobs only, and only while its scopes cover their action: rights are looked at when
something is asked for, not remembered from when the job was launched.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from bridge.contract import Job
from bridge.ingress.api.callers import Caller
from bridge.ingress.api.listing import FilterFields
from bridge.ingress.http import wishes
from bridge.ingress.http.problems import FieldError, Problem, pointer
from bridge.jobs.operating import BULK, Covers, Filter, Many, NotAllowed, Operator

BULK_OF_A_KEY: Final = 500


class Force(BaseModel):
    """The body of a retry; it may be absent."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    force: StrictBool = Field(
        default=False, description="Also when it is done or refused already: it may happen twice."
    )


class Bulk(FilterFields):
    """The body of a retry or cancel of many: a filter, of which at least one field is given."""

    force: StrictBool = Field(
        default=False,
        description="Retry also what is done or refused already: it may happen twice.",
    )


class Recovery:
    """Puts jobs right for a caller."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    async def retry(self, job: Job, caller: Caller, body: Any) -> Job:
        """Another chance for one job. Raises `Problem`."""
        force = _read(Force, {} if body is None else body).force
        caller.require(job.action, job.connection)
        try:
            again = await self._operator.retry(
                job.id, scope=caller.scope, force=force, by=caller.actor
            )
        except NotAllowed as error:
            raise Problem("not-possible", str(error)) from None
        return again or job

    async def cancel(self, job: Job, caller: Caller) -> Job:
        """Stop one job. Raises `Problem`."""
        caller.require(job.action, job.connection)
        try:
            gone = await self._operator.cancel(job.id, scope=caller.scope, by=caller.actor)
        except NotAllowed as error:
            raise Problem("not-possible", str(error)) from None
        return gone or job

    async def retry_all(self, caller: Caller, body: Any) -> Many:
        """Those that get another chance. Raises `Problem`."""
        bulk, which = _bulk(caller, body)
        covers, most = _reach(caller)
        return await self._operator.retry_all(
            which, force=bulk.force, by=caller.actor, covers=covers, most=most
        )

    async def cancel_all(self, caller: Caller, body: Any) -> Many:
        """Those that were stopped. Raises `Problem`."""
        _, which = _bulk(caller, body)
        covers, most = _reach(caller)
        return await self._operator.cancel_all(which, by=caller.actor, covers=covers, most=most)


def _reach(caller: Caller) -> tuple[Covers | None, int]:
    """What it may act on, and on how many in one go."""
    if caller.key is None:
        return None, BULK
    return lambda action, connection: caller.decide(action, connection).allowed, BULK_OF_A_KEY


def _bulk(caller: Caller, body: Any) -> tuple[Bulk, Filter]:
    bulk = _read(Bulk, body)
    if not bulk.is_limited:
        detail = "Say which jobs: give at least one filter, such as state."
        raise Problem("invalid-fields", detail, [FieldError(pointer(), detail)])
    return bulk, bulk.as_filter(caller.scope)


def _read(model: type[wishes.Fields], body: Any) -> wishes.Fields:
    return wishes.read_fields(
        model, body, "invalid-fields", "The body is not usable. Correct what `errors` names."
    )
