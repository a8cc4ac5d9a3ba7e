"""Help, table, JSON Schema, OpenAPI and command line: whole, valid, and the same for every action."""

from __future__ import annotations

import json
from typing import Any

import click
import jsonschema
import pytest
from click.testing import CliRunner
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from bridge.contract import Action
from bridge.surfaces import argv
from bridge.surfaces.command import Help, Parsed
from bridge.surfaces.help import commands, page
from bridge.surfaces.leaves import flatten, fold, leaves
from bridge.surfaces.openapi import document
from bridge.surfaces.schema import DIALECT, example_args, full_example, schema
from bridge.surfaces.shapes import PROBLEMS
from bridge.surfaces.table import table
from bridge.surfaces.usage import shown_leaves, usage
from tests.surfaces.shown import ALL, CATALOGUE, Paint, parse

every_action = pytest.mark.parametrize("action", ALL, ids=lambda action: action.id)


def test_usage_lines() -> None:
    lines = {action.id: usage(action) for action in CATALOGUE}
    assert lines["rocketchat.close_room"].endswith(" [comment…]")
    assert lines["rocketchat.cancel_email_transcript"] == "/transcript cancel <room>"
    assert lines["superoffice.transfer_session"] == "/transfer [session] <session> <associate>"
    assert lines["rocketchat.export_room"] == (
        "/export [file] <room> [format=html|json] [from=YYYY-MM-DD] [to=YYYY-MM-DD]"
    )
    assert usage(Paint, {"paint": "/farbe"}).startswith("/farbe <wall> colour=red|blue [coats=…] ")


@every_action
def test_help_shows_every_field_and_a_line_that_works(action: type[Action]) -> None:
    shown = page(Help(action.command.word, action.command.sub), ALL)
    text = "\n".join(shown.lines)
    assert shown.usage == (usage(action),) or not action.command.sub
    for leaf in shown_leaves(action):
        assert leaf.name in text
        assert leaf.description in text
    assert all(isinstance(parse(line, ALL), Parsed) for line in shown.examples)


def test_help_on_everything() -> None:
    shown = page(Help(), CATALOGUE, {"root": "/desk"})
    assert [line.split()[0] for line in shown.usage] == [
        f"/{one.command.word}" for one in CATALOGUE
    ]
    assert any(line.startswith("/desk jobs: ") for line in shown.lines)
    assert page(Help("nonsense"), CATALOGUE) == page(Help(), CATALOGUE)
    assert page(Help(), []).usage == ()


def test_commands_to_register() -> None:
    found = commands(CATALOGUE, {"close": "end-chat"})
    names = [one.name for one in found]
    assert {"/transcript", "/end-chat", "/export", "/transfer"} <= set(names)
    assert names[-1] == "/bridge"
    assert len(names) == len(set(names))
    for one in found:
        assert 1 < len(one.name) <= 32
        assert 0 < len(one.description) <= 2000
        assert 0 < len(one.usage_hint) <= 1000


def test_the_table_has_a_row_for_each_action() -> None:
    rows = table(CATALOGUE).splitlines()
    assert len(rows) == len(CATALOGUE) + 2
    for action, row in zip(CATALOGUE, rows[2:], strict=True):
        assert row.startswith(f"| `{action.id}` |")
        assert f"[`{action.write_route}`]({action.docs})" in row
    assert all(row.replace("\\|", "").count("|") == 6 for row in rows)


@every_action
def test_schemas_describe_what_is_accepted(action: type[Action]) -> None:
    found = schema(action)
    validator = jsonschema.Draft202012Validator(found)
    validator.check_schema(found)
    assert found["$schema"] == DIALECT
    assert found["examples"]
    for args in (*found["examples"], example_args(action), full_example(action)):
        validator.validate(args)
        action.model_validate(args)
    assert not validator.is_valid({**found["examples"][0], "strange": 1})
    assert set(found["properties"]) == {leaf.path[0] for leaf in leaves(action)}


