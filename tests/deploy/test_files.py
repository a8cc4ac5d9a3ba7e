"""The files that put the bridge somewhere: linted by the field's own tools, then held to our rules.

hadolint and check-jsonschema come with the development packages, promtool and systemd-analyze from Debian
and Heroku's own schema from npm, which `.ci/run` installs; without one a test is left out, and fails in
`.ci/run`. No image is built: that takes a Docker daemon.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bridge.settings import ENVIRONMENT
from tests.conftest import missing

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent


def lint(tool: str, *arguments: str) -> str:
    """What a tool of the development packages says; a failure is its own words."""
    done = subprocess.run(
        [str(BIN / tool), *arguments], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# What https://devcenter.heroku.com/articles/app-json-schema documents of what is used here.
APP_JSON: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 3, "maxLength": 30},
        "description": {"type": "string"},
        "keywords": {"type": "array", "items": {"type": "string"}},
        "stack": {"enum": ["heroku-22", "heroku-24"]},
        "success_url": {"type": "string"},
        "buildpacks": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["url"],
                "properties": {"url": {"type": "string"}},
            },
        },
        "addons": {"type": "array", "items": {"type": ["string", "object"]}},
        "formation": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["quantity"],
                "additionalProperties": False,
                "properties": {
                    "quantity": {"type": "integer", "minimum": 0},
                    "size": {"type": "string"},
                },
            },
        },
        "env": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["description"],
                "properties": {
                    "description": {"type": "string"},
                    "value": {"type": "string"},
                    "required": {"type": "boolean"},
                    "generator": {"const": "secret"},
                },
            },
        },
        "scripts": {"type": "object", "propertyNames": {"enum": ["postdeploy", "pr-predestroy"]}},
    },
}


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text("utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_the_procfile_names_verbs_that_exist() -> None:
    from bridge.cli import main

    assert list(procfile()) == ["release", "web", "worker"]
    for command in procfile().values():
        verb = command.removeprefix("python -m bridge ").split()[0]
        assert verb in main.commands


def test_one_process_alone_does_the_work() -> None:
    # On Heroku workers begin with none, and then nobody would work on what web accepts.
    assert "--no-worker" not in procfile()["web"]


def test_the_heroku_button() -> None:
    app = json.loads((ROOT / "app.json").read_text("utf-8"))
    jsonschema.validate(app, APP_JSON)
    assert set(app["formation"]) <= set(procfile())
    assert set(app["env"]) <= set(ENVIRONMENT)
    assert any("postgresql" in one for one in app["addons"]), "its disk is wiped: it needs Postgres"
    assert (ROOT / ".python-version").read_text("utf-8").strip() == "3.11"  # for uv.lock


def test_heroku_finds_the_button_valid() -> None:
    schema = os.environ.get("HEROKU_APP_SCHEMA", "")
    if not schema:
        pytest.skip("HEROKU_APP_SCHEMA is not set; .ci/run takes Heroku's own schema from npm.")
    assert "ok" in lint("check-jsonschema", "--schemafile", schema, "app.json")


# -- Dockerfile ------------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\\\n\s*", " ", text)
    found = [line.partition(" ") for line in text.splitlines() if line.strip()]
    return [(name, rest.strip()) for name, _, rest in found]


def of(name: str) -> list[str]:
    return [rest for found, rest in instructions() if found == name]


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    # `info` and up; a rule that is wrong for us would be ignored by name, in the file
    assert lint("hadolint", "--failure-threshold", "info", "deploy/Dockerfile") == ""


def test_the_image_is_built_in_two_stages_from_the_lock() -> None:
    known = {
        *("ARG", "FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "VOLUME", "EXPOSE"),
        *("STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"),
    }
    assert {name for name, _ in instructions()} <= known
    assert of("FROM") == ["${BASE} AS build", "${BASE}"]
    tested = (ROOT / ".python-version").read_text("utf-8").strip()
    (base,) = of("ARG")
    assert re.fullmatch(rf"BASE=python:{re.escape(tested)}-slim-[a-z]+", base), "what is tested"
    syncs = [run for run in of("RUN") if "uv sync" in run]
    assert syncs
    assert all("--frozen" in run and "--no-dev" in run for run in syncs)
    assert all(re.search(r'"[\w-]+==[\d.]+"', run) for run in of("RUN") if "pip install" in run)


def test_a_base_is_named_by_its_line_of_releases_and_a_release_pins_it_by_digest() -> None:
    # a patch level in the tag would keep old faults and pin nothing: tags are moved, digests are not
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    base = of("ARG")[0].removeprefix("BASE=")
    assert f"imagetools inspect --format '{{{{.Manifest.Digest}}}}' {base}\n" in text
    assert f"--build-arg BASE={base}@sha256:" in text
    assert re.fullmatch(r"postgres:\d+-[a-z]+", compose()["services"]["postgres"]["image"])
    assert "@sha256:" in (DEPLOY / "compose.yaml").read_text("utf-8")


def test_the_image_runs_without_rights_and_says_how_it_is() -> None:
    names = [name for name, _ in instructions()]
    user = of("USER")[-1]
    assert re.fullmatch(r"\d+:\d+", user)
    assert not user.startswith("0:")
    assert names.index("USER") > len(names) - 1 - names[::-1].index("RUN")
    assert "/healthz" in of("HEALTHCHECK")[0]
    for name in ("ENTRYPOINT", "CMD"):
        assert isinstance(json.loads(of(name)[0]), list), "exec form, so that SIGTERM arrives"


def test_the_image_holds_no_secret_and_nothing_superfluous() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    assert not re.search(r"(TOKEN|SECRET|PASSWORD)=", text)
    copied = [part for copy in of("COPY") if "--from" not in copy for part in copy.split()[:-1]]
    allowed = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name.removeprefix('./')}" in allowed, name
    assert "*" in allowed


# -- compose ---------------------------------------------------------------------------------------


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", ["migrate", "web", "worker"])
def test_a_container_of_ours_is_locked_down(name: str) -> None:
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["stop_grace_period"] == "30s"
    assert service["mem_limit"]
    assert service["depends_on"]


def test_nothing_is_open_to_the_world_but_by_a_proxy() -> None:
    services = compose()["services"]
    assert all(port.startswith("127.0.0.1:") for port in services["web"]["ports"])
    assert "ports" not in services["postgres"]
    assert "ports" not in services["worker"]


def test_the_worker_is_asked_how_it_is_where_the_image_asks() -> None:
    worker = compose()["services"]["worker"]
    assert "healthcheck" not in worker, "the image's own"
    said = {name.partition("=")[0]: name.partition("=")[2] for name in of("ENV")[-1].split()}
    assert worker["environment"]["BRIDGE_SERVER_WORKER_PORT"] == said["PORT"]
    assert worker["environment"]["DATABASE_URL"]


def test_the_verbs_of_compose_exist() -> None:
    from bridge.cli import main

    for service in compose()["services"].values():
        for verb in service.get("command", ())[:1]:
            assert verb in main.commands


def test_compose_is_valid_by_the_specification() -> None:
    # Docker's own compose reads it with this schema (https://github.com/compose-spec/compose-spec)
    schema = ("--builtin-schema", "vendor.compose-spec")
    assert "ok" in lint("check-jsonschema", *schema, "deploy/compose.yaml")


def test_settings_of_compose_are_read_from_outside_of_the_image() -> None:
    for name in ("migrate", "web", "worker"):
        (mount,) = compose()["services"][name]["volumes"]
        outside, inside, mode = mount.split(":")
        assert ((DEPLOY / outside).resolve(), mode) == (ROOT / "config", "ro")
        assert inside == f"{of('WORKDIR')[-1]}/config", "where BRIDGE_CONFIG looks by default"
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    assert "kill --signal HUP web worker" in text


def test_the_variables_of_compose_are_explained_where_they_are_missing() -> None:
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    for name, rest in re.findall(r"(?<!\$)\$\{(\w+)([^}]*)\}", text):
        assert rest.startswith(":?"), f"{name} would be empty in silence"


# -- systemd ---------------------------------------------------------------------------------------


def systemd(*arguments: str) -> subprocess.CompletedProcess[str]:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        missing("systemd-analyze is not installed; it is in Debian's package systemd.")
    return subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)


def test_systemd_finds_the_unit_valid(tmp_path: Path) -> None:
    text = (DEPLOY / "deskbridge.service").read_text("utf-8")
    unit = tmp_path / "deskbridge.service"
    unit.write_text(text.replace("/opt/deskbridge/bin/bridge", "/bin/true"), "utf-8")
    done = systemd("verify", str(unit))
    assert done.returncode == 0, done.stderr
    assert "deskbridge.service:" not in done.stderr, done.stderr


def test_systemd_finds_the_unit_hardened() -> None:
    done = systemd(
        "security", "--offline=true", "--threshold=20", str(DEPLOY / "deskbridge.service")
    )
    assert done.returncode == 0, done.stdout[-400:]


def test_the_unit_gives_the_drain_its_time() -> None:
    text = (DEPLOY / "deskbridge.service").read_text("utf-8")
    assert "TimeoutStopSec=30" in text
    assert "ExecReload=/bin/kill -HUP $MAINPID" in text
