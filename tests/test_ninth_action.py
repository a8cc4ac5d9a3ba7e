"""The rule of growth: a new documented call is one new file, and every surface has it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from aiohttp import ClientSession
from click.testing import CliRunner

from bridge.actions import catalogue
from bridge.contract import Action
from bridge.ingress.slack.install import SCOPES
from bridge.sandbox.slack import seed as slack
from bridge.surfaces import argv, command, help, modal  # noqa: A004 - the room's own name
from bridge.surfaces.manifest import manifest_of
from bridge.surfaces.openapi import document
from bridge.surfaces.table import table
from tests.world import API_TOKEN, world

FILE = '''
"""Put a conversation on hold."""

from typing import Annotated, ClassVar

from pydantic import Field

from bridge.contract import (
    Action, Command, Context, Done, Flow, Positional, Problem, Repeat, Request, Rest,
)


class HoldRoom(Action):
    """Put a conversation on hold."""

    title: ClassVar = "Put on hold"
    docs: ClassVar = "https://developer.rocket.chat/apidocs/put-on-hold"
    command: ClassVar = Command("hold")
    repeat: ClassVar = Repeat.CHECK_FIRST
    lane: ClassVar = "rid"
    write_route: ClassVar = "POST /api/v1/livechat/room.onHold"
    a_200_means: ClassVar = "It is on hold."
    verifies: ClassVar = "Nothing more."
    says: ClassVar = {"held": "It is on hold."}
    errors: ClassVar = {"error-invalid-room": Problem("There is no such room.", "Check the id.")}

    rid: Annotated[str, Positional()] = Field(description="The room.", examples=["abc"])
    reason: Annotated[str, Rest()] = Field(
        default="", description="Why.", examples=["waiting for the visitor"]
    )

    def flow(self, context: Context) -> Flow:
        answer = yield Request(
            "POST", "/api/v1/livechat/room.onHold", body={"roomId": self.rid}, write=True
        )
        return Done("held", "It is on hold.")
'''


@pytest.fixture
def actions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mapping[str, type[Action]]]:
    """The catalogue with one more file in it."""
    package = tmp_path / "more_actions"
    (package / "rocketchat").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "rocketchat" / "__init__.py").write_text("")
    (package / "rocketchat" / "hold_room.py").write_text(FILE)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield {**catalogue(), **catalogue(importlib.import_module("more_actions"))}
    for name in [name for name in sys.modules if name.startswith("more_actions")]:
        del sys.modules[name]


def test_one_file_is_found_by_every_surface(actions: Mapping[str, type[Action]]) -> None:
    name = "rocketchat.hold_room"
    action = actions[name]
    everything = list(actions.values())

    parsed = command.parse("/hold abc waiting for the visitor", everything, {})
    assert isinstance(parsed, command.Parsed)
    assert parsed.action is action
    assert parsed.args == {"rid": "abc", "reason": "waiting for the visitor"}
    assert "/hold <rid>" in " ".join(help.page(command.Help("hold"), everything).usage)
    assert [b["block_id"] for b in modal.view(action).to_dict()["blocks"]][:2] == ["rid", "reason"]
    paths = document(everything, version="1", public_url="https://x.example")["paths"]
    assert f"/api/v1/actions/{name}" in paths
    assert "`rocketchat.hold_room`" in table(everything)
    slash = manifest_of(everything, public_url="https://x.example", scopes=SCOPES)["features"]
    assert "/hold" in [one["command"] for one in slash["slash_commands"]]
    called: list[dict[str, object]] = []
    verb = argv.command(action, lambda _action, args, _options: called.append(args))
    CliRunner().invoke(verb, ["--rid", "abc", "--reason", "later"], catch_exceptions=False)
    assert called == [{"rid": "abc", "reason": "later"}]


async def test_it_runs_through_the_doors(
    tmp_path: Path, actions: Mapping[str, type[Action]]
) -> None:
    async with world(tmp_path, actions=actions) as here, ClientSession() as client:
        answer = await client.post(
            f"{here.url}/api/v1/actions/rocketchat.hold_room",
            json={"rid": "abc"},
            headers={"Authorization": f"Bearer {API_TOKEN}", "Prefer": "wait=5"},
        )
        assert answer.status == 200, await answer.text()
        assert (await answer.json())["outcome"]["code"] == "held"

        await here.slack.command(slack.ANNA, slack.SUPPORT, "/hold", "xyz later")
        await here.finished(2)
        last = here.slack.messages(slack.SUPPORT, slack.ANNA)[-1]
        assert "It is on hold." in here.slack.visible_text(last)
