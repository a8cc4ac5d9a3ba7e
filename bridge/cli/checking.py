"""The verbs that look before trouble does: check (offline) and doctor (online)."""

from __future__ import annotations

import sys

import click

from bridge.cli.entry import run, settings


@click.command()
def check() -> None:
    """Say everything that is wrong or doubtful with the settings; for CI, exit code 1 if wrong."""
    from bridge import checks

    report = checks.check(settings())
    click.echo(report.table())
    sys.exit(1 if report.failed else 0)


@click.command()
def doctor() -> None:
    """What `check` doubts, then ask Slack, Rocket.Chat, SuperOffice and the database themselves."""
    from bridge import checks

    loaded = settings()
    doubted = checks.check(loaded).doubts
    report = checks.Report.of((*doubted, *run(lambda: checks.doctor(loaded)).rows))
    click.echo(report.table())
    sys.exit(1 if report.failed else 0)
