"""The runbook knows every log event of the code and every alert, and invents none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
RUNBOOK = (ROOT / "deploy" / "RUNBOOK.md").read_text("utf-8")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
EVENT = re.compile(r"[a-z]+\.[a-z_]+")


def logged() -> Iterator[str]:
    """Every static event name that the code logs; the emulators' own do not count."""
    for path in (ROOT / "bridge").rglob("*.py"):
        if "sandbox" in path.parts:
            continue
        tree = ast.parse(path.read_text("utf-8"))
        chosen = {  # `note = log.info if … else log.warning`
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign) and "log." in ast.unparse(node.value)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            function, first = node.func, node.args[0]
            by_level = isinstance(function, ast.Attribute) and function.attr in LEVELS
            by_name = isinstance(function, ast.Name) and function.id in chosen
            is_text = isinstance(first, ast.Constant) and isinstance(first.value, str)
            if (by_level or by_name) and is_text:
                name = str(first.value) if isinstance(first, ast.Constant) else ""
                if EVENT.fullmatch(name):
                    yield name


def alerts() -> set[str]:
    rules = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text("utf-8"))
    return {
        rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule
    }


def described() -> set[str]:
    table = RUNBOOK.split("## By log event")[1].split("## Upgrade")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([a-z]+\.[a-z_]+)`", row)}


def test_every_log_event_is_described() -> None:
    missing = set(logged()) - described()
    assert not missing, f"add a row to deploy/RUNBOOK.md for: {', '.join(sorted(missing))}"


def test_no_event_is_described_that_nobody_logs() -> None:
    invented = described() - set(logged()) - {"foreign.logged"}
    assert not invented, f"remove from deploy/RUNBOOK.md: {', '.join(sorted(invented))}"


def test_every_row_says_what_it_means_and_what_to_type() -> None:
    table = RUNBOOK.split("## By log event")[1].split("## Upgrade")[0]
    for line in table.splitlines():
        if line.startswith("| `"):
            _, _, meaning, command, _ = line.split("|")
            assert len(meaning.strip()) > 10, line
            assert command.strip(), line


def test_every_alert_is_a_heading_with_a_command() -> None:
    sections = dict(
        re.findall(r"^### (Bridge\w+)\n(.*?)(?=^##)", RUNBOOK, re.MULTILINE | re.DOTALL)
    )
    assert set(sections) == alerts()
    for name, text in sections.items():
        assert "irst:" in text or "first:" in text, name
        assert "`" in text, name


def test_the_commands_of_the_runbook_exist() -> None:
    from bridge.cli import main

    verbs = set(main.commands)
    for verb in re.findall(r"`bridge ([a-z]+)", RUNBOOK):
        assert verb in verbs, verb
