"""Values that stand in files of their own: read again at each reload, and told by their variable when they are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bridge.settings import ENVIRONMENT, SettingsError, load, secret_from

SLACK = {"SLACK_SIGNING_SECRET": "s", "SLACK_BOT_TOKEN": "xoxb-1"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no config/bridge.toml there


def refused(environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(environ)
    return str(caught.value).splitlines()


@pytest.mark.parametrize("variable", sorted(ENVIRONMENT))
def test_every_variable_may_come_from_a_file(variable: str) -> None:
    Path("value").write_text("not-a-plausible-value \n")
    try:
        load({f"{variable}_FILE": "value"})
    except SettingsError as error:
        said = str(error)
        assert f"{variable}_FILE" not in said
        assert "not-a-plausible-value" not in said


def test_a_file_of_a_secret_is_stripped() -> None:
    Path("secret").write_text("xoxb-from-file\n")
    settings = load({"SLACK_SIGNING_SECRET": "s", "SLACK_BOT_TOKEN_FILE": "secret"})
    assert settings.slack.bot_token is not None
    assert settings.slack.bot_token.get_secret_value() == "xoxb-from-file"


def test_the_file_of_a_previous_secret_may_be_empty_between_two_rotations() -> None:
    Path("previous").write_text("\n")
    environ = {**SLACK, "SLACK_SIGNING_SECRET_PREVIOUS_FILE": "previous"}
    assert load(environ).slack.signing_secret_previous is None
    Path("previous").write_text("old\n")
    found = load(environ).slack.signing_secret_previous
    assert found is not None
    assert found.get_secret_value() == "old"


def test_a_sources_variable_may_come_from_a_file_too(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("word").write_text("from-a-file\n")
    monkeypatch.setenv("CRM_TOKEN_FILE", "word")
    found = secret_from("CRM_TOKEN")
    assert found is not None
    assert found.get_secret_value() == "from-a-file"
    assert secret_from("CRM_TOKENS") is None


FILES = [
    ({"PORT": "1", "PORT_FILE": "a"}, "both PORT and PORT_FILE are set. Keep one of them."),
    ({"PORT_FILE": "nowhere"}, "PORT_FILE names a file that cannot be read: No such file"),
    ({"PORT_FILE": "empty"}, "PORT_FILE names an empty file. Put the value into it."),
    ({"PORT_FILE": "binary"}, "PORT_FILE names a file that cannot be read: it is no text."),
]


@pytest.mark.parametrize(("environ", "said"), FILES)
def test_files_that_cannot_be_used(environ: dict[str, str], said: str) -> None:
    Path("empty").write_text("\n")
    Path("binary").write_bytes(b"\xff\xfe\x00")
    (line,) = refused(environ)
    assert line.startswith("server.port: ")
    assert said in line


def test_a_path_that_the_system_refuses_is_a_sentence() -> None:
    (line,) = refused({"BRIDGE_CONFIG": "x" * 300})
    assert "Correct" in line
