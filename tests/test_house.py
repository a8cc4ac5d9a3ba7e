import ast
import itertools
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[1]
IMPORTS = re.compile(r"\n\nMay import: ([^.]+)\.\Z")


def _floors() -> list[set[str]]:
    """The house from top to bottom, as import-linter holds it."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    layers = tools["importlinter"]["contracts"][0]["layers"]
    return [set(re.findall(r"\w+", layer)) for layer in layers]


FLOORS = _floors()
BELOW = {
    room: set(itertools.chain.from_iterable(FLOORS[level + 1 :]))
    for level, rooms in enumerate(FLOORS)
    for room in rooms
}
ROOMS = sorted(set(BELOW) - {"__main__"})


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    graph = grimp.build_graph("bridge", cache_dir=None)
    for room in ROOMS:
        graph.squash_module(f"bridge.{room}")
    return {
        room: {
            name.removeprefix("bridge.")
            for name in graph.find_modules_directly_imported_by(f"bridge.{room}")
        }
        - {room}
        for room in ROOMS
    }


def _docstring(room: str) -> str:
    package = ROOT / "bridge" / room / "__init__.py"
    path = package if package.exists() else ROOT / "bridge" / f"{room}.py"
    return ast.get_docstring(ast.parse(path.read_text())) or ""


@pytest.mark.parametrize("room", ROOMS)
def test_a_rooms_docstring_says_what_it_may_import(
    room: str, imported: dict[str, set[str]]
) -> None:
    found = IMPORTS.search(_docstring(room))
    assert found, "the docstring's last paragraph is: May import: <rooms>."
    said = " ".join(found[1].split())
    if said == "every room below it":
        assert imported[room] <= BELOW[room]
        return
    named = [] if said == "no other room" else said.split(", ")
    assert named == sorted(imported[room]), "a room names the rooms that it imports, and no others"
    assert set(named) <= BELOW[room]


def test_the_page_of_the_house_prints_the_rooms_as_they_are_held() -> None:
    page = (ROOT / "docs/pages/design/index.md").read_text()
    printed = re.search(r"^bridge/\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert printed
    rooms: list[str] = []
    for line in printed[1].splitlines():
        if not line.startswith("  ─"):
            rooms += re.findall(r"(\w+)(?:/|\.py)", re.split(r"\s{2,}", line.strip())[0])
    level = {room: number for number, floor in enumerate(FLOORS) for room in floor}
    assert sorted(rooms) == ROOMS
    assert rooms == sorted(rooms, key=level.__getitem__), "from top to bottom"


def _modules() -> Iterator[Path]:
    for path in sorted((ROOT / "bridge").rglob("*.py")):
        if "versions" not in path.parts:
            yield path


def test_every_file_says_in_one_line_what_it_is_for_and_ends_before_it_is_too_long() -> None:
    for path in _modules():
        text = path.read_text()
        summary = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
        assert summary.endswith((".", ":", "?")), f"{path}: {summary!r}"
        assert text.count("\n") <= 300, f"{path} has more than 300 lines: it does two things"


def test_the_environment_is_read_in_few_places() -> None:
    readers = {
        path.relative_to(ROOT / "bridge").as_posix()
        for path in _modules()
        if "os.environ" in path.read_text()
    }
    assert readers == {
        "settings/loading.py",
        "tracing/exporting.py",  # OTEL_*
        "jobs/database.py",  # PGSSLMODE, DYNO
        "checks/offline.py",  # names only: misspelt ones, and DYNO
        "cli/serving.py",  # the demo sets its own
    }
