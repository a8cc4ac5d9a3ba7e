"""Trouble with the storage: never a false yes, nothing lost, and well again by itself."""

from __future__ import annotations

import asyncio
import time

import pytest

from bridge.contract import JobState, Lost, Request, Response
from bridge.jobs.intake import NotStored
from bridge.jobs.writer import StoreDown
from tests.jobs.house import all_jobs, eventually, holds, store_on, working
from tests.jobs.outage import full, outage, refusing
from tests.jobs.toys import OK, SLACK, Upstream, launch

pytestmark = pytest.mark.alone  # real processes and real time: no neighbours


async def test_an_accept_is_refused_while_the_database_is_away_and_taken_when_it_is_back(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch("before")])
        with outage(store, database_url):
            for _ in range(3):
                with pytest.raises(NotStored) as refused:
                    await store.accept([launch("during")])
                assert refused.value.retry_after_s > 0
            assert not store.healthy

        async def taken() -> bool:
            try:
                await store.accept([launch("after")])
            except NotStored:
                return False
            return True

        await eventually(taken)
        assert store.healthy
        assert [job.args["room"] for job in await all_jobs(store)] == ["before", "after"]


async def test_a_full_disk_is_no_yes_and_heals(database_url: str) -> None:
    if not database_url.startswith("sqlite"):
        pytest.skip("the disk of a Postgres server is the server's")
    async with store_on(database_url) as store:
        await store.accept([launch("before")])
        stored = 1
        with full(store):
            for number in range(200):
                try:
                    await store.accept([launch(f"r{number}", reply_to=SLACK)])
                    stored += 1
                except NotStored:
                    break
            else:
                pytest.fail("the disk never became full")
        await store.accept([launch("after")])
        assert len(await all_jobs(store)) == stored + 1


async def test_an_outcome_is_kept_in_memory_until_it_can_be_written(database_url: str) -> None:
    go, asked = asyncio.Event(), asyncio.Event()

    async def answer(_: Request) -> Response:
        asked.set()
        await go.wait()
        return OK

    async with store_on(database_url) as store:
        upstream = Upstream(answer=answer)
        async with working(store, upstream) as engine:
            for action in ("toy.touch", "toy.touch_once"):
                await store.accept([launch(action, action=action, reply_to=SLACK)])
            await eventually(lambda: holds(len(upstream.sent) == 2))
            with outage(store, database_url):
                go.set()
                await eventually(lambda: holds(not store.healthy))
                await asyncio.sleep(1.5)  # longer than the lease
            jobs = await engine.finished(2)
        assert [job.state for job in jobs] == [JobState.DONE, JobState.DONE]
        assert len(upstream.writes()) == 2
        assert sorted(engine.told) == sorted((job.id, JobState.DONE, False) for job in jobs)


async def test_what_was_told_while_the_database_was_away_is_not_told_again(
    database_url: str,
) -> None:
    go, asked = asyncio.Event(), asyncio.Event()

    async with store_on(database_url) as store, working(store, Upstream()) as engine:
        from bridge.delivery.results import Telling as Result
        from bridge.delivery.results import Told

        async def tell(_: object) -> Result:
            asked.set()
            await go.wait()
            return Told("channel")

        engine.tell = tell
        await store.accept([launch(reply_to=SLACK)])
        await asyncio.wait_for(asked.wait(), 5)
        with outage(store, database_url):
            go.set()
            await eventually(lambda: holds(not store.healthy))
            await asyncio.sleep(1.5)
        await engine.finished(1)
        assert len(engine.told) == 1


