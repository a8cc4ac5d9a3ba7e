"""What a page tells somebody to type exists: slash commands, verbs of `bridge` and `make`, modules of tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.actions import catalogue
from bridge.cli import main
from bridge.surfaces.command import Mistake
from docs.writing.repository import INCLUDED
from tests.docs.pages import PAGES, ROOT
from tests.surfaces.shown import parse

ACTIONS = tuple(catalogue().values())
DOCUMENTS = [
    *sorted(PAGES.rglob("*.md")),
    *(ROOT / path for path in (*INCLUDED, "README.md") if path != "CHANGELOG.md"),
]
CODE = re.compile(r"^```\w*\n(.*?)^```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
SLASH = re.compile(r"/(?:close|transcript|export|transfer|bridge)(?: .*)?")


def typed(text: str) -> list[str]:
    """Each line of code that a page shows."""
    found = (block or inline for block, inline in CODE.findall(text))
    return [line.partition("  #")[0].strip() for code in found for line in code.splitlines()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_a_page_shows_to_type_exists(path: Path) -> None:
    text = path.read_text("utf-8")
    verbs = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for line in typed(text):
        if found := re.match(r"make ([a-z]+)", line):
            assert found[1] in verbs, line
        if found := re.match(r"(?:heroku run )?bridge ([a-z]+)", line):
            assert found[1] in main.commands, line
        if found := re.match(r"(?:\.venv/bin/)?python -m (tests[\w.]*)", line):
            place = ROOT / found[1].replace(".", "/")
            assert place.with_suffix(".py").exists() or (place / "__main__.py").exists(), line
        if SLASH.fullmatch(line) and not re.search(r"[<\[…#|]", line):
            assert not isinstance(parse(line, ACTIONS), Mistake), line
