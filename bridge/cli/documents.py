"""The verbs that print what is generated: OpenAPI, the Slack manifest, the settings file, its schema."""

from __future__ import annotations

import json
from typing import Any

import click

from bridge.cli.entry import settings


@click.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the HTTP API."""
    from bridge.actions import catalogue
    from bridge.app import version
    from bridge.surfaces.openapi import document

    loaded = settings()
    made = document(catalogue().values(), version=version(), public_url=loaded.server.public_url)
    click.echo(json.dumps(made, indent=2, ensure_ascii=False))


@click.command()
@click.option("--format", "style", type=click.Choice(["yaml", "json"]), default="yaml")
def manifest(*, style: str) -> None:
    """Print the Slack app's manifest for these settings."""
    import yaml

    from bridge.actions import catalogue
    from bridge.ingress.slack.install import SCOPES
    from bridge.surfaces.manifest import lint, manifest_of

    loaded = settings()
    made: dict[str, Any] = manifest_of(
        catalogue().values(),
        public_url=loaded.server.public_url,
        scopes=SCOPES,
        names=loaded.slack.commands,
        socket_mode=loaded.slack.app_token is not None,
        many_workspaces=bool(loaded.slack.client_id),
    )
    for problem in lint(made):
        click.echo(f"! {problem}", err=True)
    if style == "json":
        click.echo(json.dumps(made, indent=2, ensure_ascii=False))
    else:
        click.echo(yaml.safe_dump(made, sort_keys=False, allow_unicode=True), nl=False)


@click.command()
def config() -> None:
    """Print config/bridge.toml: every setting with its default and what it means."""
    from bridge.settings import render_config

    click.echo(render_config(), nl=False)


@click.command()
def schema() -> None:
    """Print the JSON Schema of the settings file."""
    from bridge.settings import render_schema

    click.echo(render_schema(), nl=False)
