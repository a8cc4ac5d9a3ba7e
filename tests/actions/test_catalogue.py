"""Every action is declared fully, a new file is all a new call needs, and halves are refused in words."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bridge.actions import CatalogueError, catalogue
from bridge.contract import Action

NINTH = '''
"""A ninth call."""
from typing import Annotated, ClassVar
from pydantic import BaseModel, Field
from bridge.actions.fields import RoomId
from bridge.contract import Action, Command, Done, Fact, Positional, Problem, Repeat, Request

class Inner(BaseModel):
    inside: str

class HoldRoom(Action):
    """Put a conversation on hold."""

    title: ClassVar = "Put on hold"
    docs: ClassVar = "https://developer.rocket.chat/apidocs/hold"
    command: ClassVar = Command("hold")
    repeat: ClassVar = Repeat.CHECK_FIRST
    lane: ClassVar = "rid"
    write_route: ClassVar = "POST /api/v1/livechat/room.onHold"
    a_200_means: ClassVar = "It is on hold."
    verifies: ClassVar = "Nothing more."
    says: ClassVar = {"held": "It is on hold."}
    errors: ClassVar = {
        "error-x": Problem("{rid} no", follow_up="rocketchat.close_room: Close it"),
    }

    rid: Annotated[RoomId, Positional()] = Field(description="The room.", examples=["abc"])

    def flow(self, context):
        yield Request("POST", "/api/v1/livechat/room.onHold", write=True)
        return Done("held", "Held.")
'''

EXPECTED = [
    "rocketchat.cancel_email_transcript",
    "rocketchat.close_room",
    "rocketchat.email_transcript",
    "rocketchat.export_messages",
    "rocketchat.export_room",
    "rocketchat.forward_room",
    "rocketchat.request_pdf_transcript",
    "superoffice.transfer_session",
]

Make = Callable[[str], ModuleType]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A package with one file, `rocketchat/hold_room.py`, of this text."""
    made: list[str] = []
    sys.path.insert(0, str(tmp_path))

    def package(text: str) -> ModuleType:
        name = f"ninth_{len(made)}"
        folder = tmp_path / name / "rocketchat"
        folder.mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text("")
        (folder / "hold_room.py").write_text(text)
        made.append(name)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield package
    sys.path.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("ninth_")]:
        del sys.modules[name]


def test_the_documented_actions_are_found_by_their_path() -> None:
    assert set(EXPECTED) <= set(catalogue())
    assert list(catalogue()) == sorted(catalogue())
    for action_id, action in catalogue().items():
        assert action.id == action_id
        assert action.upstream == action_id.partition(".")[0]


@pytest.mark.parametrize("action", catalogue().values(), ids=lambda action: action.id)
def test_an_action_is_declared_fully(action: type[Action]) -> None:
    assert action.docs.startswith("https://")
    assert action.example_facts
    assert all(told.meaning.endswith(".") for told in action.example_facts.values())
    assert all(text.endswith(".") for text in (action.a_200_means, action.verifies))
    assert "flow" in vars(action)
    assert (action.__doc__ or "").endswith(".")
    for problem in action.errors.values():
        assert problem.message.endswith((".", "}", "…"))
        assert not problem.next_step or problem.next_step.endswith(".")
    for field in action.model_fields.values():
        assert (field.description or "").endswith(".")


def test_a_ninth_action_is_one_file(make: Make) -> None:
    before = list(catalogue())
    found = catalogue(make(NINTH))
    assert list(found) == ["rocketchat.hold_room"]
    assert found["rocketchat.hold_room"].upstream == "rocketchat"
    assert list(catalogue()) == before


def test_a_module_without_an_action_is_fine(make: Make) -> None:
    assert not catalogue(make("ROWS = {}\n"))


