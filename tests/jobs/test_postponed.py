"""Waiting for the pace: not in a worker's place, not on another route's call, and not for ever."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from bridge.contract import JobState, Request, Response
from bridge.jobs import windows
from bridge.jobs.pace import Window
from bridge.jobs.store import Store
from tests.clock import Clock
from tests.jobs.house import all_jobs, eventually, rows, store_on, working
from tests.jobs.toys import ANNA, SLACK, Upstream, launch

ONE = {"toy": Window(1, 60.0, source="configured")}


async def spend(store: Store, route: str) -> None:
    """Nothing is left of this route's calls for a minute."""
    now = store.clock()
    default = store.windows_assumed["toy"]
    spent = Window(default.calls, 60.0, default.calls, now + 60, default.source)
    await store.write(lambda db: windows.write(db, {("toy", route): spent}, now))


async def states(store: Store) -> Mapping[str, str]:
    return {row["lane"].partition(":")[2]: row["state"] for row in await rows(store)}


async def test_what_must_look_first_waits_for_its_look_outside(database_url: str) -> None:
    many = {"toy": Window(100, 60.0, source="configured")}
    async with store_on(database_url, windows=many) as store:
        wishes = [launch(f"r{number}", action="toy.touch_checked") for number in range(6)]
        await store.accept(wishes)
        await store.write(lambda db: db.execute(text("UPDATE jobs SET sent_at = 1")))
        await spend(store, "GET /seen")
        upstream = Upstream()
        async with working(store, upstream, concurrency=3):

            async def wait() -> bool:
                return set((await states(store)).values()) == {"waiting"}

            await eventually(wait)
            await store.accept([launch("mine", asker=ANNA)])

            async def served() -> bool:
                return (await states(store))["mine"] == "done"

            await eventually(served)
        assert [body["room"] for body in upstream.writes()] == ["mine"]
        # they may have touched: the next attempt looks first, too
        found = [row for row in await rows(store) if row["lane"] != "toy:mine"]
        assert {row["sent_at"] for row in found} == {1}


async def test_a_call_that_was_reserved_is_for_its_own_route(database_url: str) -> None:
    async with store_on(database_url, windows=ONE) as store:
        upstream = Upstream()
        async with working(store, upstream) as engine:
            await store.accept([launch(action="toy.swap")])
            await engine.finished(1, within_s=10)
        assert [request.method for request in upstream.sent] == ["DELETE", "POST"]


async def test_a_write_on_another_route_waits_for_that_route(database_url: str) -> None:
    async with store_on(database_url, windows=ONE) as store:
        await spend(store, "DELETE /swap")
        upstream = Upstream()
        async with working(store, upstream):
            await store.accept([launch(action="toy.swap")])

            async def waits() -> bool:
                return (await states(store))["r1"] == "waiting"

            await eventually(waits)
        # and the call it did not use is there for the next
        window = await store.read(lambda db: windows.peek(db, ("toy", "POST /swap")))
        assert upstream.sent == []
        assert window is not None
        assert window.used == 0


async def test_what_only_meets_refusals_for_days_is_parked_and_told(database_url: str) -> None:
    clock = Clock()

    async def answer(_: Request) -> Response:
        return Response(429, {"retry-after": "7"}, error_code="error-too-many-requests")

    async with store_on(database_url, clock=clock) as store:
        upstream = Upstream(answer=answer)
        async with working(store, upstream) as engine:
            await store.accept([launch(reply_to=SLACK)])

            async def waits() -> bool:
                return (await states(store))["r1"] == "waiting"

            await eventually(waits)
            clock.now += 3 * 86_400
            [job] = await engine.finished(1)
        assert (job.state, job.outcome and job.outcome.code) == (JobState.PARKED, "busy")
        assert [state for _, state, _ in engine.told] == [JobState.PARKED]
        assert (await all_jobs(store))[0].sent_at is None
