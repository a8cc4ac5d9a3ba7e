"""An answer that is nested absurdly deep is an answer all the same."""

from __future__ import annotations

import pytest

from bridge.contract import JobState, Request, Response
from bridge.jobs.operating import Operator
from tests.jobs.house import store_on, working
from tests.jobs.toys import SLACK, Upstream, launch


@pytest.mark.parametrize("depth", [60, 300, 800, 100_000])
async def test_a_deeply_nested_refusal_is_a_refusal(database_url: str, depth: int) -> None:
    async def answer(_: Request) -> Response:
        return Response(400, body=b"[" * depth + b"]" * depth, error_code="no")

    async with store_on(database_url) as store, working(store, Upstream(answer=answer)) as engine:
        await store.accept([launch(reply_to=SLACK)])
        [job] = await engine.finished(1)
        assert job.state is JobState.REFUSED
        assert job.outcome is not None
        assert (job.outcome.code, job.attempts) == ("no", 1)
        [tried], _ = await Operator(store).history(job.id)
        [exchange] = tried["exchanges"]
        assert exchange["status"] == 400
