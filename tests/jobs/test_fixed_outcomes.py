"""What no flow decides: it is told in a sentence, with what happens next, and without personal data."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bridge.contract import JobState, Lost, Request, Response, Unsent
from tests.jobs.house import all_jobs, eventually, store_on, working
from tests.jobs.toys import Upstream, launch


async def test_stored_fields_that_do_not_fit_are_told_without_their_values(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch()])
        stored = json.dumps({"room": "r1", "number": "anna@example.com"})
        update = text("UPDATE jobs SET args = :args").bindparams(args=stored)
        await store.write(lambda db: db.execute(update))
        with capture_logs() as logs:
            async with working(store, Upstream()) as engine:
                [job] = await engine.finished(1)
                assert engine.upstream.sent == []
        assert job.outcome is not None
        assert (job.state, job.outcome.code) == (JobState.REFUSED, "invalid_fields")
        assert "of this request: number." in job.outcome.message
        assert "Ask for it again" in job.outcome.next_step
        [line] = [line for line in logs if line["event"] == "jobs.fields_unusable"]
        assert line["problems"] == ["number: int_parsing"]
        assert "anna" not in f"{job.outcome}{logs}"


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (Unsent("the connection was refused."), "unreachable"),
        (Lost("the connection broke"), "no_answer"),
        (RuntimeError("a mistake of ours"), "internal"),
    ],
)
async def test_a_passing_failure_says_what_happens_next(
    database_url: str, failure: Exception, code: str
) -> None:
    async def fails(_: Request) -> Response:
        raise failure

    async with store_on(database_url) as store, working(store, Upstream(answer=fails)):
        await store.accept([launch()])

        async def tried() -> bool:
            return all(job.outcome is not None for job in await all_jobs(store))

        await eventually(tried)
        [job] = await all_jobs(store)
    assert job.outcome is not None
    assert job.outcome.code == code
    assert job.outcome.message.endswith(".")
    assert ".." not in job.outcome.message
    assert "tried again by itself" in job.outcome.next_step
