"""Which jobs: the filters of the list and of the bulk calls, read from a query or from a body.

A parameter that does not exist is a mistake and not a wish for everything, so it is refused with the
nearest name: a typo in a filter must never widen a bulk retry.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from multidict import MultiMapping
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bridge.contract import JobState
from bridge.ingress.http import wishes
from bridge.jobs.auditing import CURSOR, Which
from bridge.jobs.operating import Filter

MOST: Final = 100


def _states(value: Any) -> Any:
    """One or several, also with commas; what is no text is left to be refused."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return value
    found: list[Any] = []
    for part in value:
        found += (
            [word.strip() for word in part.split(",") if word.strip()]
            if isinstance(part, str)
            else [part]
        )
    return found


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _moment(value: Any) -> Any:
    """ISO 8601; a plus sign that was not encoded in a query arrives as a space."""
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError("Give a time as 2026-05-31T12:00:00Z.")
    try:
        return _aware(datetime.fromisoformat(value.strip().replace(" ", "+")))
    except ValueError:
        raise ValueError("Give a time as 2026-05-31T12:00:00Z.") from None


Moment = Annotated[datetime | None, BeforeValidator(_moment)]  # absent is fine, null is not
Word = Annotated[str, Field(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$")]


class FilterFields(BaseModel):
    """What limits a list of jobs; what is absent does not."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    state: Annotated[tuple[JobState, ...], BeforeValidator(_states)] = Field(
        (), max_length=20, description="One or several states, separated by commas."
    )
    action: Word = Field("", description="An action's name.")
    connection: Word = Field("", description="A connection's name.")
    room: Word = Field("", description="A room or session id.")
    since: Moment = Field(None, description="Created at or after this time (ISO 8601).")
    until: Moment = Field(None, description="Created before this time (ISO 8601).")
    asker: Word = Field(
        "",
        description="Who asked: a Slack user's id, or a scope such as key:ci or source:rocketchat.",
    )

    @property
    def is_limited(self) -> bool:
        return any(
            (
                self.state,
                self.action,
                self.connection,
                self.room,
                self.asker,
                self.since,
                self.until,
            )
        )

    def as_filter(self, scope: str | None) -> Filter:
        """As the operator reads it. `scope` is the caller's own and cannot be widened by `asker`."""
        of_scope = ":" in self.asker
        if of_scope and scope is not None and self.asker != scope:
            scope = "nobody"  # another's jobs: there are none to see
        elif of_scope:
            scope = self.asker
        return Filter(
            scope=scope,
            states=self.state,
            action=self.action,
            connection=self.connection,
            room=self.room,
            asker="" if of_scope else self.asker,
            since=self.since.timestamp() if self.since else None,
            until=self.until.timestamp() if self.until else None,
        )


class ListQuery(FilterFields):
    """The query of GET /api/v1/jobs."""

    limit: int = Field(50, ge=1, le=MOST, description="Jobs per page.")
    cursor: str = Field(
        "", pattern=r"^\d{0,18}$", description="From the page before: where this one begins."
    )


class AuditQuery(BaseModel):
    """The query of GET /api/v1/audit."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    who: Word = Field("", description="A person's id, or a scope such as key:ci.")
    what: Word = Field("", description="An action's name, or a deed such as job.retry.")
    since: Moment = Field(None, description="At or after this time (ISO 8601).")
    until: Moment = Field(None, description="Before this time (ISO 8601).")
    limit: int = Field(100, ge=1, le=1000, description="Lines per page.")
    cursor: str = Field("", pattern=rf"^({CURSOR.pattern})?$", description="From the page before.")

    @property
    def which(self) -> Which:
        return Which(
            since=self.since.timestamp() if self.since else None,
            until=self.until.timestamp() if self.until else None,
            who=self.who,
            what=self.what,
        )


def read_query(query: MultiMapping[str]) -> ListQuery:
    """The filters in a query. Raises `Problem`."""
    given: Mapping[str, Any] = {
        name: query.getall(name) if name == "state" else query[name] for name in query
    }
    return _read(ListQuery, given)


def read_audit_query(query: MultiMapping[str]) -> AuditQuery:
    """The filters of the audit trail in a query. Raises `Problem`."""
    return _read(AuditQuery, dict(query))


def _read(model: type[wishes.Fields], given: Mapping[str, Any]) -> wishes.Fields:
    return wishes.read_fields(
        model, given, "malformed-query", "Correct the query parameters that `errors` names."
    )
