"""The verbs about stored jobs: list, show, retry, cancel, one or many; erase a room.

They work on the database itself, beside a running bridge or without one.
"""

from __future__ import annotations

import getpass
import json
import os
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bridge.cli.entry import run, settings

if TYPE_CHECKING:
    from bridge.contract import Job
    from bridge.jobs.auditing import Actor
    from bridge.jobs.operating import Filter, Many, Operator

T = TypeVar("T")

NO_JOB = "There is no job {job_id}. Ended ones are removed after some days; `bridge jobs list` shows the rest."


def with_operator(work: Callable[[Operator], Awaitable[T]]) -> T:
    """Run `work` with an operator's hands on the configured store."""
    loaded = settings()

    async def whole() -> T:
        from bridge.app import attached_store
        from bridge.jobs.operating import Operator

        async with attached_store(loaded) as store:
            return await work(Operator(store))

    return run(whole)


def actor() -> Actor:
    """Whoever types here, as the audit trail names them."""
    from bridge.jobs.auditing import Actor

    try:
        return Actor("cli", getpass.getuser(), "cli")
    except (KeyError, OSError):  # a container's user may have no name
        return Actor("cli", str(os.getuid()), "cli")


def filtered(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a filter."""
    for option in (
        click.option("--until-hours", type=float, help="Only jobs older than so many hours."),
        click.option("--since-hours", type=float, help="Only jobs of the last so many hours."),
        click.option("--scope", help="Who may ask: slack:T…, key:<name>, source:<name>."),
        click.option("--asker", default="", help="A user's id."),
        click.option("--room", default="", help="A room or session."),
        click.option("--connection", default="", help="A connection."),
        click.option("--action", default="", help="An action, e.g. rocketchat.close_room."),
        click.option("--state", "states", multiple=True, help="A state; may be repeated."),
    ):
        command = option(command)
    return command


def to_filter(given: dict[str, Any]) -> Filter:
    """The filter that the options describe."""
    from bridge.contract import JobState
    from bridge.jobs.operating import Filter

    try:
        states = tuple(JobState(state) for state in given.pop("states"))
    except ValueError as error:
        known = ", ".join(state.value for state in JobState)
        raise click.UsageError(f"{error}. Known states: {known}.") from None
    since, until = given.pop("since_hours"), given.pop("until_hours")
    now = time.time()
    return Filter(
        states=states,
        since=now - since * 3600 if since is not None else None,
        until=now - until * 3600 if until is not None else None,
        **given,
    )


@click.group()
def jobs() -> None:
    """Look at stored jobs, and give them another chance or an end."""


@jobs.command("list")
@filtered
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(*, limit: int, as_json: bool, **given: Any) -> None:
    """List jobs, newest first."""
    which = to_filter(given)
    page = with_operator(lambda operator: operator.find(which, limit=limit))
    for job in page.jobs:
        click.echo(json.dumps(_view(job)) if as_json else _line(job))
    if not page.jobs and not as_json:
        click.echo("No job matches.", err=True)


@jobs.command()
@click.argument("job_id")
def show(*, job_id: str) -> None:
    """Show a job: its outcome, each attempt with its requests and answers, each delivery."""

    async def work(operator: Operator) -> dict[str, Any] | None:
        job = await operator.get(job_id)
        if job is None:
            return None
        attempts, deliveries = await operator.history(job_id)
        return {"job": _view(job), "attempts": attempts, "deliveries": deliveries}

    found = with_operator(work)
    if found is None:
        raise click.ClickException(NO_JOB.format(job_id=job_id))
    click.echo(json.dumps(found, indent=2, ensure_ascii=False))


@jobs.command()
@click.argument("job_id", required=False)
@filtered
@click.option("--force", is_flag=True, help="Also what is done or refused: it may happen twice.")
def retry(*, job_id: str | None, force: bool, **given: Any) -> None:
    """Retry a job, or all that match a filter (parked and unknown ones, unless --force)."""
    _mend(
        job_id,
        given,
        one=lambda operator, name: operator.retry(name, force=force, by=actor()),
        many=lambda operator, which: operator.retry_all(which, force=force, by=actor()),
        done="retried",
    )


@jobs.command()
@click.argument("job_id", required=False)
@filtered
def cancel(*, job_id: str | None, **given: Any) -> None:
    """Cancel a job, or all that match a filter and are not being worked on."""
    _mend(
        job_id,
        given,
        one=lambda operator, name: operator.cancel(name, by=actor()),
        many=lambda operator, which: operator.cancel_all(which, by=actor()),
        done="cancelled",
    )


@click.command()
@click.argument("room", required=False)
@click.option("--email", default="", help="Every room of which a job names this address.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(*, room: str | None, email: str, yes: bool) -> None:
    """Erase everything that is stored about one room or session, or about a person's."""
    if (room is None) is not bool(email):
        raise click.UsageError("Name a room or session, or a person by --email; not both.")
    rooms = [room] if room else with_operator(lambda operator: operator.rooms_naming(email))
    if not rooms:
        click.echo(f"No job names {email}, so nothing is left to erase.")
        return
    if not yes:
        about = ", ".join(rooms)
        click.confirm(f"Erase every job about {about}, with attempts and deliveries?", abort=True)

    async def work(operator: Operator) -> int:
        return sum([await operator.erase_room(one, by=actor()) for one in rooms])

    click.echo(f"{with_operator(work)} jobs erased.")


def _mend(
    job_id: str | None,
    given: dict[str, Any],
    *,
    one: Callable[[Operator, str], Awaitable[Job | None]],
    many: Callable[[Operator, Filter], Awaitable[Many]],
    done: str,
) -> None:
    from bridge.jobs.operating import Filter, NotAllowed

    which = to_filter(given)
    if job_id is None:
        if which == Filter():
            raise click.UsageError("Name a job, or give a filter such as --state parked.")
        ids, more = with_operator(lambda operator: many(operator, which))
        click.echo(f"{len(ids)} jobs {done}{'; more match, run it again' if more else ''}.")
        return
    try:
        job = with_operator(lambda operator: one(operator, job_id))
    except NotAllowed as error:
        raise click.ClickException(str(error)) from None
    if job is None:
        raise click.ClickException(NO_JOB.format(job_id=job_id))
    click.echo(f"{job.id} {done}.")


def _view(job: Job) -> dict[str, Any]:
    from bridge.app import personal_fields
    from bridge.delivery.view import view

    return view(job, personal_fields(job.action))


def _line(job: Job) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(job.created_at))
    said = job.outcome.message if job.outcome else ""
    return f"{job.id}  {at}  {job.state.value:<9}  {job.action}  {job.lane}  {said}".rstrip()
