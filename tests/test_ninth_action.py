"""The rule of growth: a new documented call is one new file, and every surface has it.

The file, its samples and its emulation are those of the tutorial `docs/pages/extend/action.md`, as they
stand there: whoever follows the page gets what is tested here.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from aiohttp import ClientSession
from click.testing import CliRunner

from bridge.actions import catalogue
from bridge.contract import Action
from bridge.ingress.slack.install import SCOPES
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.rocketchat.gate import Route
from bridge.sandbox.rocketchat.routes import ROUTES
from bridge.sandbox.slack import seed as slack
from bridge.surfaces import argv, command, help, modal  # noqa: A004 - the room's own name
from bridge.surfaces.manifest import manifest_of
from bridge.surfaces.openapi import document
from bridge.surfaces.table import table
from tests.actions.driving import context, described, drive, told
from tests.docs.pages import blocks
from tests.world import API_TOKEN, world

NAME = "rocketchat.hold_room"
PAGE = blocks("extend/action.md")
SAMPLES = sorted(title for title in PAGE if title.endswith(".json"))


@pytest.fixture
def actions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Mapping[str, type[Action]]]:
    """The catalogue with one more file in it."""
    package = tmp_path / "more_actions"
    (package / "rocketchat").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "rocketchat" / "__init__.py").write_text("")
    file = PAGE["bridge/actions/rocketchat/hold_room.py"]
    (package / "rocketchat" / "hold_room.py").write_text(file)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield {**catalogue(), **catalogue(importlib.import_module("more_actions"))}
    for name in [name for name in sys.modules if name.startswith("more_actions")]:
        del sys.modules[name]


def emulated() -> Route:
    """The call as the tutorial teaches it to the emulator."""
    made: dict[str, object] = {"__name__": "holding"}
    exec(PAGE["bridge/sandbox/rocketchat/holding.py"], made)
    return Route("POST", "livechat/room.onHold", made["hold_room"])  # type: ignore[arg-type]


def test_one_file_is_found_by_every_surface(actions: Mapping[str, type[Action]]) -> None:
    action = actions[NAME]
    everything = list(actions.values())

    parsed = command.Parser(everything, {}).read("/hold tcbbSmWSLR5uo5PBW")
    assert isinstance(parsed, command.Parsed)
    assert parsed.action is action
    assert parsed.args == {"rid": "tcbbSmWSLR5uo5PBW"}
    assert "/hold <room>" in " ".join(help.page(command.Help("hold"), everything).usage)
    assert [b["block_id"] for b in modal.view(action).to_dict()["blocks"]][:1] == ["rid"]
    paths = document(everything, version="1", public_url="https://x.example")["paths"]
    assert f"/api/v1/actions/{NAME}" in paths
    assert f"`{NAME}`" in table(everything)
    slash = manifest_of(everything, public_url="https://x.example", scopes=SCOPES)["features"]
    assert "/hold" in [one["command"] for one in slash["slash_commands"]]
    called: list[dict[str, object]] = []
    verb = argv.command(action, lambda _action, args, _options: called.append(args))
    CliRunner().invoke(verb, ["--rid", "abc"], catch_exceptions=False)
    assert called == [{"rid": "abc"}]


@pytest.mark.parametrize("sample", SAMPLES)
def test_its_samples_are_told_as_the_tutorial_says(
    actions: Mapping[str, type[Action]], sample: str
) -> None:
    recorded = json.loads(PAGE[sample])
    answers = [(one["status"], one["body"]) for one in recorded["exchanges"]]
    flow = actions[NAME].model_validate(recorded["args"]).flow(context(**recorded["context"]))
    outcome, asked = drive(flow, "rocketchat", answers)
    assert [described(one) for one in asked] == [one["request"] for one in recorded["exchanges"]]
    assert told(outcome) == PAGE[sample.replace(".json", ".txt")]


async def test_it_runs_through_the_doors(
    tmp_path: Path, actions: Mapping[str, type[Action]]
) -> None:
    calls = (*ROUTES, emulated())
    async with world(tmp_path, actions=actions, calls=calls) as here, ClientSession() as client:
        answer = await client.post(
            f"{here.url}/api/v1/actions/{NAME}",
            json={"rid": rooms.OPEN_SERVED},
            headers={"Authorization": f"Bearer {API_TOKEN}", "Prefer": "wait=5"},
        )
        assert answer.status == 200, await answer.text()
        assert (await answer.json())["outcome"]["code"] == "room_held"
        assert here.rocketchat.rooms[rooms.OPEN_SERVED].on_hold

        await here.slack.command(slack.ANNA, slack.SUPPORT, "/hold", rooms.OPEN_SERVED)
        await here.finished(2)
        last = here.slack.messages(slack.SUPPORT, slack.ANNA)[-1]
        assert "on hold already" in here.slack.visible_text(last)
