"""The published documents of the settings are in step with the models, and say the truth."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from bridge.settings import ENVIRONMENT, load, render_config, render_schema, schema

ROOT = Path(__file__).resolve().parent.parent
FILES = {"config/bridge.toml": render_config, "deploy/bridge.schema.json": render_schema}
VALIDATOR = jsonschema.Draft202012Validator


@pytest.mark.parametrize("name", FILES)
def test_a_published_file_is_in_step(name: str) -> None:
    assert (ROOT / name).read_text("utf-8") == FILES[name](), "Run: make fix"


def test_the_file_as_it_is_sets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text(render_config(), "utf-8")
    assert load({"BRIDGE_CONFIG": str(path)}) == load({"BRIDGE_CONFIG": ""})


def uncommented() -> str:
    """Every line that could count, counting."""
    setting = re.compile(r"^# (\[\[?[\w.]+\]\]?|[a-z_0-9]+ = .*)$", re.MULTILINE)
    return setting.sub(r"\1", render_config())


def test_every_line_may_be_uncommented(tmp_path: Path) -> None:
    text = uncommented()
    for given, filled in {
        'url = ""': 'url = "https://chat.example"',
        'user_id = ""': 'user_id = "u"',
        '_token = ""': '_token = "t"',
        'signing_secret = ""': 'signing_secret = "s"',
        'ticket = ""': 'ticket = "7T:x"',
    }.items():
        text = text.replace(f"\n{given}", f"\n{filled}").replace(f"\nbot{given}", f"\nbot{filled}")
        text = text.replace(f"\nauth{given}", f"\nauth{filled}")
    path = tmp_path / "bridge.toml"
    path.write_text(text, "utf-8")
    environ = {"BRIDGE_CONFIG": str(path), "EAST_AUTH_TOKEN": "t"}
    settings = load(environ)
    assert set(settings.connections) == {"rocketchat", "superoffice", "east"}
    assert VALIDATOR(schema()).is_valid(tomllib.loads(text))


def test_every_setting_with_a_variable_shows_it() -> None:
    text = render_config().replace("\n# ", " ")
    for variable in ENVIRONMENT:
        assert f"Variable: {variable}." in text, variable


def test_every_setting_is_described() -> None:
    def look(node: object, path: str) -> None:
        if isinstance(node, dict):
            for name, inner in node.get("properties", {}).items():
                described = "description" in inner or "$ref" in inner or name == "kind"
                assert described, f"{path}.{name}"
            for name, inner in node.items():
                look(inner, f"{path}.{name}")

    look(schema(), "")


def test_the_schema_is_one_and_refuses_what_load_refuses() -> None:
    made = json.loads(render_schema())
    VALIDATOR.check_schema(made)
    check = VALIDATOR(made)
    assert check.is_valid({})
    assert not check.is_valid({"server": {"prot": 1}})
    assert not check.is_valid({"jobs": {"lease_s": "x"}})
    assert not check.is_valid({"connections": {"east": {"kind": "jira"}}})


def test_no_secret_has_a_default() -> None:
    text = render_schema()
    assert "writeOnly" in text
    assert '"default": "**' not in text
