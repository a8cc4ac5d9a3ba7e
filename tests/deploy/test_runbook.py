"""The runbook knows every log event of the code and every alert, and invents none."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from docs.writing import events

ROOT = Path(__file__).resolve().parent.parent.parent
RUNBOOK = (ROOT / "deploy" / "RUNBOOK.md").read_text("utf-8")


def alerts() -> set[str]:
    rules = yaml.safe_load((ROOT / "deploy" / "alerts.yaml").read_text("utf-8"))
    return {
        rule["alert"] for group in rules["groups"] for rule in group["rules"] if "alert" in rule
    }


def logged() -> set[str]:
    return {one.name for one in events.logged()}


def test_every_log_event_is_described() -> None:
    missing = logged() - set(events.described())
    assert not missing, f"add a row to deploy/RUNBOOK.md for: {', '.join(sorted(missing))}"


def test_no_event_is_described_that_nobody_logs() -> None:
    invented = set(events.described()) - logged() - {"foreign.logged"}
    assert not invented, f"remove from deploy/RUNBOOK.md: {', '.join(sorted(invented))}"


def test_the_keys_that_a_row_names_stand_in_a_line_of_it() -> None:
    of_every_line = {"at", "exception", "logger"}
    keys: dict[str, set[str]] = {}
    for one in events.logged():
        keys.setdefault(one.name, set()).update(one.keys)
    for row in events.rows().splitlines():
        if row.startswith("| `"):
            _, names, *words, _ = row.split("|")
            known = {
                key for name in re.findall(r"[a-z]+\.[a-z_]+", names) for key in keys.get(name, ())
            }
            named = set(re.findall(r"`([a-z_]+)`", "|".join(words)))
            assert named <= known | of_every_line, f"{names}: {named - known}"


def test_every_row_says_what_it_means_and_what_to_type() -> None:
    for line in events.rows().splitlines():
        if line.startswith("| `"):
            _, _, meaning, command, _ = line.split("|")
            assert len(meaning.strip()) > 10, line
            assert command.strip(), line


def test_every_alert_is_a_heading_with_symptom_meaning_and_first_command() -> None:
    sections = dict(
        re.findall(r"^### (Bridge\w+)\n(.*?)(?=^##)", RUNBOOK, re.MULTILINE | re.DOTALL)
    )
    assert set(sections) == alerts()
    for name, text in sections.items():
        parts = re.split(r"^- (\w+): ", text, flags=re.MULTILINE)
        assert parts[1::2] == ["Symptom", "Meaning", "First"], name
        assert all(len(part) > 15 for part in parts[2::2]), name
        assert parts[6].lstrip().startswith("`"), f"{name}: a command to type comes first"


def test_the_commands_of_the_runbook_exist() -> None:
    from bridge.cli import main

    verbs = set(main.commands)
    for verb in re.findall(r"`bridge ([a-z]+)", RUNBOOK):
        assert verb in verbs, verb
