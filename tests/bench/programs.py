"""Node-RED and n8n from npm, each a process on the server's core, answering the same wishes as we do.

Node-RED: `http in`, a function that makes an id, `http response`. n8n: a webhook that answers at once, its
database a SQLite file, nothing calling home, and the quicker one of its choices wherever we found one
(`N8N_EXPRESSION_ENGINE=legacy`, a pool of SQLite connections). Both take what comes unverified: no
signature, no key. They are brought into a cache the first time, which takes minutes for n8n.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from tests.bench.load import SERVER_CORE, pin
from tests.ingress.webhooks.node_red import free_port
from tests.ingress.webhooks.node_red import install as install_node_red
from tests.npm import NotHere, install

STARTS_WITHIN_S: Final = 90
RESTS_WITHIN_S: Final = 60
NODE: Final = "node@24"
N8N: Final = "n8n@1.123.81"
SETTINGS: Final = """module.exports = {
  uiHost: "127.0.0.1", uiPort: PORT, flowFile: "flows.json", credentialSecret: false,
  diagnostics: { enabled: false }, telemetry: { enabled: false },
  httpAdminRoot: false, logging: { console: { level: "error", metrics: false, audit: false } },
};
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A program from npm, prepared in a folder of its own."""

    name: str
    command: list[str]
    port: int
    path: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    @contextmanager
    def running(self) -> Iterator[int]:
        """Its port, when it answers wishes."""
        with _on_the_servers_core():
            process = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        try:
            deadline = time.monotonic() + STARTS_WITHIN_S
            while not answers(self.url):
                if process.poll() is not None:
                    raise RuntimeError(f"{self.name} ended with {process.returncode}")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.name} did not start within {STARTS_WITHIN_S} s")
                time.sleep(0.05)
            yield self.port
        finally:
            end(process)


def node_red(folder: Path) -> Program:
    """Node-RED with one flow. Raises `NotHere`."""
    program = install_node_red()
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.js").write_text(SETTINGS.replace("PORT", str(port)), "utf-8")
    (folder / "flows.json").write_text(json.dumps(FLOW), "utf-8")
    words = ["--userDir", str(folder), "--settings", str(folder / "settings.js")]
    return Program("Node-RED", ["node", str(program), *words], port, "/bench")


def n8n(folder: Path) -> Program:
    """n8n with one active workflow. Raises `NotHere`."""
    node = install("node", NODE, "node/bin/node", within_s=240)
    program = install(
        "n8n",
        N8N,
        "n8n/bin/n8n",
        within_s=1800,
        # its spreadsheet library comes from a host of its own that many networks do not reach;
        # nothing here reads spreadsheets, so the one on npm does
        overrides={"xlsx": "0.18.5"},
        # npm runs what it installs with the first node it finds
        environment={"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"},
    )
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "workflow.json").write_text(json.dumps(WORKFLOW), "utf-8")
    environment = N8N_ENVIRONMENT | {
        "N8N_USER_FOLDER": str(folder),
        "N8N_PORT": str(port),
        "N8N_RUNNERS_BROKER_PORT": str(free_port()),
    }
    command = [str(node), str(program)]
    try:
        for words in (
            ["import:workflow", f"--input={folder / 'workflow.json'}"],
            ["update:workflow", f"--id={WORKFLOW[0]['id']}", "--active=true"],
        ):
            subprocess.run(
                [*command, *words],
                env={**os.environ, **environment},
                check=True,
                capture_output=True,
                timeout=STARTS_WITHIN_S,
            )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotHere(f"n8n did not take the workflow ({type(error).__name__}).") from None
    return Program("n8n", [*command, "start"], port, "/webhook/bench", environment)


PROGRAMS: Final[dict[str, Callable[[Path], Program]]] = {"Node-RED": node_red, "n8n": n8n}


def prepared(folder: Path) -> tuple[list[Program], dict[str, str]]:
    """Those that can be had here, and why the others cannot."""
    found, left_out = [], {}
    for name, prepare in PROGRAMS.items():
        try:
            found.append(prepare(folder / name))
        except NotHere as error:
            left_out[name] = f"left out: {error}"
    return found, left_out


def answers(url: str) -> bool:
    """Whether a POST is taken."""
    request = urllib.request.Request(
        url, b'{"rid": "first"}', {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bool(200 <= answer.status < 300)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def rest(port: int) -> None:
    """Wait until the process that listens there has nothing left to do."""
    process = _listener(port)
    deadline = time.monotonic() + RESTS_WITHIN_S
    while time.monotonic() < deadline:
        before = sum(process.cpu_times()[:2])
        time.sleep(0.2)
        if sum(process.cpu_times()[:2]) - before <= 0.02:
            return
    raise TimeoutError(f"the process on port {port} does not come to rest")


def _listener(port: int) -> psutil.Process:
    for one in psutil.net_connections("tcp"):
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port and one.pid:
            return psutil.Process(one.pid)
    raise ProcessLookupError(f"nobody listens on {port}")


def end(process: subprocess.Popen[bytes]) -> None:
    """Politely first."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _on_the_servers_core() -> Iterator[None]:
    """A child started meanwhile inherits it, threads and all."""
    if not hasattr(os, "sched_getaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    pin(SERVER_CORE)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


FLOW: Final = [
    {"id": "tab1", "type": "tab", "label": "Bench", "disabled": False},
    {
        "id": "in1",
        "type": "http in",
        "z": "tab1",
        "url": "/bench",
        "method": "post",
        "upload": False,
        "wires": [["make1"]],
    },
    {
        "id": "make1",
        "type": "function",
        "z": "tab1",
        "func": "msg.payload = {id: msg._msgid, fields: Object.keys(msg.payload).length};\n"
        "msg.statusCode = 202;\nreturn msg;",
        "outputs": 1,
        "wires": [["out1"]],
    },
    {"id": "out1", "type": "http response", "z": "tab1", "statusCode": "", "wires": []},
]
WORKFLOW: Final = [
    {
        "id": "benchWorkflow001",
        "name": "Bench",
        "active": False,
        "nodes": [
            {
                "parameters": {
                    "httpMethod": "POST",
                    "path": "bench",
                    "responseMode": "onReceived",
                    "options": {},
                },
                "id": "5f0c2a7e-4d64-4a4e-9a53-0d3f0d8f1c11",
                "name": "Wish",
                "type": "n8n-nodes-base.webhook",
                "typeVersion": 2,
                "position": [0, 0],
                "webhookId": "5f0c2a7e-4d64-4a4e-9a53-0d3f0d8f1c12",
            }
        ],
        "connections": {},
        "settings": {},
    }
]
N8N_ENVIRONMENT: Final = {
    "N8N_LISTEN_ADDRESS": "127.0.0.1",
    "N8N_DIAGNOSTICS_ENABLED": "false",
    "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
    "N8N_TEMPLATES_ENABLED": "false",
    "N8N_PERSONALIZATION_ENABLED": "false",
    "N8N_LOG_LEVEL": "error",
    "N8N_EXPRESSION_ENGINE": "legacy",
    "DB_SQLITE_POOL_SIZE": "4",
}
