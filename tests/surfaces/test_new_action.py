"""A new action appears on every surface with no other edit: here a class that no room has heard of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from click.testing import CliRunner
from pydantic import Field

from bridge.contract import Action, Command, Option, Problem, Repeat
from bridge.surfaces import argv, modal, submission
from bridge.surfaces.command import Help, Mistake, NeedsForm, Parsed, parse
from bridge.surfaces.help import commands, page
from bridge.surfaces.openapi import document
from bridge.surfaces.schema import schema
from bridge.surfaces.table import table
from bridge.surfaces.writing import command_line
from tests.surfaces.shown import CATALOGUE, submitted


class HoldRoom(Action):
    """Put a conversation on hold."""

    id: ClassVar = "rocketchat.hold_room"
    upstream: ClassVar = "rocketchat"
    title: ClassVar = "Put on hold"
    docs: ClassVar = "https://developer.rocket.chat/apidocs/hold"
    command: ClassVar = Command("hold")
    repeat: ClassVar = Repeat.CHECK_FIRST
    lane: ClassVar = "rid"
    write_route: ClassVar = "POST /api/v1/livechat/room.onHold"
    errors: ClassVar[Mapping[str, Problem]] = {}

    rid: str = Field(title="Room", description="The room.", examples=["abc"])
    minutes: Annotated[int, Option("minutes")] = Field(5, description="How long.", examples=[9])


ACTIONS: tuple[type[Action], ...] = (*CATALOGUE, HoldRoom)
ARGS = {"rid": "abc", "minutes": 9}


def test_slash_grammar_and_help() -> None:
    assert parse("/hold abc minutes=9", ACTIONS) == Parsed(HoldRoom, ARGS)
    assert parse("/bridge hold “abc” --minutes 9", ACTIONS) == Parsed(HoldRoom, ARGS)
    assert parse(command_line(HoldRoom, ARGS), ACTIONS) == Parsed(HoldRoom, ARGS)
    assert isinstance(parse("/hold", ACTIONS), NeedsForm)
    typo = parse("/hodl abc", ACTIONS)
    assert isinstance(typo, Mistake)
    assert "Did you mean /hold?" in typo.sentences[0]
    assert page(Help("hold"), ACTIONS).usage == ("/hold <room> [minutes=…]",)
    assert "/hold <room> [minutes=…]" in page(Help(), ACTIONS).usage
    assert "/hold" in {one.name for one in commands(ACTIONS)}


def test_form() -> None:
    form = modal.view(HoldRoom, ARGS)
    assert form.title is not None
    assert submission.args(HoldRoom, submitted(form)) == {"rid": "abc", "minutes": "9"}


def test_documents() -> None:
    assert schema(HoldRoom)["required"] == ["rid"]
    paths = document(ACTIONS, version="1")["paths"]
    assert paths["/api/v1/actions/rocketchat.hold_room"]["post"]["operationId"] == HoldRoom.id
    assert "| `rocketchat.hold_room` |" in table(ACTIONS)


def test_command_line() -> None:
    taken: list[dict[str, Any]] = []
    made = argv.command(HoldRoom, lambda _action, args, _options: taken.append(args))
    run = CliRunner().invoke(made, ["--rid", "abc", "--minutes", "9"])
    assert (run.exit_code, taken) == (0, [ARGS])
