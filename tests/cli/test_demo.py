"""The demo, started as a person starts it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.sandbox.playground.test_killed import free_port

ROOT = Path(__file__).parents[2]
ENDS_WITHIN_S = 30

pytestmark = pytest.mark.alone


async def test_the_demo_never_works_on_the_database_of_a_real_bridge(tmp_path: Path) -> None:
    real, named = tmp_path / "real.db", tmp_path / "named.db"
    file = tmp_path / "database_url"
    file.write_text(f"sqlite:///{named}")
    token = tmp_path / "token"
    token.write_text("xoxb-of-a-real-bridge")
    for exported in (
        {"DATABASE_URL": f"sqlite:///{real}"},
        {"DATABASE_URL_FILE": str(file), "SLACK_BOT_TOKEN_FILE": str(token)},
    ):
        port = free_port()
        demo = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bridge", "demo", "--no-open"),
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PORT": str(port), **exported},
            stdout=asyncio.subprocess.PIPE,
        )
        assert demo.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            line = await demo.stdout.readline()
            assert line, said
            said += line.decode()
        demo.terminate()
        # to its end: on a loop that closes above an open pipe, uvloop may hang for ever
        async with asyncio.timeout(ENDS_WITHIN_S):
            await demo.communicate()
        assert f"http://127.0.0.1:{port}/console" in said
        assert not real.exists()
        assert not named.exists()