LABEL = "rocketchat.close_room: Close it"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('title: ClassVar = "Put on hold"', "", "does not declare title."),
        ('verifies: ClassVar = "Nothing more."', "", "does not declare verifies."),
        (
            '"Put on hold"',
            '"A title of 25 characters."',
            "title must have 1 to 24 characters, it has 25.",
        ),
        ('"Put on hold"', '""', "title must have 1 to 24 characters, it has 0."),
        (
            "https://developer",
            "http://developer",
            "docs must be an https link to the page that documents the call.",
        ),
        (
            'lane: ClassVar = "rid"',
            'lane: ClassVar = "room"',
            "lane names 'room', which is no field of it.",
        ),
        ('description="The room.", ', "", "field rid has no description."),
        (', examples=["abc"]', "", "field rid has no example."),
        (
            LABEL,
            "rocketchat.no_such: Close it",
            "error 'error-x' follows up with rocketchat.no_such, which is no action.",
        ),
        (
            LABEL,
            "close",
            "error 'error-x': follow_up must read like \"upstream.verb_noun: Label\".",
        ),
        (
            LABEL,
            "rocketchat.close_room: " + "x" * 76,
            "error 'error-x': a label has at most 75 characters.",
        ),
        ('"error-x"', '" "', "an error without a code."),
        ("{rid} no", " ", "error 'error-x' has no sentence."),
        (
            "{rid} no",
            "{room} no",
            "error 'error-x' speaks of {room}, which is neither a field nor a fact of it.",
        ),
        (
            '"POST /api/v1/livechat/room.onHold"\n',
            '"/api/v1/room"\n',
            'write_route must read like "POST /documented/{pattern}".',
        ),
        (
            'Command("hold")',
            'Command("On Hold")',
            "command word 'On Hold' must be a lower-case word.",
        ),
        (
            'Command("hold")',
            'Command("hold", "A B")',
            "command sub word 'A B' must be a lower-case word.",
        ),
        (
            'Command("hold")',
            'Command("hold", default=False)',
            "command has no sub word and is no default, so nothing leads to it.",
        ),
        ("Repeat.CHECK_FIRST", '"sometimes"', "repeat must be a repeat class (Repeat.…)."),
        ("def flow", "def flow_later", "has no flow()."),
        (
            '"It is on hold."\n',
            '" "\n',
            "must say what a 200 means and what is verified (a_200_means, verifies).",
        ),
        (
            '{"held": "It is on hold."}',
            "{}",
            "must declare what it says (says: outcome code -> sentence).",
        ),
        (
            '{"held": ',
            '{"It held": ',
            "says 'It held': a code like room_closed and its sentence.",
        ),
        (
            '"held": "It is on hold."',
            '"held": " "',
            "says 'held': a code like room_closed and its sentence.",
        ),
        (
            "says: C",
            "example_facts: ClassVar = {'x': 'y'}\n    says: C",
            "fact x must be a Fact with a type and a meaning.",
        ),
        (
            "says: C",
            "example_facts: ClassVar = {'x': Fact('string', ' ')}\n    says: C",
            "fact x must be a Fact with a type and a meaning.",
        ),
        (
            '    """Put a conversation on hold."""\n',
            "",
            "has no docstring; help and OpenAPI show its first line.",
        ),
        (
            "    def flow",
            '    more: list[Inner] = Field(description="More.", examples=[[]])\n\n    def flow',
            (
                "field more.inside has no description.\nrocketchat.hold_room:"
                " field more.inside has no example."
            ),
        ),
    ],
)
def test_what_is_declared_by_halves_is_refused(make: Make, old: str, new: str, fault: str) -> None:
    assert old in NINTH
    with pytest.raises(CatalogueError) as error:
        catalogue(make(NINTH.replace(old, new)))
    assert str(error.value) == f"rocketchat.hold_room: {fault}"


def test_all_that_is_missing_is_named_at_once(make: Make) -> None:
    halves = NINTH.replace('docs: ClassVar = "https://developer.rocket.chat/apidocs/hold"', "")
    with pytest.raises(
        CatalogueError, match=r"^rocketchat\.hold_room: does not declare title, docs\.$"
    ):
        catalogue(make(halves.replace('title: ClassVar = "Put on hold"', "")))


def test_the_faults_of_all_actions_are_told_at_once(make: Make) -> None:
    halves = NINTH.replace("def flow", "def flow_later")
    package = make(halves)
    folder = Path(str(package.__file__)).parent / "rocketchat"
    (folder / "resume_room.py").write_text(halves.replace("HoldRoom", "ResumeRoom"))
    (folder / "_hidden.py").write_text("raise AssertionError('never imported')")
    (folder / "half-done.py").write_text("raise AssertionError('never imported')")
    importlib.invalidate_caches()
    with pytest.raises(CatalogueError) as error:
        catalogue(package)
    assert str(error.value).splitlines() == [
        "rocketchat.hold_room: has no flow().",
        "rocketchat.resume_room: has no flow().",
    ]


def test_the_limits_themselves_are_kept_to(make: Make) -> None:
    longest = NINTH.replace('"Put on hold"', '"A title of 24 characters"')
    found = catalogue(
        make(
            longest.replace(LABEL, "rocketchat.close_room: " + "x" * 75)
            .replace('Command("hold")', 'Command("hold", "it", default=False)')
            .replace("says: C", "example_facts: ClassVar = {'x': Fact('string', 'y')}\n    says: C")
            .replace("{rid} no", "{rid} {x} {code} {text}")
        )
    )
    assert list(found) == ["rocketchat.hold_room"]


def test_two_actions_in_one_file_are_refused(make: Make) -> None:
    second = NINTH[NINTH.index("class HoldRoom") :].replace("HoldRoom", "HoldRoomToo")
    with pytest.raises(CatalogueError, match="one file declares one action"):
        catalogue(make(NINTH + second))


def test_two_actions_on_one_command_are_refused(make: Make) -> None:
    package = make(NINTH)
    other = Path(str(package.__file__)).parent / "rocketchat" / "resume_room.py"
    other.write_text(NINTH.replace("HoldRoom", "ResumeRoom"))
    importlib.invalidate_caches()
    with pytest.raises(CatalogueError, match=r": /hold leads to rocketchat\.hold_room already\.$"):
        catalogue(package)
