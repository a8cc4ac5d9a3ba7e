import asyncio
from pathlib import Path

from bridge.actions import catalogue
from bridge.app import Bridge
from bridge.contract import Asker, ReplyTo
from bridge.jobs.intake import Launch
from bridge.jobs.operating import Filter
from bridge.jobs.retention import AT_ONCE
from bridge.sandbox.rocketchat import seed
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
