"""An operator's shell: how the runbook has `bridge …` typed on each host runs with the host's own settings.

On systemd that is a transient unit, which must have the user, the folder and the settings of deskbridge.service:
with another user systemd would hand the service's own folder over to it.
"""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.deploy.test_files import DEPLOY, systemd

RUNBOOK = (DEPLOY / "RUNBOOK.md").read_text("utf-8")
UNIT = (DEPLOY / "deskbridge.service").read_text("utf-8")
PROGRAM = "/opt/deskbridge/bin/bridge"


def wrapper(host: str) -> list[str]:
    """The words of the function that the runbook shows for a host."""
    found = re.search(
        rf"^# {host}\b[^\n]*\nbridge\(\) {{(.+?\"\$@\")", RUNBOOK, re.MULTILINE | re.DOTALL
    )
    assert found, host
    return shlex.split(found[1].replace("\\\n", " "), comments=True)


def properties() -> list[str]:
    words = wrapper("systemd")
    return [after for option, after in itertools.pairwise(words) if option == "-p"]


def of_unit(name: str) -> list[str]:
    """What the unit sets; of its environment, each variable by itself."""
    values = re.findall(rf"^{name}=(.+)$", UNIT, re.MULTILINE)
    return [one for value in values for one in value.split()] if name == "Environment" else values


def test_a_command_runs_as_the_service_with_its_folder_and_settings() -> None:
    own = [one for one in properties() if not one.startswith("Environment=LOGNAME=")]
    for one in own:
        name, _, value = one.partition("=")
        assert value in of_unit(name), one
    assert {one.partition("=")[0] for one in own} == {
        *("DynamicUser", "User", "UMask", "WorkingDirectory"),
        *("StateDirectory", "StateDirectoryMode", "Environment", "EnvironmentFile"),
    }
    for needed in (r"BRIDGE_CONFIG=\S+", r"DATABASE_URL=\S+"):
        assert re.search(needed, "\n".join(own)), needed
    assert wrapper("systemd")[-2:] == [PROGRAM, "$@"]
    assert {"--pipe", "--wait", "--collect"} <= set(wrapper("systemd"))


def test_systemd_knows_the_properties_of_the_command(tmp_path: Path) -> None:
    made = tmp_path / "typed.service"
    lines = "\n".join(properties())
    made.write_text(f"[Service]\nType=exec\n{lines}\nExecStart=/bin/true\n", "utf-8")
    done = systemd("verify", str(made))
    assert done.returncode == 0, done.stderr
    assert "typed.service:" not in done.stderr, done.stderr


@pytest.mark.parametrize("host", ["Heroku", "compose", "systemd"])
def test_every_host_has_a_way_to_type_a_command(host: str) -> None:
    words = wrapper(host)
    assert any(word.endswith("bridge") for word in words)
    if host == "compose":
        services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
        assert words[words.index("bridge") - 1] in services
        assert "deploy/compose.yaml" in words


def test_the_backup_is_of_the_database_that_the_unit_has() -> None:
    (address,) = [one for one in of_unit("Environment") if one.startswith("DATABASE_URL=")]
    assert f'sqlite3 {address.partition("sqlite:///")[2]} ".backup' in RUNBOOK
    assert "var/bridge.db" not in RUNBOOK.replace("/var/lib/deskbridge/bridge.db", "")


def test_the_unit_is_installed_from_the_lock() -> None:
    head = UNIT.partition("[Unit]")[0]
    (synced,) = re.findall(r"uv sync (.+)", head)
    assert {"--frozen", "--no-dev", "--no-editable"} <= set(synced.split())
    assert "pip install" not in head
    assert f"ExecStart={PROGRAM} serve" in UNIT
