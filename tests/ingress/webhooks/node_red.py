"""Node-RED itself, from npm, in a cache outside of the repository; one process per test."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests import npm

PACKAGE = "node-red@4"
INSTALL_S = 240
START_S = 60
STARTED, LISTENS = "Started flows", "Server now running"  # either may come first
SETTINGS = """module.exports = {
  uiHost: "127.0.0.1", uiPort: PORT, flowFile: "flows.json", credentialSecret: false,
  functionExternalModules: true, diagnostics: { enabled: false }, telemetry: { enabled: false },
  logging: { console: { level: "info", metrics: false, audit: false } },
};
"""


def install() -> Path:
    """The installed program. Raises `NotHere`."""
    return npm.install("node-red", PACKAGE, "node-red/red.js", within_s=INSTALL_S)


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
            await _until(process, {STARTED, LISTENS}, lines)
            await _import(address, flows)
            await _until(process, {STARTED}, lines)
        reading = asyncio.create_task(_until(process, set(), lines))
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


async def _until(process: asyncio.subprocess.Process, words: set[str], lines: list[str]) -> None:
    """Read until each of these was said; without any, to the end."""
    assert process.stdout is not None
    left, waits = set(words), bool(words)
    async for line in process.stdout:
        lines.append(line.decode(errors="replace"))
        left -= {one for one in left if one in lines[-1]}
        if waits and not left:
            return
    assert not waits, f"Node-RED ended: {''.join(lines)}"
