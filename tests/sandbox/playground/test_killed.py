"""A person kills the bridge in the playground and starts it again: what was accepted still happens, once."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from bridge.sandbox.child import Child, ChildEnded
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.stack import Sandbox
from tests.sandbox.playground.conftest import Stage

pytestmark = pytest.mark.alone


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """The emulators and the playground; the bridge is a process of its own, as in `bridge demo`."""
    async with Sandbox() as here:
        port = free_port()
        environment = {
            **os.environ,
            **here.environment(),
            "DATABASE_URL": f"sqlite:///{tmp_path / 'bridge.db'}",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "BRIDGE_LOG_LEVEL": "warning",
        }
        here.point_at(f"http://127.0.0.1:{port}")
        here.child = Child(environment, port, here.slack.notify)
        await here.child.start()
        yield here
        here.rocketchat.faults.clear()
        await here.child.stop()


async def test_what_was_accepted_outlives_the_bridge(stage: Stage) -> None:
    await stage.turn("rocketchat.weather", "Down (503)")
    await stage.type(f"/close {rooms.OPEN_SERVED} later")
    await stage.reads("keep trying")

    await stage.turn("bridge.process", "Killed (SIGKILL)")
    assert stage.sandbox.child is not None
    await stage.until(lambda: stage.sandbox.child and not stage.sandbox.child.running)
    await stage.type("/bridge help")
    await stage.reads("dispatch_failed")

    await stage.page.get_by_role("button", name="All back to normal").click()
    await stage.reads("Done", within_s=30)
    assert len(stage.sandbox.rocketchat.effects_of("close_room", rooms.OPEN_SERVED)) == 1
    await expect(stage.page.locator('[name="bridge.process"]').first).to_be_checked()


async def test_a_bridge_that_does_not_come_up_is_no_endless_wait(tmp_path: Path) -> None:
    broken = {**os.environ, "BRIDGE_JOBS_LEASE_S": "never"}
    child = Child(broken | {"DATABASE_URL": f"sqlite:///{tmp_path / 'b.db'}"}, free_port())
    with pytest.raises(ChildEnded, match="ended with status"):
        await child.start()
    await child.stop()
