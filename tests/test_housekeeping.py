import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from bridge.actions import catalogue
from bridge.app import Bridge
from bridge.app.upkeep import NOTE_EVERY_S, PRUNE_EVERY_S, note_connections, prune
from bridge.contract import Asker, ReplyTo
from bridge.jobs.intake import Launch
from bridge.jobs.operating import Bounds, Filter, Operator
from bridge.jobs.retention import AT_ONCE
from bridge.sandbox.rocketchat import seed
from bridge.settings import Jobs
from tests.clock import Clock
from tests.world import settings_for

NOWHERE = "http://127.0.0.1:1"


async def test_what_is_old_goes_however_much_it_is(tmp_path: Path) -> None:
    clock = Clock()
    database_url = f"sqlite:///{tmp_path / 'bridge.db'}"
    settings = settings_for(NOWHERE, NOWHERE, NOWHERE, database_url)
    bridge = Bridge(settings, serves=False, works=False, clock=clock)
    action = catalogue()["rocketchat.close_room"].model_validate({"rid": seed.OPEN_SERVED})
    launch = Launch(action, "rocketchat", Asker("api", "api"), ReplyTo())
    await bridge.start()
    await bridge.store.accept([launch] * (AT_ONCE + 1))
    await bridge.operator.cancel_all(Filter())
    await bridge.stop()

    clock.now += 8 * 86_400
    later = Bridge(settings, serves=False, works=False, clock=clock)
    await later.start()
    async with asyncio.timeout(10):
        while True:
            if not (await later.operator.find(Filter(), limit=1)).jobs:
                break
            await asyncio.sleep(0.05)
    await later.stop()


class Broken(Operator):
    """Prunes nothing: each turn ends in something that nobody foresaw."""

    def __init__(self) -> None:
        self.turns = 0

    async def prune(self, bounds: Bounds) -> int:
        del bounds
        self.turns += 1
        raise RuntimeError("a row that nobody foresaw")


async def three_turns(loop: Coroutine[Any, Any, None], clock: Clock) -> list[Any]:
    """Let a loop for ever sleep three times, and what it said."""
    with capture_logs() as logs:
        running = asyncio.create_task(loop)
        async with asyncio.timeout(10):
            while True:
                if len(clock.slept) >= 3:
                    break
                await asyncio.sleep(0)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return logs


async def test_pruning_outlives_a_turn_that_fails() -> None:
    operator, clock = Broken(), Clock()

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        await asyncio.sleep(0)

    logs = await three_turns(prune(operator, Jobs, clock, sleep), clock)
    assert operator.turns >= 3
    assert set(clock.slept) == {PRUNE_EVERY_S}
    assert (logs[0]["event"], logs[0]["task"]) == ("app.upkeep_failed", "pruning")


async def test_noting_the_connections_outlives_a_turn_that_fails() -> None:
    clock, turns = Clock(), 0

    async def look() -> None:
        nonlocal turns
        turns += 1
        raise RuntimeError("a row that nobody foresaw")

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        await asyncio.sleep(0)

    logs = await three_turns(note_connections(look, sleep), clock)
    assert turns >= 3
    assert set(clock.slept) == {NOTE_EVERY_S}
    assert (logs[0]["event"], logs[0]["task"]) == ("app.upkeep_failed", "connections")
