"""The verb that exports the audit trail: who did what, on what, with what outcome."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from bridge.cli.entry import run, settings

if TYPE_CHECKING:
    from bridge.jobs.auditing import Event, Which
    from bridge.settings import Settings

AT_ONCE = 1000


@click.command()
@click.option("--since", default="", help="At or after this time, e.g. 2026-05-31 or with T12:00Z.")
@click.option("--until", default="", help="Before this time.")
@click.option("--who", default="", help="A person's id, or a scope such as key:ci.")
@click.option("--what", default="", help="An action, or a deed such as job.retry.")
@click.option("--json", "style", flag_value="json", help="One JSON object a line.")
@click.option("--csv", "style", flag_value="csv", help="For a spreadsheet, with a header.")
def audit(*, since: str, until: str, who: str, what: str, style: str | None) -> None:
    """Export the audit trail, newest first."""
    from bridge.jobs.auditing import Which

    loaded = settings()
    which = Which(since=_moment(since), until=_moment(until), who=who, what=what)
    run(lambda: _export(loaded, which, style or "text"))


async def _export(loaded: Settings, which: Which, style: str) -> None:
    from bridge.app import attached_store
    from bridge.jobs.auditing import Audit

    async with attached_store(loaded) as store:
        trail, cursor, first = Audit(store), "", True
        while first or cursor:
            lines = await trail.find(which, limit=AT_ONCE, cursor=cursor)
            click.echo(_written(lines.events, style, header=first), nl=False)
            cursor, first = lines.cursor, False


def _written(events: list[Event], style: str, *, header: bool) -> str:
    from bridge.jobs.auditing import as_csv

    if style == "csv":
        return as_csv(events, header=header)
    rows = [event.as_json() for event in events]
    if style == "json":
        return "".join(f"{json.dumps(row)}\n" for row in rows)
    return "".join(
        f"{row['at']}  {row['door']:<7}  {row['who']:<16}  {row['what']:<28}  "
        f"{row['outcome']:<9}  {row['connection']}:{row['target']}  {row['job_id']}".rstrip(": ")
        + "\n"
        for row in rows
    )


def _moment(said: str) -> float | None:
    if not said:
        return None
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise click.UsageError(f"{said!r} is no time. Write 2026-05-31T12:00:00Z.") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
