"""The verbs that print what is generated: OpenAPI, the Slack manifest, the settings file, its schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from bridge.cli.entry import run, settings

if TYPE_CHECKING:
    from bridge.settings import Settings


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
@click.option("--push", is_flag=True, help="Give it to Slack; needs SLACK_CONFIG_TOKEN.")
@click.option("--app-id", default="", help="With --push: the app to change; a new one without it.")
def manifest(*, style: str, push: bool, app_id: str) -> None:
    """Print the Slack app's manifest for these settings, or push it to Slack."""
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
        console_sign_in=loaded.console_by_slack,
    )
    problems = list(lint(made))
    for problem in problems:
        click.echo(f"! {problem}", err=True)
    if push:
        if problems:
            raise click.ClickException(
                "Not pushed: Slack would refuse it. Mend what is said above."
            )
        click.echo(run(lambda: _push(loaded, made, app_id)))
        return
    if style == "json":
        click.echo(json.dumps(made, indent=2, ensure_ascii=False))
    else:
        click.echo(yaml.safe_dump(made, sort_keys=False, allow_unicode=True), nl=False)


async def _push(loaded: Settings, made: dict[str, Any], app_id: str) -> str:
    """Make the app or change it (https://docs.slack.dev/reference/methods/apps.manifest.update)."""
    from slack_sdk.errors import SlackApiError

    from bridge.contract import Lost, Unsent
    from bridge.delivery.client import web_client
    from bridge.outbound import Outbound

    config_token = loaded.slack.config_token
    if config_token is None:
        raise click.UsageError(
            "Set SLACK_CONFIG_TOKEN to an app configuration token from api.slack.com/apps."
        )
    method = "apps.manifest.update" if app_id else "apps.manifest.create"
    form = {"manifest": json.dumps(made), **({"app_id": app_id} if app_id else {})}
    async with Outbound(loaded.outbound) as outbound:
        client = web_client(outbound, loaded.slack.api_url, config_token.get_secret_value())
        try:
            answer = await client.api_call(method, data=form)
        except SlackApiError as error:
            told = error.response.get("errors") or error.response.get("error")
            raise click.ClickException(f"Slack refused the manifest: {told}") from None
        except Unsent as error:
            raise click.ClickException(
                f"Slack cannot be reached: {error}. Nothing was changed; try again when it can."
            ) from None
        except Lost as error:
            raise click.ClickException(
                f"Slack did not answer: {error}. Look at api.slack.com/apps whether it has the"
                " manifest before you push it again."
            ) from None
    return f"Slack has the manifest; the app is {answer.get('app_id') or app_id}."


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