def test_openapi_is_valid_and_whole() -> None:
    made = document(ALL, version="1.2.3", public_url="https://bridge.example.com/")
    assert json.loads(json.dumps(made)) == made
    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(made)] == []
    assert _unresolved(made, made) == []
    assert made["servers"] == [{"url": "https://bridge.example.com"}]
    operations = [one["operationId"] for path in made["paths"].values() for one in _methods(path)]
    assert len(set(operations)) == len(operations)
    for path in (
        *("/api/v1/jobs", "/api/v1/jobs/{id}", "/api/v1/jobs/{id}/retry", "/hooks/{source}"),
        *(
            "/api/v1/jobs/{id}/cancel",
            "/api/v1/jobs/{id}/events",
            "/api/v1/jobs/{id}/file",
            "/healthz",
            "/readyz",
        ),
    ):
        assert path in made["paths"]
    for name in made["components"]["headers"]:
        assert f'#/components/headers/{name}"' in json.dumps(made)


@every_action
def test_openapi_documents_each_action(action: type[Action]) -> None:
    made = document(ALL, version="1")
    launch = made["paths"][f"/api/v1/actions/{action.id}"]["post"]
    statuses = set(launch["responses"])
    assert statuses >= {
        "200",
        "202",
        *(["400", "401", "403", "404", "409", "413", "415", "422", "429", "503"]),
    }
    assert {int(status) for status in statuses} - {200, 202} <= set(PROBLEMS)
    facts = made["components"]["schemas"][f"{action.id}.facts"]["properties"]
    assert facts == {name: told.schema() for name, told in action.example_facts.items()}
    body = launch["requestBody"]["content"]["application/json"]
    validator = jsonschema.Draft202012Validator(
        {**body["schema"], "components": made["components"]}
    )
    for example in body["examples"].values():
        validator.validate(example["value"])


@every_action
def test_the_command_line_takes_every_field(action: type[Action]) -> None:
    taken: list[tuple[Any, ...]] = []
    dry_run = click.Option(["--dry-run"], is_flag=True)
    made = argv.command(action, lambda *given: taken.append(given), [dry_run])
    args = full_example(action)
    words = ["--dry-run"]
    values = flatten(action, args)
    for leaf in shown_leaves(action):
        value, option = values[leaf.key], f"--{leaf.name}"
        if isinstance(value, bool):
            words.append(option if value else f"--no-{leaf.name}")
        elif isinstance(value, list):
            words += [option, ",".join(value)]
        else:
            words += [option, str(value)]
    run = CliRunner().invoke(made, words, catch_exceptions=False)
    assert run.exit_code == 0, run.output
    ((its, found, options),) = taken
    assert (its, options) == (action, {"dry_run": True})
    implied = {leaf.key: values[leaf.key] for leaf in leaves(action) if leaf.implied}
    assert action.model_validate(fold(action, {**flatten(action, found), **implied})) == (
        action.model_validate(args)
    )


def test_the_command_line_says_what_is_wrong() -> None:
    made = argv.command(Paint, lambda *_: None)
    run = CliRunner().invoke(made, ["--wall", "x", "--colour", "red"])
    assert run.exit_code == 2
    assert "--wall: Give a whole number. For example: 12" in run.output
    run = CliRunner().invoke(made, ["--wall", "3", "--colour", "red", "--wet", "--coats", "9"])
    assert "Error: Nine wet coats never dry." in run.output
    run = CliRunner().invoke(made, ["--help"])
    assert "--theHelpers, --helpers LIST" in run.output


def _methods(path: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for name, one in path.items() if name in ("get", "post")]


def _unresolved(part: Any, whole: dict[str, Any]) -> list[str]:
    """References that lead nowhere."""
    if isinstance(part, list):
        return [lost for item in part for lost in _unresolved(item, whole)]
    if not isinstance(part, dict):
        return []
    lost = [found for item in part.values() for found in _unresolved(item, whole)]
    reference = part.get("$ref")
    if isinstance(reference, str):
        at: Any = whole
        for name in reference.removeprefix("#/").split("/"):
            at = at.get(name) if isinstance(at, dict) else None
        lost += [] if at is not None else [reference]
    return lost
