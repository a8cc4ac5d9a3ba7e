"""A new action appears on every surface with no other edit: here a class that no room has heard of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from click.testing import CliRunner
from pydantic import Field

from bridge.contract import Action, Command, Option, Problem, Repeat
from bridge.surfaces import argv, modal, submission
from bridge.surfaces.command import Help, Mistake, NeedsForm, Parsed
from bridge.surfaces.help import commands, page
from bridge.surfaces.openapi import document
from bridge.surfaces.schema import schema
from bridge.surfaces.table import table
from bridge.surfaces.writing import command_line
from tests.surfaces.shown import CATALOGUE, parse, submitted


class SnoozeRoom(Action):
    """Let a conversation sleep."""

    id: ClassVar = "rocketchat.snooze_room"
    upstream: ClassVar = "rocketchat"
    title: ClassVar = "Snooze"
    docs: ClassVar = "https://developer.rocket.chat/apidocs/snooze"
    command: ClassVar = Command("snooze")
    repeat: ClassVar = Repeat.CHECK_FIRST
    lane: ClassVar = "rid"
    write_route: ClassVar = "POST /api/v1/livechat/room.snooze"
    errors: ClassVar[Mapping[str, Problem]] = {}

    rid: str = Field(title="Room", description="The room.", examples=["abc"])
    minutes: Annotated[int, Option("minutes")] = Field(5, description="How long.", examples=[9])


ACTIONS: tuple[type[Action], ...] = (*CATALOGUE, SnoozeRoom)
ARGS = {"rid": "abc", "minutes": 9}


def test_slash_grammar_and_help() -> None:
    assert parse("/snooze abc minutes=9", ACTIONS) == Parsed(SnoozeRoom, ARGS)
    assert parse("/bridge snooze “abc” --minutes 9", ACTIONS) == Parsed(SnoozeRoom, ARGS)
    assert parse(command_line(SnoozeRoom, ARGS), ACTIONS) == Parsed(SnoozeRoom, ARGS)
    assert isinstance(parse("/snooze", ACTIONS), NeedsForm)
    typo = parse("/snoze abc", ACTIONS)
    assert isinstance(typo, Mistake)
    assert "Did you mean /snooze?" in typo.sentences[0]
    assert page(Help("snooze"), ACTIONS).usage == ("/snooze <room> [minutes=…]",)
    assert "/snooze <room> [minutes=…]" in page(Help(), ACTIONS).usage
    assert "/snooze" in {one.name for one in commands(ACTIONS)}


def test_form() -> None:
    form = modal.view(SnoozeRoom, ARGS)
    assert form.title is not None
    assert submission.args(SnoozeRoom, submitted(form)) == {"rid": "abc", "minutes": "9"}


def test_documents() -> None:
    assert schema(SnoozeRoom)["required"] == ["rid"]
    paths = document(ACTIONS, version="1")["paths"]
    assert paths["/api/v1/actions/rocketchat.snooze_room"]["post"]["operationId"] == SnoozeRoom.id
    assert "| `rocketchat.snooze_room` |" in table(ACTIONS)


def test_command_line() -> None:
    taken: list[dict[str, Any]] = []
    made = argv.command(SnoozeRoom, lambda _action, args, _options: taken.append(args))
    run = CliRunner().invoke(made, ["--rid", "abc", "--minutes", "9"])
    assert (run.exit_code, taken) == (0, [ARGS])
