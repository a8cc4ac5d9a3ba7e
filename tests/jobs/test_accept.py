"""Accept: stored once under each key, joined by the impatient, refused when the store cannot keep it."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import update

from bridge.jobs.intake import KeyConflict, NotStored
from bridge.jobs.operating import Operator
from bridge.jobs.tables import jobs
from tests.clock import Clock
from tests.jobs.house import all_jobs, claim, ending, rows, store_on
from tests.jobs.toys import ANNA, key, launch


async def test_the_same_key_and_body_find_the_same_job(database_url: str) -> None:
    async with store_on(database_url) as store:
        [first] = await store.accept([launch()], key=key())
        [again] = await store.accept([launch()], key=key())
        assert (first.repeated, again.repeated) == (False, True)
        assert again.job.id == first.job.id
        assert len(await all_jobs(store)) == 1


async def test_a_finished_job_still_answers_to_its_key(database_url: str) -> None:
    async with store_on(database_url) as store:
        [first] = await store.accept([launch()], key=key())
        [row] = (await claim(store)).rows
        assert await store.end(ending(row, "me"))
        [again] = await store.accept([launch()], key=key())
        assert again.repeated
        assert again.job.id == first.job.id
        assert again.job.state.value == "done"


async def test_the_same_key_with_another_body_is_a_conflict(database_url: str) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch()], key=key())
        with pytest.raises(KeyConflict):
            await store.accept([launch("r2")], key=key(fingerprint="f2"))
        assert len(await all_jobs(store)) == 1


async def test_a_key_belongs_to_its_scope(database_url: str) -> None:
    async with store_on(database_url) as store:
        [mine] = await store.accept([launch()], key=key())
        [hers] = await store.accept([launch(asker=ANNA)], key=key(fingerprint="f2"))
        assert mine.job.id != hers.job.id


async def test_several_launches_under_one_key_are_all_or_nothing_and_found_together(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        wishes = [launch("r1"), launch("r2"), launch("r3")]
        first = await store.accept(wishes, key=key())
        again = await store.accept(wishes, key=key())
        assert [one.job.id for one in again] == [one.job.id for one in first]
        assert all(one.repeated for one in again)
        assert len(await all_jobs(store)) == 3


async def test_copies_that_meet_in_one_transaction_become_one_job(database_url: str) -> None:
    async with store_on(database_url) as store:
        copies = await asyncio.gather(
            *(store.accept([launch()], key=key()) for _ in range(50)),
            *(store.accept([launch("r2")], key=key("k2", "f2")) for _ in range(50)),
        )
        assert len({accepted[0].job.id for accepted in copies}) == 2
        assert sum(not accepted[0].repeated for accepted in copies) == 2
        stored = {row["id"] for row in await rows(store)}
        assert stored == {accepted[0].job.id for accepted in copies}


async def test_the_same_wish_of_the_same_person_joins_while_it_runs(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        wish = launch(asker=ANNA)
        [first] = await store.accept([wish], key=key("t1"), join=True)
        clock.now += 10
        [second] = await store.accept([wish], key=key("t2"), join=True)
        assert second.joined
        assert second.job.id == first.job.id
        [other] = await store.accept([launch("r2", asker=ANNA)], key=key("t3"), join=True)
        assert not other.joined
        clock.now += 60
        [late] = await store.accept([wish], key=key("t4"), join=True)
        assert not late.joined


async def test_of_several_that_run_the_youngest_is_joined(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        wish = launch(asker=ANNA)
        [old] = await store.accept([wish], key=key("t1"), join=True)
        clock.now += 60
        [young] = await store.accept([wish], key=key("t2"), join=True)
        running = update(jobs).where(jobs.c.id == old.job.id).values(state="running", lane="x")
        await store.write(lambda db: db.execute(running).rowcount)  # Postgres moves the row
        [again] = await store.accept([wish], key=key("t3"), join=True)
        assert again.joined
        assert again.job.id == young.job.id


async def test_a_key_that_joined_answers_with_the_job_it_joined(database_url: str) -> None:
    async with store_on(database_url) as store:
        wish = launch(asker=ANNA)
        [first] = await store.accept([wish], key=key("t1"), join=True)
        copies = await asyncio.gather(
            *(store.accept([wish], key=key("t2"), join=True) for _ in range(20))
        )
        assert {accepted[0].job.id for accepted in copies} == {first.job.id}
        assert len(await all_jobs(store)) == 1


async def test_programs_never_join(database_url: str) -> None:
    async with store_on(database_url) as store:
        [first] = await store.accept([launch()], join=True)
        [second] = await store.accept([launch()], join=True)
        assert first.job.id != second.job.id


async def test_a_key_whose_jobs_were_erased_is_stored_anew(database_url: str) -> None:
    async with store_on(database_url) as store:
        [first] = await store.accept([launch()], key=key())
        assert await Operator(store).erase_room("r1") == 1
        copies = await asyncio.gather(*(store.accept([launch()], key=key()) for _ in range(5)))
        assert first.job.id not in {accepted[0].job.id for accepted in copies}
        assert len({accepted[0].job.id for accepted in copies}) == 1
        assert [row["id"] for row in await rows(store)] == [copies[0][0].job.id]


async def test_a_store_that_drains_takes_nothing(database_url: str) -> None:
    async with store_on(database_url) as store:
        store.draining = True
        with pytest.raises(NotStored) as refused:
            await store.accept([launch()])
        assert refused.value.retry_after_s > 0
        assert await all_jobs(store) == []


async def test_the_expected_wait_is_told_to_people(database_url: str) -> None:
    from bridge.jobs.pace import Window

    clock = Clock()
    paced = {"toy": Window(10, 60.0)}
    async with store_on(database_url, clock=clock, windows=paced) as store:
        for number in range(12):
            await store.accept([launch(f"r{number}")])
        assert len((await claim(store)).rows) == 10
        [accepted] = await store.accept([launch("mine", asker=ANNA)])
        assert 59 < accepted.wait_s < 61