async def test_nothing_that_may_not_be_repeated_is_sent_without_its_stored_intent(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        upstream = Upstream()
        async with working(store, upstream) as engine:
            with outage(store, database_url):
                await asyncio.sleep(0)
                with pytest.raises(NotStored):
                    await store.accept([launch(action="toy.touch_once")])
                await asyncio.sleep(0.3)
                assert upstream.sent == []
            await eventually(lambda: _accepts(store))
            await engine.finished(1)
            assert len(upstream.writes()) == 1


async def _accepts(store: object) -> bool:
    try:
        await store.accept([launch(action="toy.touch_once")])  # type: ignore[attr-defined]
    except NotStored:
        return False
    return True


async def test_a_claim_whose_commit_lost_its_answer_is_worked_on_after_its_lease(
    database_url: str,
) -> None:
    async with store_on(database_url) as store, working(store, Upstream()) as engine:
        real = store.claim
        lost: list[int] = []

        async def claim(item: object) -> object:
            claims = await real(item)  # type: ignore[arg-type]
            if claims.rows and not lost:
                lost.append(len(claims.rows))
                raise StoreDown("the connection broke after the commit")
            return claims

        store.claim = claim  # type: ignore[method-assign,assignment]
        await store.accept([launch(reply_to=SLACK)])
        await engine.finished(1)
        assert lost == [1]
        assert len(engine.told) == 1


async def test_an_end_whose_commit_lost_its_answer_is_told_once(database_url: str) -> None:
    async with store_on(database_url) as store, working(store, Upstream()) as engine:
        real = store.end
        lost: list[object] = []

        async def end(item: object) -> bool:
            stored = await real(item)  # type: ignore[arg-type]
            if not lost:
                lost.append(item)
                raise StoreDown("the connection broke after the commit")
            return stored

        store.end = end  # type: ignore[method-assign]
        await store.accept([launch(reply_to=SLACK)])
        [job] = await engine.finished(1)
        assert engine.told == [(job.id, JobState.DONE, False)]


async def test_an_outage_in_the_middle_of_everything_loses_nothing(database_url: str) -> None:
    tried: set[str] = set()

    async def answer(request: Request) -> Response:
        await asyncio.sleep(0.01)
        room = str(request.body["room"])
        if room.endswith("7") and room not in tried:
            tried.add(room)
            raise Lost("the connection broke")
        return OK

    async with store_on(database_url) as store:
        upstream = Upstream(answer=answer)
        async with working(store, upstream, breaker_failures=1000) as engine:
            accepted: list[str] = []

            async def send(number: int) -> None:
                for turn in range(20):
                    try:
                        room = f"r{number}.{turn}"
                        [one] = await store.accept([launch(room, reply_to=SLACK)])
                        accepted.append(one.job.id)
                    except NotStored:
                        await asyncio.sleep(0.05)
                    await asyncio.sleep(0.02)

            senders = asyncio.gather(*(send(number) for number in range(8)))
            for _ in range(3):
                await asyncio.sleep(0.2)
                with outage(store, database_url):
                    await asyncio.sleep(0.3)
            await senders
            await engine.finished(len(accepted), within_s=30)
        jobs = await all_jobs(store)
        assert set(accepted) <= {job.id for job in jobs}
        assert {job.state for job in jobs} == {JobState.DONE}
        told = [job_id for job_id, _, repeated in engine.told if not repeated]
        assert len(told) == len(set(told))
        assert {job_id for job_id, _, _ in engine.told} >= set(accepted)


async def test_the_event_loop_never_waits_for_the_database(database_url: str) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("holding a lock in Postgres shows the same")
    from sqlalchemy import create_engine, text

    from bridge.jobs.database import parse_url

    async with store_on(database_url) as store:
        locker = create_engine(parse_url(database_url))
        with locker.begin() as connection:
            connection.execute(text("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE"))
            accepting = asyncio.create_task(store.accept([launch()]))
            slowest = 0.0
            for _ in range(50):
                before = time.monotonic()
                await asyncio.sleep(0.01)
                slowest = max(slowest, time.monotonic() - before)
            assert not accepting.done()
        locker.dispose()
        await accepting
        assert slowest < 0.2


async def test_listening_goes_on_after_postgres_was_away(postgres_url: str) -> None:
    from tests.conftest import fresh_database

    url = fresh_database(postgres_url)
    async with store_on(url) as store, store_on(url) as other:
        heard = asyncio.Event()
        other.on_work(heard.set)
        with refusing(url), pytest.raises(NotStored):
            await store.accept([launch()])

        async def notified() -> bool:
            heard.clear()
            try:
                await other.beat("other", 5, ())
                await store.accept([launch()])
                await asyncio.wait_for(heard.wait(), 0.3)
            except (NotStored, StoreDown, TimeoutError):
                return False
            return True

        await eventually(notified)
