"""The verbs that try an action or a rule: call an action, explain a decision or a payload."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.entry import report_errors, run, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bridge.contract import Action
    from bridge.ingress.webhooks.explaining import Explanation
    from bridge.settings import Settings

    Explain = Callable[[str, Mapping[str, str] | None, bytes], Explanation]


class Actions(click.Group):
    """One command for each action of the catalogue, found when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        from bridge.actions import catalogue

        return sorted(catalogue())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        from bridge.actions import catalogue
        from bridge.surfaces import argv

        action = catalogue().get(cmd_name)
        return argv.command(action, _call, _OPTIONS) if action else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, which offers a near name only among commands that were added beforehand."""
        from bridge.settings.explaining import near

        if self.get_command(ctx, args[0]) is None and not ctx.resilient_parsing:
            hint = near(args[0], self.list_commands(ctx))
            said = f"There is no action {args[0]}.{hint} `bridge call --help` lists all."
            raise click.UsageError(said, ctx)
        return super().resolve_command(ctx, args)


_OPTIONS = (
    click.Option(["--on"], default="", help="The connection; needed when there are several."),
    click.Option(["--dry-run"], is_flag=True, help="Only show the first request."),
    click.Option(["--wait"], type=float, default=30.0, show_default=True, help="Seconds."),
)


@click.command(cls=Actions)
def call() -> None:
    """Launch an action from here; a running bridge works on it."""


def _call(action: type[Action], args: dict[str, Any], options: dict[str, Any]) -> None:
    loaded = settings()
    kinds = {name: one.kind for name, one in loaded.connections.items()}
    fitting = [name for name, kind in kinds.items() if kind == action.upstream]
    connection = options["on"] or (fitting[0] if len(fitting) == 1 else "")
    if connection not in fitting:
        known = ", ".join(fitting) or f"none; configure a {action.upstream} connection first"
        raise click.UsageError(f"Choose the connection with --on: {known}.")
    wish = action.model_validate(args)
    if options["dry_run"]:
        _show_first_request(wish)
        return
    run(lambda: _launch(loaded, wish, connection, options["wait"]))


def _show_first_request(wish: Action) -> None:
    from bridge.contract import Asker, Context

    flow = wish.flow(Context(Asker("cli", "cli"), time.time()))
    request = next(flow)
    flow.close()
    click.echo(f"{request.method} {request.route.format_map(dict(request.path))}")
    if request.query:
        click.echo(json.dumps(dict(request.query), indent=2))
    if request.body is not None:
        click.echo(json.dumps(request.body, indent=2, ensure_ascii=False))


async def _launch(loaded: Settings, wish: Action, connection: str, wait_s: float) -> None:
    from bridge.app import attached_store, personal_fields
    from bridge.contract import Asker, ReplyTo
    from bridge.delivery.view import view
    from bridge.jobs.intake import Launch

    launch = Launch(wish, connection, Asker("cli", "cli", name="the command line"), ReplyTo())
    async with attached_store(loaded) as store:
        job = (await store.accept([launch]))[0].job
        deadline = time.monotonic() + wait_s
        while job.finished_at is None and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
            job = await store.get(job.id) or job
    click.echo(json.dumps(view(job, personal_fields(job.action)), indent=2, ensure_ascii=False))
    if job.finished_at is None:
        click.echo(f"Not finished yet. Look again: bridge jobs show {job.id}", err=True)


@click.command()
@click.argument("question", nargs=-1)
@click.option("--source", default="", help="A webhook source; then also --payload.")
@click.option("--payload", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--header", "headers", multiple=True, help="Name: value; may be repeated.")
def explain(
    *, question: tuple[str, ...], source: str, payload: Path | None, headers: tuple[str, ...]
) -> None:
    """Say why: `bridge explain @U123 /close #C456`, or what a payload would lead to.

    With S789 it is asked as a member of that user group, with T123 from that workspace. Nothing is stored and nothing is sent.
    """
    loaded = settings()
    if source:
        if payload is None:
            raise click.UsageError("Give the payload's file too: --payload FILE.")
        _explain_payload(loaded, source, payload.read_bytes(), headers)
    else:
        _explain_access(loaded, question)


def payload_explainer(loaded: Settings) -> Explain:
    """What a payload would lead to under these settings; nothing is stored."""
    from bridge.actions import catalogue
    from bridge.ingress.webhooks import WebhookDoor

    class Nowhere:
        """An intake that must not be reached."""

        async def accept(self, *_: Any, **__: Any) -> Any:
            raise AssertionError

    return WebhookDoor(settings=loaded, catalogue=catalogue(), intake=Nowhere()).explain


def _explain_payload(loaded: Settings, source: str, body: bytes, headers: tuple[str, ...]) -> None:
    from bridge.ingress.http.problems import Problem

    given = {}
    for line in headers:
        name, colon, value = line.partition(":")
        if not colon:
            raise click.UsageError(f"{line!r} is no header. Write it like this: 'Name: value'.")
        given[name.strip()] = value.strip()
    explain = report_errors(lambda: payload_explainer(loaded))
    try:
        explanation = explain(source, given or None, body)
    except Problem as problem:
        raise click.ClickException(str(problem)) from None
    for line in explanation.lines():
        click.echo(line)


def _explain_access(loaded: Settings, question: tuple[str, ...]) -> None:
    from bridge import access
    from bridge.actions import catalogue
    from bridge.contract import Asker

    who = next((word[1:] for word in question if word.startswith("@")), "")
    where = next((word[1:] for word in question if word.startswith("#")), "")
    command = next((word[1:] for word in question if word.startswith("/")), "")
    team = next((word for word in question if word.startswith("T")), "")
    groups = frozenset(word for word in question if word.startswith("S"))
    if not who or not command:
        raise click.UsageError("Ask like this: bridge explain @U123 /close #C456 S789")
    names = {name.lstrip("/"): word for word, name in loaded.slack.commands.items()}
    word = names.get(command, command)
    actions = [one for one in catalogue().values() if one.command.word == word]
    if not actions:
        known = ", ".join(sorted({f"/{one.command.word}" for one in catalogue().values()}))
        raise click.UsageError(f"There is no command /{command}. Known: {known}.")
    asker = Asker("slack", f"slack:{team}", user_id=who, team_id=team, channel_id=where)
    for action in actions:
        fitting = [n for n, one in loaded.connections.items() if one.kind == action.upstream]
        for connection in fitting or ["(no connection)"]:
            click.echo(f"{action.id} on {connection}")
            for line in access.explain(loaded.access, asker, action.id, word, connection, groups):
                click.echo(f"  {line}")
    for group in access.named_usergroups(loaded.access):
        if group not in groups:  # only Slack knows its members
            said = f"It is not known here whether {who} is in {group}."
            click.echo(f"{said} Add {group} to ask as a member.")
