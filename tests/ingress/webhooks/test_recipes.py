"""The recipes say what is true: their actions and fields exist, their shell commands run."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from bridge.actions import catalogue
from bridge.ingress.webhooks import read_sources
from bridge.sandbox.rocketchat import seed as rooms
from tests.conftest import missing
from tests.ingress.webhooks.senders import declared
from tests.world import API_TOKEN, WEBHOOK_SECRET, world

RECIPES = Path(__file__).parents[3] / "deploy/recipes"
NAMES = ("curl.md", "make.md", "n8n.json", "node-red.json", "webhooks.md", "zapier.md")


@pytest.mark.parametrize("name", NAMES)
def test_every_action_that_is_named_exists(name: str) -> None:
    text = (RECIPES / name).read_text("utf-8")
    named = set(re.findall(r"\b(?:rocketchat|superoffice)\.[a-z]+_[a-z_]+", text))

    assert named
    assert named <= set(catalogue())


def test_the_n8n_recipe_hangs_together() -> None:
    recipe: dict[str, Any] = json.loads((RECIPES / "n8n.json").read_text("utf-8"))
    nodes = {node["name"]: node for node in recipe["nodes"]}
    reached = {
        link["node"]
        for one in recipe["connections"].values()
        for branch in one["main"]
        for link in branch
    }

    assert len(nodes) == len(recipe["nodes"])
    assert len({node["id"] for node in nodes.values()}) == len(nodes)
    assert set(recipe["connections"]) | reached <= set(nodes)
    idle = {"stickyNote", "webhook"}
    assert reached == {n for n, one in nodes.items() if one["type"].split(".")[1] not in idle}
    asking = [one for one in nodes.values() if one["type"].endswith(".httpRequest")]
    assert all(one["parameters"]["authentication"] for one in asking)
    for named in re.findall(r"\$\('([^']+)'\)", json.dumps(recipe)):
        assert named in nodes
    assert "Bearer <your key>" in json.dumps(recipe)  # and no key of anybody


async def test_the_shell_commands_run(tmp_path: Path) -> None:
    tools = ("bash", "curl", "openssl", "od", "sed")
    absent = [tool for tool in tools if shutil.which(tool) is None]
    if absent:
        missing(f"{', '.join(absent)} not installed, so the commands cannot be run.")
    text = (RECIPES / "curl.md").read_text("utf-8")
    script = "\n".join(("set -euo pipefail", *re.findall(r"```bash\n(.*?)```", text, re.DOTALL)))
    async with world(tmp_path) as here:
        running = await asyncio.create_subprocess_exec(
            *("bash", "-c", script),
            cwd=tmp_path,
            env={
                "PATH": "/usr/local/bin:/usr/bin:/bin",
                "BRIDGE_URL": here.url,
                "BRIDGE_API_TOKEN": API_TOKEN,
                "BRIDGE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(running.communicate(), 60)
        said = out.decode()
        assert running.returncode == 0, said
        assert '"state":"done"' in said
        assert "event: job" in said
        assert (tmp_path / "transcript.pdf").read_bytes().startswith(b"%PDF-")
        assert "superoffice.transfer_session" in said
        assert len(here.rocketchat.effects_of("close_room", rooms.OPEN_SERVED)) == 1


def test_every_declared_source_can_be_read() -> None:
    text = (RECIPES / "webhooks.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    sources = tomllib.loads("\n".join(blocks))["webhooks"]["sources"]
    # the page speaks of connections by their usual names
    usual = declared({}).connections
    connections = {"rocketchat": usual["desk"], "superoffice": usual["office"]}

    found = read_sources(declared(sources, connections=connections), catalogue())

    assert set(sources) == set(found.by_name) - {"actions"}
    assert set(found.shut) == set(sources)  # the variables are not set here
