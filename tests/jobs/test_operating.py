"""What people do to jobs: retry, cancel, in bulk and by force; prune and erase."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import pytest
from pydantic import Field
from sqlalchemy import Table, func, select

from bridge.contract import Asker, Job, JobState, ReplyTo, Request, Response
from bridge.delivery.results import Telling as Result
from bridge.delivery.results import Told, TryLater
from bridge.jobs.intake import Launch
from bridge.jobs.operating import Bounds, Filter, NotAllowed, Operator
from bridge.jobs.rows import delivery_rows
from bridge.jobs.store import Store
from bridge.jobs.tables import attempts, deliveries, keys
from tests.clock import Clock
from tests.jobs.house import (
    all_jobs,
    claim,
    ending,
    eventually,
    open_deliveries,
    rows,
    store_on,
    working,
)
from tests.jobs.toys import ANNA, OK, SLACK, TOYS, Touch, Upstream, key, launch


async def count(store: Store, table: Table) -> int:
    query = select(func.count()).select_from(table)
    return await store.read(lambda db: db.scalar(query) or 0)


async def ended(store: Store, state: str, room: str = "r1", **more: str) -> str:
    [accepted] = await store.accept([launch(room, **more)])  # type: ignore[arg-type]  # action only
    [row] = (await claim(store)).rows
    assert await store.end(ending(row, "me", state, sent_at=store.clock()))
    return accepted.job.id


@pytest.mark.parametrize("state", ["parked", "unknown"])
async def test_what_waits_for_a_person_may_be_retried(database_url: str, state: str) -> None:
    async with store_on(database_url) as store:
        job_id = await ended(store, state)
        job = await Operator(store).retry(job_id)
        assert job is not None
        assert job.state is JobState.QUEUED
        assert (job.attempts, job.finished_at, job.outcome) == (0, None, None)
        assert len((await claim(store)).rows) == 1


@pytest.mark.parametrize("state", ["done", "refused"])
async def test_a_finished_job_is_only_retried_by_force(database_url: str, state: str) -> None:
    async with store_on(database_url) as store:
        job_id = await ended(store, state)
        with pytest.raises(NotAllowed, match="force"):
            await Operator(store).retry(job_id)
        assert (await claim(store)).rows == []
        job = await Operator(store).retry(job_id, force=True)
        assert job is not None
        assert job.sent_at is None


async def test_a_retry_of_a_lost_call_checks_first_where_that_can_be_done(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        checked = await ended(store, "unknown", "r1", action="toy.touch_checked")
        once = await ended(store, "unknown", "r2", action="toy.touch_once")
        operator = Operator(store)
        assert (await operator.retry(checked)).sent_at is not None  # type: ignore[union-attr]
        assert (await operator.retry(once)).sent_at is None  # type: ignore[union-attr]


async def test_a_running_job_is_neither_retried_nor_cancelled(database_url: str) -> None:
    async with store_on(database_url) as store:
        [accepted] = await store.accept([launch()])
        await claim(store)
        for wish in (Operator(store).cancel, Operator(store).retry):
            with pytest.raises(NotAllowed):
                await wish(accepted.job.id)


async def test_an_ended_job_is_not_cancelled(database_url: str) -> None:
    async with store_on(database_url) as store:
        operator = Operator(store)
        for state in ("done", "unknown"):
            with pytest.raises(NotAllowed):
                await operator.cancel(await ended(store, state))
        [accepted] = await store.accept([launch("r2")])
        [row] = (await claim(store)).rows
        said = ending(row, "me", "pending", finished_at=store.clock())
        assert await store.end(said)  # the last word about something nobody can see
        with pytest.raises(NotAllowed):
            await operator.cancel(accepted.job.id)


async def test_nobody_sees_or_touches_the_jobs_of_another_scope(database_url: str) -> None:
    async with store_on(database_url) as store:
        job_id = await ended(store, "parked")
        operator = Operator(store)
        assert await operator.retry(job_id, scope="slack:T2") is None
        assert await operator.cancel(job_id, scope="slack:T2") is None
        assert (await operator.find(Filter(scope="slack:T2"))).jobs == []


async def test_many_are_retried_and_cancelled_by_filter(database_url: str) -> None:
    async with store_on(database_url) as store:
        for number in range(5):
            await ended(store, "parked", f"r{number}")
        await ended(store, "done", "r9")
        operator = Operator(store)
        assert len((await operator.retry_all(Filter(states=(JobState.PARKED,)))).ids) == 5
        assert len((await operator.cancel_all(Filter(room="r3"))).ids) == 1
        assert len((await operator.cancel_all(Filter())).ids) == 4
        assert len((await operator.retry_all(Filter(), force=True)).ids) == 6


async def test_a_cancel_is_told_once_and_a_retry_takes_back_what_was_not_told(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        [accepted] = await store.accept([launch(asker=ANNA, reply_to=SLACK)])
        operator = Operator(store)
        await operator.cancel(accepted.job.id)
        await operator.retry(accepted.job.id, force=True)
        async with working(store, Upstream()) as engine:
            await engine.finished(1)
            assert engine.told == [(accepted.job.id, JobState.DONE, False)]


async def test_what_is_being_told_is_not_told_again_when_the_job_is_tried_again(
    database_url: str,
) -> None:
    telling, goes_on = asyncio.Event(), asyncio.Event()
    seen: list[JobState] = []

    async def tell(job: Job) -> Result:
        seen.append(job.state)
        if len(seen) > 1:
            return Told("channel")
        telling.set()
        await goes_on.wait()
        return TryLater(0.0, "no answer came")

    async def never(_: Request) -> Response:
        await asyncio.Event().wait()
        return OK

    async with store_on(database_url) as store, working(store, Upstream(), drain_s=0) as engine:
        engine.tell = tell
        [accepted] = await store.accept([launch(reply_to=SLACK)])
        await telling.wait()
        engine.upstream.answer = never  # so the second try goes on
        await Operator(store).retry(accepted.job.id, force=True)
        goes_on.set()
        await asyncio.sleep(1.0)  # the poll for due deliveries comes ten times
        assert seen == [JobState.DONE]


async def test_a_parked_job_that_is_cancelled_is_told_once(database_url: str) -> None:
    async with store_on(database_url) as store:
        [accepted] = await store.accept([launch(reply_to=SLACK)])
        [row] = (await claim(store)).rows
        due = delivery_rows(SLACK, row["seq"], store.clock())
        end = ending(row, "me", "parked")
        end.deliveries = due
        await store.end(end)
        await Operator(store).cancel(accepted.job.id)
        async with working(store, Upstream()) as engine:
            await eventually(lambda: _settled(store))
            await asyncio.sleep(0.5)
            assert engine.told == [(accepted.job.id, JobState.CANCELLED, False)]


async def _settled(store: Store) -> bool:
    return not await open_deliveries(store)


async def test_old_jobs_and_keys_go_and_young_ones_stay(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        await store.accept([launch("old")], key=key("old"))
        [row] = (await claim(store)).rows
        await store.end(ending(row, "me"))
        [parked] = [await ended(store, "parked", "parked")]
        clock.now += 8 * 86_400
        await store.accept([launch("new")], key=key("new"))
        operator = Operator(store)
        day = 86_400
        gone = await operator.prune(
            Bounds(
                done_before=clock.now - 7 * day,
                parked_before=clock.now - 30 * day,
                keys_before=clock.now - 3 * day,
            )
        )
        assert gone == 1
        assert [job.args["room"] for job in await all_jobs(store)] == ["parked", "new"]
        assert (await all_jobs(store))[0].id == parked
        left = await store.read(lambda db: list(db.scalars(select(keys.c.value))))
        assert left == ["api:new"]


async def test_erasing_a_room_leaves_nothing_of_it(database_url: str) -> None:
    async with store_on(database_url) as store, working(store, Upstream()) as engine:
        for connection in ("toy", "toy", "elsewhere"):
            await store.accept([launch("r1", reply_to=SLACK, connection=connection)])
        await store.accept([launch("r11", reply_to=SLACK)])
        await engine.finished(3)
        assert await engine.operator.erase_room("r1") == 3
        assert [row["lane"] for row in await rows(store)] == ["toy:r11"]
        for table in (attempts, deliveries):
            assert await count(store, table) == 1


class Mail(Touch):
    """A touch that a person is told of."""

    id: ClassVar = "toy.mail"

    email: str = Field("", description="Who is told.")


async def test_the_rooms_of_a_person_are_those_whose_jobs_name_their_whole_address(
    database_url: str,
) -> None:
    async with store_on(database_url, actions={**TOYS, Mail.id: Mail}) as store:
        await store.accept(
            [
                Launch(Mail(room=room, number=0, email=email), "toy", ANNA, ReplyTo())
                for room, email in (
                    ("asked", "Anna@Example.org"),
                    ("among", "bert@example.org,\nanna@example.org."),
                    ("other", "joanna@example.org"),
                    ("longer", "anna@example.org.uk"),
                    ("umlaut", "jörg_x@example.org"),
                    ("none", ""),
                )
            ]
        )
        [accepted] = await store.accept([launch("answered")])
        [row] = [row for row in (await claim(store)).rows if row["id"] == accepted.job.id]
        told = '{"kind":"done","code":"sent","message":"Sent to anna@example.org."}'
        assert await store.end(ending(row, "me", outcome=told))
        operator = Operator(store)
        assert await operator.rooms_naming("anna@example.org") == ["among", "answered", "asked"]
        assert await operator.rooms_naming("jörg_x@example.org") == ["umlaut"]
        assert await operator.rooms_naming("jörg%x@example.org") == []


async def test_what_waits_of_somebody_who_lost_the_right_is_cancelled_at_once(
    database_url: str,
) -> None:
    bert = Asker("slack", "slack:T1", user_id="U2")
    async with store_on(database_url) as store:
        await store.accept([launch("r1", asker=ANNA), launch("r2", asker=bert), launch("r3")])
        operator = Operator(store)
        assert len((await operator.cancel_all(Filter(asker="U2"))).ids) == 1
        assert len((await operator.cancel_all(Filter(scope="key:shop"))).ids) == 1
        assert [row["state"] for row in await rows(store)] == ["queued", "cancelled", "cancelled"]


async def test_the_end_of_an_erased_job_is_not_stored(database_url: str) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch("r1"), launch("r1", 2)])
        [row] = (await claim(store)).rows
        assert await Operator(store).erase_room("r1") == 2
        assert not await store.end(ending(row, "me"))
        await store.accept([launch("r1", 3)])
        assert len((await claim(store)).rows) == 1


async def test_pages_go_from_new_to_old_without_gaps(database_url: str) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch(f"r{number}") for number in range(7)])
        seen, cursor = [], ""
        while True:
            page = await Operator(store).find(Filter(), limit=3, cursor=cursor)
            seen += [job.args["room"] for job in page.jobs]
            cursor = page.cursor
            if not cursor:
                break
        assert seen == [f"r{number}" for number in reversed(range(7))]
