"""Progress: the same news is shown once, and what was shown is not remembered for ever."""

from __future__ import annotations

import asyncio

from bridge.contract import Job, JobState, ReplyTo
from bridge.jobs.telling import MOST_SHOWN, Teller
from tests.jobs.house import store_on
from tests.jobs.toys import ANNA, SLACK


def going_on(number: int) -> Job:
    return Job(
        id=f"J{number}",
        action="toy.touch",
        args={},
        connection="toy",
        lane="toy:r1",
        asker=ANNA,
        reply_to=SLACK,
        created_at=0.0,
        run_at=0.0,
        state=JobState.WAITING,
    )


async def test_what_was_shown_is_kept_for_the_newest_jobs_only(tmp_path: object) -> None:
    shown: list[str] = []

    async def progress(job: Job) -> ReplyTo:
        shown.append(job.id)
        return job.reply_to

    async with store_on(f"sqlite:///{tmp_path}/bridge.db") as store:
        teller = Teller(
            store=store, ways={}, progress=progress, upstreams={}, lease_s=1.0, poll_s=60.0
        )
        teller.start("me")
        for number in range(MOST_SHOWN):
            teller.progress_now(going_on(number))
        teller.progress_now(going_on(0))  # nothing new, and still known
        teller.progress_now(going_on(0).but(state=JobState.PENDING))  # news: now it is the newest
        teller.progress_now(going_on(MOST_SHOWN))
        teller.progress_now(going_on(1))  # forgotten
        teller.progress_now(going_on(0).but(state=JobState.PENDING))
        await asyncio.gather(*teller._tasks)
        await teller.stop(0.0)
    assert len(shown) == MOST_SHOWN + 3
    assert shown[-3:] == ["J0", f"J{MOST_SHOWN}", "J1"]
    assert MOST_SHOWN == 10_000
