"""What the bridge refuses by itself says nothing about the upstream, which was not asked."""

from __future__ import annotations

from bridge.contract import JobState, Request, Response
from bridge.jobs.operating import Operator
from tests.jobs.house import store_on, working
from tests.jobs.toys import SLACK, Upstream, launch

REFUSED_HERE = Response(400, error_code="invalid-path", error_text="too long", sent=False)


async def _refuse(_: Request) -> Response:
    return REFUSED_HERE


async def test_a_refusal_that_never_left_the_bridge_closes_no_breaker(database_url: str) -> None:
    async with (
        store_on(database_url) as store,
        working(store, Upstream(answer=_refuse), breaker_failures=2, breaker_probe_s=0.2) as engine,
    ):
        await engine.limits.failed("toy")
        await engine.limits.failed("toy")
        await store.accept([launch(reply_to=SLACK)])
        [job] = await engine.finished(1)
        assert job.state is JobState.REFUSED
        assert engine.limits.is_open("toy")


async def test_a_call_that_never_left_the_bridge_is_shown_as_not_sent(database_url: str) -> None:
    async with (
        store_on(database_url) as store,
        working(store, Upstream(answer=_refuse)) as engine,
    ):
        await store.accept([launch(reply_to=SLACK)])
        [job] = await engine.finished(1)
        [tried], _ = await Operator(store).history(job.id)
        [exchange] = tried["exchanges"]
        assert exchange["failure"] == "not sent: too long (invalid-path)"
        assert "status" not in exchange
