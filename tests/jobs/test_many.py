"""What is done to many jobs at once: which of them, in what order, and that more match."""

from __future__ import annotations

from bridge.jobs.operating import BULK, Filter, Operator
from tests.jobs.house import store_on
from tests.jobs.test_operating import ended
from tests.jobs.toys import launch


async def test_what_cannot_be_acted_on_leaves_the_rest_of_many_in_reach(database_url: str) -> None:
    async with store_on(database_url) as store:
        operator = Operator(store)
        await store.accept([launch()] * BULK)
        assert len((await operator.cancel_all(Filter())).ids) == BULK
        [late] = await store.accept([launch()])
        assert await operator.cancel_all(Filter()) == ([late.job.id], False)
        parked = await ended(store, "parked")
        assert await operator.retry_all(Filter()) == ([parked], False)


async def test_the_oldest_of_many_go_first_and_that_more_match_is_said(database_url: str) -> None:
    async with store_on(database_url) as store:
        operator = Operator(store)
        first, second, third = [
            accepted.job.id for accepted in await store.accept([launch(room) for room in "abc"])
        ]
        asked = [job.id for job in (await operator.cancellable(Filter())).jobs]
        assert asked == [first, second, third]
        assert await operator.cancel_all(Filter(), most=2) == ([first, second], True)
        assert await operator.cancel_all(Filter(), most=2) == ([third], False)


async def test_jobs_that_are_not_covered_do_not_use_up_the_most_of_many(database_url: str) -> None:
    async with store_on(database_url) as store:
        operator = Operator(store)
        await store.accept([launch("r1")] * 3)
        [mine] = await store.accept([launch("r1", action="toy.touch_once")])

        def covers(action: str, connection: str) -> bool:
            return (action, connection) == (mine.job.action, mine.job.connection)

        done = await operator.cancel_all(Filter(), covers=covers, most=2)
        assert done == ([mine.job.id], False)
        assert await operator.retry_all(Filter(), covers=covers, force=True) == done
