"""Watching is cheap for an account that is limited, and no command of a person waits for it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import Job
from bridge.jobs.attempt import LOOKS_SHARE
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from tests.ends.stage import Stage, stage

pytestmark = pytest.mark.alone  # real processes and real time: no neighbours

WINDOW_S = 2.0
CALLS = 10
WATCHED = 25
INFO = "/api/v1/rooms.info"
LIMITED: dict[str, Any] = {  # mara.lind may not bypass the limiter, as the bot may
    "connections__rocketchat__user_id": "mLn5dRa7WkQz3XvBt",
    "connections__rocketchat__auth_token": "sandbox-manager-token-7Tg2Yh5Uj8Ik3Lo6Np9Qa",
    "connections__rocketchat__pace_window_s": WINDOW_S,
    "jobs__concurrency": 4,  # few places, so that a look that held one would be felt
    "slack__in_channel": {},
}


async def test_looks_keep_to_their_share_and_no_person_waits_for_them(tmp_path: Path) -> None:
    async with stage(tmp_path, **LIMITED) as on:
        on.rocketchat.settings.limiter_window_s = WINDOW_S
        watched = [
            on.rocketchat.add_room(f"Guest {n}", served_by="tom.okoro") for n in range(WATCHED)
        ]
        for room in watched:
            args = {"rid": room.id, "whenClosed": True}
            await on.call_later("rocketchat.request_pdf_transcript", args)
        await on.until(lambda jobs: all(job.phase == "follow" for job in jobs), within_s=30.0)

        on.clock.ahead += 300  # now all of them want to look, again and again
        began = on.clock()
        waits = []
        for rid in (rooms.OPEN_SERVED, rooms.OPEN_QUEUED, rooms.NO_EMAIL):
            asked = time.monotonic()
            job = await on.command(f"/close {rid} bye")
            await on.until(lambda jobs, job=job: _of(jobs, job).finished_at is not None)  # type: ignore[misc]
            waits.append(time.monotonic() - asked)
            await asyncio.sleep(WINDOW_S)  # the next one meets a window of its own
        ran_s = on.clock() - began

        assert max(waits) < 0.5 * WINDOW_S, waits
        refused = [e for e in on.rocketchat.exchanges if e.status == 429]
        assert refused == []
        windows = ran_s / WINDOW_S + 1
        looks = await _looks(on, watched)
        assert 0 < looks <= LOOKS_SHARE * CALLS * windows
        assert on.slack.messages(slack.SUPPORT, slack.ANNA)


async def test_a_look_that_must_wait_holds_no_place(tmp_path: Path) -> None:
    async with stage(tmp_path, **LIMITED) as on:
        on.rocketchat.settings.limiter_window_s = WINDOW_S
        on.rocketchat.settings.pdf_outcome = "hangs"
        closed = [on.rocketchat.add_room(f"Guest {n}", open=False) for n in range(12)]
        for room in closed:
            await on.call_later("rocketchat.request_pdf_transcript", {"rid": room.id})
        await on.until(lambda jobs: all(job.phase == "follow" for job in jobs), within_s=30.0)
        on.clock.ahead += 20
        worker = on.world.bridge.worker
        assert worker is not None
        await on.until(lambda jobs: sum(job.looks for job in jobs) >= 3)
        busy = []
        for _ in range(40):
            busy.append(worker.busy)
            await asyncio.sleep(0.01)
        assert min(busy) == 0  # those that found no room in the window are not held


async def _looks(on: Stage, watched: list[Any]) -> int:
    """The rooms.info calls that looked after the watched rooms."""
    rids = {room.id for room in watched}
    return sum(
        exchange.path.partition("roomId=")[2] in rids
        for exchange in on.rocketchat.exchanges
        if exchange.route == INFO
    )


def _of(jobs: list[Job], job: Job) -> Job:
    return next(one for one in jobs if one.id == job.id)
