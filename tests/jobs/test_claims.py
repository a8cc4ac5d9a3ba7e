"""Claims: people first, programs not starved, fair between senders, blocked channels cost nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.contract import Asker, Done, Retry
from bridge.jobs import windows
from bridge.jobs.attempt import Attempt, Claimed
from bridge.jobs.ending import Rules, conclude
from bridge.jobs.finishing import EndItem, Held
from bridge.jobs.limits import Limits
from bridge.jobs.pace import PROGRAM_SHARE, Window
from bridge.jobs.rows import from_row
from bridge.jobs.store import Store
from bridge.vault import Vault
from tests.clock import Clock
from tests.jobs.house import claim, ending, store_on
from tests.jobs.toys import ANNA, launch

PACED = {"toy": Window(10, 60.0, source="configured")}


async def start_order(store: Store, count: int) -> list[str]:
    """Whose jobs start, one free slot at a time."""
    streaks: dict[str, int] = {}
    order = []
    for _ in range(count):
        [row] = (await claim(store, capacity=1, people_in_a_row=streaks)).rows
        order.append(row["scope"])
        await store.end(ending(row, "me"))
    return order


async def test_a_person_starts_before_a_thousand_programs(database_url: str) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch(f"r{number}") for number in range(1000)])
        await store.accept([launch("mine", asker=ANNA)])
        assert await start_order(store, 1) == [ANNA.scope]


async def test_programs_get_their_share_of_an_endless_row_of_people(database_url: str) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch(f"p{number}", asker=ANNA) for number in range(60)])
        await store.accept([launch(f"r{number}") for number in range(60)])
        order = await start_order(store, 40)
        assert order.count("key:shop") == 40 // PROGRAM_SHARE


async def test_a_burst_of_one_sender_does_not_hold_up_the_others(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        burst, small = Asker("api", "key:burst"), Asker("api", "key:small")
        await store.accept([launch(f"b{number}", asker=burst) for number in range(500)])
        await store.accept([launch(f"s{number}", asker=small) for number in range(10)])
        order = await start_order(store, 20)
        assert order.count("key:small") == 10


async def test_a_channel_without_calls_left_is_not_claimed_and_says_when(
    database_url: str,
) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock, windows=PACED) as store:
        await store.accept([launch(f"r{number}") for number in range(25)])
        await store.accept([launch("free", connection="other")])
        first = await claim(store)
        assert len(first.rows) == 11
        assert len(first.reserved) == 10
        again = await claim(store)
        assert again.rows == []
        assert again.wake_in_s is not None
        assert 59 < again.wake_in_s < 61
        clock.now += 60.1
        assert len((await claim(store)).rows) == 10


async def test_the_pace_survives_a_restart(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock, windows=PACED) as store:
        await store.accept([launch(f"r{number}") for number in range(25)])
        assert len((await claim(store)).rows) == 10
    async with store_on(database_url, clock=clock, windows=PACED) as store:
        claimed = (await claim(store)).rows
        assert claimed == []


async def test_an_open_breaker_lets_one_probe_through_at_a_time(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        await store.accept([launch(f"r{number}") for number in range(5)])
        breaker = Window(5, 15.0, 0, clock.now + 15, "configured")
        await store.write(
            lambda db: windows.write(db, {("toy", windows.BREAKER): breaker}, clock.now)
        )
        closed = await claim(store)
        assert closed.rows == []
        assert closed.wake_in_s == 15
        clock.now += 15.1
        probe = await claim(store)
        assert len(probe.rows) == 1
        assert probe.probing == {"toy"}
        assert (await claim(store)).rows == []


async def test_jobs_of_a_connection_this_worker_lacks_are_left_to_others(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch("r1", connection="elsewhere")])
        assert (await claim(store)).rows == []


async def test_a_watched_job_of_a_connection_this_worker_lacks_is_not_looked_at_by_it(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch("r1", action="toy.watch")])
        [row] = (await claim(store)).rows
        due = store.clock() - 1
        await store.end(ending(row, "me", "pending", phase="follow", run_at=due, pending_at=due))
        left = await claim(store, connections=frozenset(("elsewhere",)))
        assert (left.rows, left.wake_in_s) == ([], None)
        assert len((await claim(store)).rows) == 1


async def test_one_job_that_always_fails_does_not_take_every_probe(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        await store.accept([launch("bad"), *(launch(f"r{number}") for number in range(5))])
        limits = Limits(store, breaker_failures=1, breaker_probe_s=15.0)
        [row] = (await claim(store, capacity=1)).rows
        probes: list[str] = []
        while len(probes) < 2:
            await (limits.failed("toy") if row["lane"] == "toy:bad" else limits.forget("toy"))
            await store.end(_ended(row, limits, clock.now))
            probes.append(row["lane"])
            clock.now += 15.1
            [row] = (await claim(store, capacity=1)).rows
        assert probes == ["toy:bad", "toy:r0"]
        assert not limits.is_open("toy")


def _ended(row: Mapping[str, Any], limits: Limits, now: float) -> EndItem:
    """How an attempt ends: `bad` fails every time, the others never."""
    job = from_row(row, Vault(["test"]))
    failed = job.lane == "toy:bad"
    rules = Rules(
        now=now,
        started=now,
        jitter=0.5,
        give_up_after_s=86_400,
        breaker_open=limits.is_open("toy"),
        worker="me",
        breaker_probe_s=15.0,
    )
    outcome = Retry("no_answer", "No answer.") if failed else Done("touched", "Touched.")
    claimed = Claimed(job, Held(row["seq"], "me", row["fence"]), 0.0, fresh_intent=False)
    return conclude(claimed, Attempt(), outcome, rules)
