"""Notifications: what the event loop watches is never a descriptor that another thread may close."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import fresh_database

# uvloop's library ends the whole process when it is to watch a closed descriptor, hence a process of its own
CLOSED_WHILE_LISTENING = """
import asyncio, sys
import uvloop
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.notifications import Notifications

async def main():
    loop = asyncio.get_running_loop()
    connection = open_engine(parse_url(sys.argv[1])).connect()
    notifications = Notifications(loop, lambda work: work(), lambda payload: None)
    notifications.attach(connection)
    assert notifications.listening
    # in the very turn in which the loop begins to watch, before it has asked the system to
    loop.call_soon(connection.connection.driver_connection.close)
    await asyncio.sleep(0.2)
    notifications.detach()
    await asyncio.sleep(0)
    assert not notifications.listening
    print("lives")

uvloop.run(main())
"""


def test_a_connection_that_is_closed_while_the_loop_listens_ends_no_process(
    postgres_url: str,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CLOSED_WHILE_LISTENING, fresh_database(postgres_url)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "lives"), done.stderr
