"""What the documentation makes from the code holds everything there is, and what it names is there."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from bridge.actions import catalogue
from bridge.cli import main
from bridge.ingress.http.problems import PROBLEMS
from bridge.jobs.policy import SCHEDULE_S
from bridge.settings.environment import VARIABLE_OF
from bridge.signatures import Check
from docs.writing import events, reference
from docs.writing.hook import loaded_from_elsewhere
from docs.writing.markdown import table
from docs.writing.repository import INCLUDED, Linked, names, source_page
from tests.docs.pages import PAGES, ROOT, text_of

MADE = reference.pages()
WRITTEN = sorted(path.relative_to(PAGES).as_posix() for path in PAGES.rglob("*.md"))


@pytest.mark.parametrize("name", WRITTEN)
def test_every_file_and_test_that_a_page_names_is_there(name: str) -> None:
    linked = Linked()
    linked.mended(name, text_of(name))
    assert linked.faults == []


@pytest.mark.parametrize("path", INCLUDED)
def test_so_do_the_documents_that_are_included(path: str) -> None:
    linked = Linked()
    linked.mended(INCLUDED[path], (ROOT / path).read_text("utf-8"))
    assert linked.faults == []


def test_a_name_that_is_gone_is_a_fault() -> None:
    linked = Linked()
    text = "`bridge/gone.py` `bridge/access.py::gone` [x](../../../gone.txt)"
    assert linked.mended("design/index.md", text) == text
    assert len(linked.faults) == 3


def test_a_path_leads_to_its_source_and_a_name_to_its_line() -> None:
    linked = Linked()
    mended = linked.mended("design/walk.md", "`bridge/jobs/store.py::Store.accept`, ```x```")
    assert "(../source/bridge/jobs/store.py.md#Store.accept)" in mended
    assert linked.sources == {"bridge/jobs/store.py"}
    line = names("bridge/jobs/store.py")["Store.accept"]
    place = f'<span id="Store.accept"></span><span class="line" data-line="{line}">'
    assert place in source_page("bridge/jobs/store.py")


def test_code_is_left_as_it_is() -> None:
    text = "```sh\ncat `bridge/gone.py` [x](gone.md)\n```\n"
    assert Linked().mended("index.md", text) == text


def test_every_action_has_a_page_with_all_its_rows() -> None:
    for name, action in catalogue().items():
        page = MADE[f"reference/actions/{name}.md"]
        for code in (*action.errors, *action.says, *action.example_facts):
            assert f"`{code}`" in page, (name, code)
        assert f"({name}.md)" in MADE["reference/actions/index.md"]
        assert f"reference/actions/{name}.md" in str(reference.actions_nav())


def test_every_setting_stands_with_its_variable() -> None:
    page = MADE["reference/settings.md"]
    missing = [
        path
        for path, variable in VARIABLE_OF.items()
        if f"`{path}`" not in page or f"`{variable}`" not in page
    ]
    assert missing == []


def test_every_event_verb_problem_and_check_stands_there() -> None:
    for one in events.logged():
        assert f"`{one.name}`" in MADE["reference/events.md"]
    for verb in main.commands:
        assert f"## bridge {verb}" in MADE["reference/cli.md"]
    for slug in PROBLEMS:
        assert f"`{slug}`" in MADE["reference/http.md"]
    for check in get_args(get_args(Check)[0]):
        assert f"### {check.model_fields['kind'].default}" in MADE["reference/sources.md"]


def test_the_schedule_is_the_policys() -> None:
    rows = [line for line in MADE["reference/retries.md"].splitlines() if line.startswith("| ")]
    assert len(rows) == len(SCHEDULE_S) + 2


def test_no_cell_breaks_its_table() -> None:
    made = table(("a", "b"), [("one|two", "<script>\nthree `<four>`")])
    assert made.splitlines()[2] == "| one\\|two | &lt;script> three `<four>` |"


def test_what_a_page_would_fetch_from_elsewhere_is_found() -> None:
    here = '<img src="a.png"><a href="https://x.example">x</a><script src="assets/a.js"></script>'
    assert loaded_from_elsewhere(here) == []
    there = '<script async src="https://x.example/a.js"></script><link href="//y.example/z.css">'
    assert loaded_from_elsewhere(there) == ["https://x.example/a.js", "//y.example/z.css"]


def test_every_picture_is_shown_and_small() -> None:
    shown = set(re.findall(r"pictures/([\w-]+\.webp)", "".join(map(text_of, WRITTEN))))
    kept = {path.name: path.stat().st_size for path in (PAGES / "pictures").iterdir()}
    assert set(kept) == shown
    assert max(kept.values()) < 200_000


def test_a_bar_in_code_is_shown_without_its_escape() -> None:
    row = "| `a\\|b` | c\\|d |"
    assert Linked().mended("index.md", f"{row}\n") == "| `a|b` | c\\|d |\n"


def test_the_house_on_the_page_has_every_room() -> None:
    house = text_of("design/index.md").split("## The house")[1].split("## Decisions")[0]
    rooms = {path.stem for path in (ROOT / "bridge").iterdir() if not path.name.startswith("__")}
    assert {room for room in rooms if not re.search(rf"\b{room}\b", house)} == set()
