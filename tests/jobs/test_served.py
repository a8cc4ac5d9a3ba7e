"""Jobs of a connection that was removed: said, tried, parked in words; nobody else's are touched."""

from __future__ import annotations

from sqlalchemy import text
from structlog.testing import capture_logs

from bridge.contract import Job, JobState
from bridge.jobs.served import ServedConnections, worker_seen
from tests.clock import Clock
from tests.jobs.house import all_jobs, claim, eventually, store_on, working
from tests.jobs.toys import SLACK, Upstream, launch

DAY_S = 86_400.0


async def test_what_only_another_process_can_reach_is_left_to_it(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        await store.accept([launch(connection="other")])
        ours, theirs = ServedConnections(store, ["toy"]), ServedConnections(store, ["other"])
        for _ in range(20):
            clock.now += 60
            await theirs.look()
            await ours.look()
        assert "1 of other" in ours.sentence
        assert theirs.sentence == ""
        assert not (await claim(store, connections=ours)).rows
        clock.now += 601
        await ours.look()
        assert "other" in ours
        await theirs.look()
        await ours.look()
        assert "other" not in ours


async def test_a_process_without_a_worker_serves_nobody(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        await store.accept([launch()])
        web, worker = ServedConnections(store, ["toy"]), ServedConnections(store, [])
        for _ in range(2):
            await web.look(works=False)
            await worker.look()
            clock.now += 601
        await worker.look()
        assert "toy" in worker


async def test_only_who_works_is_seen_working(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        await store.accept([launch(connection="other")])
        web, worker = ServedConnections(store, ["toy"]), ServedConnections(store, [])
        await web.look(works=False)
        assert await store.read(worker_seen) is None
        await worker.look()  # it has no connection yet, and is there all the same
        seen = await store.read(worker_seen)
        assert seen == clock.now
        clock.now += 60
        await web.look(works=False)
        assert await store.read(worker_seen) == seen


async def test_a_removed_connection_is_said_once_and_its_jobs_fail_in_words(
    database_url: str,
) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        await store.accept([launch("r1", connection="old", reply_to=SLACK)])
        await store.accept([launch("r2", connection="old")])
        served = ServedConnections(store, Upstream().connection.split())
        async with working(store, Upstream(), served=served) as engine:
            with capture_logs() as logs:
                await served.look()
                await served.look()
            said = [
                (line["connection"], line["jobs"])
                for line in logs
                if line["event"] == "jobs.stranded"
            ]
            assert said == [("old", 2)]
            assert {job.state for job in await all_jobs(store)} == {JobState.QUEUED}
            [_, second] = await all_jobs(store)
            cancelled = await engine.operator.cancel(second.id)
            assert cancelled
            assert cancelled.state is JobState.CANCELLED

            async def tried() -> Job | None:
                return next((job for job in await all_jobs(store) if job.attempts), None)

            clock.now += 601
            await served.look()
            waiting = await eventually(tried)
            assert (waiting.state, waiting.outcome and waiting.outcome.code) == (
                JobState.WAITING,
                "not_configured",
            )
            clock.now += 3 * DAY_S
            await served.look()
            store.wake()
            parked, _ = await engine.finished(2)
            assert parked.state is JobState.PARKED
            assert parked.outcome is not None
            assert "connection old" in parked.outcome.message
            assert "puts it back" in parked.outcome.next_step
            assert [state for _, state, _ in engine.told] == [JobState.PARKED]


async def test_a_connection_that_is_back_takes_up_its_jobs(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        await store.accept([launch()])
        settings: list[str] = []
        served = ServedConnections(store, settings)
        await served.look()
        clock.now += 601
        await served.look()
        upstream = Upstream()
        settings.append(upstream.connection)
        async with working(store, upstream, served=served) as engine:
            await served.look()
            [job] = await engine.finished(1)
        assert (job.state, served.sentence) == (JobState.DONE, "")


async def test_an_open_breaker_of_a_removed_connection_holds_up_nothing(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        await store.accept([launch(f"r{number}", connection="old") for number in range(20)])
        served = ServedConnections(store, ["toy"], absent_s=0.0)
        async with working(store, Upstream(), served=served, breaker_failures=1) as engine:
            await engine.limits.failed("old")
            clock.now += 16
            await served.look()

            async def all_tried() -> bool:
                return all(job.attempts for job in await all_jobs(store))

            await eventually(all_tried)


async def test_an_action_that_is_gone_says_nothing_about_its_upstream(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        await store.accept([launch()])
        gone = text("UPDATE jobs SET action = 'toy.gone'")
        await store.write(lambda db: db.execute(gone) and None)
        async with working(store, Upstream(), breaker_failures=1) as engine:
            await engine.limits.failed("toy")
            clock.now += 16
            store.wake()

            async def tried() -> bool:
                [job] = await all_jobs(store)
                return job.outcome is not None and job.outcome.code == "not_configured"

            await eventually(tried)
            assert engine.limits.is_open("toy")
