"""What the documents point at exists: controls, tests, recipes' files, and every row of the checklist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from bridge.actions import catalogue
from bridge.delivery import words

ROOT = Path(__file__).resolve().parent.parent.parent
SECURITY = (ROOT / "SECURITY.md").read_text("utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
DOCUMENTS = ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")
CHECKLIST = 28  # 25 of the list, and three of our own


def rows() -> list[list[str]]:
    table = SECURITY.split("## Threats, controls, tests")[1].split("Not done here")[0]
    lines = [line for line in table.splitlines() if re.match(r"\| \d+ \|", line)]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_risk_has_a_control_and_a_test() -> None:
    assert [int(row[0]) for row in rows()] == list(range(1, CHECKLIST + 1))
    for row in rows():
        assert len(row) == 5, row[0]
        assert all(cell.strip() for cell in row), row[0]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[1])
def test_the_control_and_its_test_are_there(row: list[str]) -> None:
    for path in re.findall(r"`([\w./-]+)`", row[3]):
        assert (ROOT / path).exists(), path
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row[4])
    assert named, row[1]
    for path, test in named:
        source = (ROOT / path).read_text("utf-8")
        assert re.search(rf"^(async )?def {test}\(", source, re.MULTILINE), f"{path}::{test}"


def test_the_recipes_name_files_that_exist() -> None:
    assert len(re.findall(r"^## Recipe: ", CONTRIBUTING, re.MULTILINE)) == 5
    for path in re.findall(r"`((?:bridge|tests|deploy|config)/[\w./-]+)`", CONTRIBUTING):
        assert (ROOT / path).exists(), path


@pytest.mark.parametrize(
    "name", [*DOCUMENTS, *(f"deploy/{one.name}" for one in (ROOT / "deploy").glob("*.md"))]
)
def test_links_within_the_repository_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert ((ROOT / name).parent / target).exists(), target


def test_the_changelog_keeps_its_form() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    kinds = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert "## [Unreleased]" in text
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_newest_release_of_the_changelog_is_the_version_of_the_project() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    released = re.findall(r"^## \[(\d[^\]]*)\]", text, re.MULTILINE)
    assert released[:1] in ([], [project["version"]])
    assert f"Version {project['version']} ·" in (ROOT / "README.md").read_text("utf-8")


def test_the_readme_shows_what_a_person_really_sees() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    close = catalogue()["rocketchat.close_room"]
    mark, word = words.KINDS["done"]
    for line in (words.ACCEPTED, f"{mark} {word} · {close.title}", close.says["room_closed"]):
        assert f" {line}\n" in text, line


def test_the_hooks_are_those_of_the_check() -> None:
    made = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for hook in made["repos"][0]["hooks"]:
        tool = hook["entry"].split()[0].removeprefix(".venv/bin/")
        assert tool in {"promtool", "python"} or tool in makefile, tool


def test_no_document_names_a_machine() -> None:
    for path in (*map(ROOT.joinpath, DOCUMENTS), *(ROOT / "deploy").glob("*.*")):
        text = path.read_text("utf-8")
        assert not re.search(r"/work/|/root/|/home/(?!\w*bridge)\w+/", text), path.name


def test_no_module_points_to_a_document_that_is_not_here() -> None:
    for path in sorted((ROOT / "bridge").rglob("*.py")):
        assert not re.search(r"design\.md|reference page", path.read_text("utf-8")), path.name
