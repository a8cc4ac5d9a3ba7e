"""Node-RED itself, from npm, in a cache outside of the repository; one process per test."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

PACKAGE = "node-red@4"
INSTALL_S = 240
START_S = 60
STARTED = "Started flows"
SETTINGS = """module.exports = {
  uiHost: "127.0.0.1", uiPort: PORT, flowFile: "flows.json", credentialSecret: false,
  functionExternalModules: true, diagnostics: { enabled: false }, telemetry: { enabled: false },
  logging: { console: { level: "info", metrics: false, audit: false } },
};
"""


class NotHere(Exception):  # noqa: N818 - it says what is the case
    """Node-RED cannot be had on this machine; the words say why."""


def install() -> Path:
    """The installed program. Raises `NotHere`."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NotHere("npm is not installed, so Node-RED cannot be started.")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deskbridge/node-red"
    program = cache / "node_modules/node-red/red.js"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run in several processes
            if not program.exists():
                subprocess.run(
                    [npm, "install", "--prefix", str(cache), "--no-audit", "--no-fund", PACKAGE],
                    check=True,
                    capture_output=True,
                    timeout=INSTALL_S,
                )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotHere(f"npm could not bring Node-RED ({type(error).__name__}).") from None
    return program


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@asynccontextmanager
async def running(folder: Path, port: int, recipe: Path, **environ: str) -> AsyncIterator[str]:
    """Started and the recipe imported as its editor does it; the address."""
    flows = await asyncio.to_thread(_prepare, folder, port, recipe)
    process = await asyncio.create_subprocess_exec(
        *(
            "node",
            str(install()),
            "--userDir",
            str(folder),
            "--settings",
            str(folder / "settings.js"),
        ),
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    lines: list[str] = []
    try:
        async with asyncio.timeout(START_S):
            await _until(process, STARTED, lines)
            await _import(address, flows)
            await _until(process, STARTED, lines)
        reading = asyncio.create_task(_until(process, "", lines))
        yield address
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
        await asyncio.to_thread((folder / "node-red.log").write_text, "".join(lines))
    wrong = [line for line in lines if "[error]" in line]
    assert not wrong, wrong


def _prepare(folder: Path, port: int, recipe: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.js").write_text(SETTINGS.replace("PORT", str(port)))
    return recipe.read_text("utf-8")


async def _import(address: str, flows: str) -> None:
    headers = {"Content-Type": "application/json", "Node-RED-Deployment-Type": "full"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{address}/flows", data=flows, headers=headers) as imported,
    ):
        assert imported.status in (200, 204), await imported.text()


async def _until(process: asyncio.subprocess.Process, words: str, lines: list[str]) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        lines.append(line.decode(errors="replace"))
        if words and words in lines[-1]:
            return
    assert not words, f"Node-RED ended: {''.join(lines)}"
