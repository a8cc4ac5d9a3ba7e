"""The queries behind the pages, on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar
from sqlalchemy import insert

from bridge.actions import catalogue
from bridge.console import charts, health, reading
from bridge.console.asked import Asked
from bridge.console.reading import Shelf, Wish
from bridge.console.throughput import STEPS, Throughput
from bridge.contract import Job, JobState, ReplyTo
from bridge.jobs.pace import Window
from bridge.jobs.rows import to_row
from bridge.jobs.tables import jobs
from tests.clock import Clock
from tests.console.conftest import Serve
from tests.console.desk import (
    ANNA,
    CLOSE,
    MIA,
    NIGHTLY,
    PDF,
    TOKEN,
    Desk,
    close_desk,
    settings,
)
from tests.console.desk import open_desk as open_on
from tests.console.scenes import busy_day


@pytest.fixture
async def desk(tmp_path: Path, clock: Clock, database_url: str) -> AsyncIterator[Desk]:
    found = await open_on(tmp_path, clock, settings(), url=database_url)
    yield found
    await close_desk(found)


async def find(desk: Desk, asked: Asked, cursor: str = "") -> Shelf:
    wish = Wish(asked.filter(desk.clock()), (), ("rocketchat",), limit=5, cursor=cursor)
    return await desk.store.read(lambda db: reading.page(db, wish))


async def many(desk: Desk, count: int, **columns: object) -> None:
    """Finished jobs in bulk, one second apart, the newest last."""
    job = Job("x", CLOSE, {"rid": "r"}, "rocketchat", "rocketchat:r", ANNA, ReplyTo(), 0, 0)
    row = to_row(job, catalogue()[CLOSE], desk.store.vault, rank=0)
    now = desk.clock()
    rows = [
        {
            **row,
            "id": f"B{number:08d}",
            "state": "done",
            "created_at": now - count + number,
            "finished_at": now - count + number + 0.5,
            **columns,
        }
        for number in range(count)
    ]
    await desk.store.write(lambda db: db.execute(insert(jobs), rows) and None)


async def test_every_page_answers_on_both_engines(desk: Desk, aiohttp_server: Serve) -> None:
    ids = await busy_day(desk)
    server = await aiohttp_server(desk.app())
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as http:
        page = await (await http.get(server.make_url("/console/sign-in"))).text()
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        form = {"token": TOKEN, "csrf": csrf}
        await http.post(server.make_url("/console/sign-in"), data=form)
        for path, said in (
            ("", "Parked"),
            ("?state=done&action=rocketchat.close_room&span=24h&asker=key:nightly", "Done"),
            ("?room=8ceKgWvo5qT5TrCRN&state=parked&connection=rocketchat", "Parked"),
            ("?after=%C2%B2&since=0001-01-01T00:00&until=9999-12-31T23:59&room=%00", "No "),
            ("/overview", "jobs ended in the last 24 hours"),
            ("/connections", "Breaker open"),
            ("/sources", "zendesk"),
            (f"/jobs/{ids['parked']}", "Attempt 3"),
            ("/bulk?do=retry&state=parked&state=unknown", "Retry"),
            ("/bulk?do=cancel&span=24h", "Cancel"),
        ):
            answer = await http.get(server.make_url(f"/console{path}"))
            assert answer.status == 200, path
            assert said in await answer.text(), path


@pytest.mark.parametrize(
    ("window", "words", "shown"),
    [
        (Window(3, 60.0), "3 calls per 60 s and route until learnt", (10, 7, "learnt")),
        (
            Window(3, 60.0, source="configured"),
            "3 calls per 60 s and route at most",
            (3, 3, "learnt"),
        ),
        (Window(0, 60.0, source="configured"), "", (10, 7, "learnt")),
    ],
)
async def test_a_connection_shows_the_limit_that_counts(
    desk: Desk, window: Window, words: str, shown: tuple[int, int, str]
) -> None:
    now = desk.clock()
    await desk.pace("rocketchat", "POST /close", used=7, resets_at=now + 31)
    await desk.pace("rocketchat", "*", calls=5, window_s=15.0, resets_at=now + 1e9)
    configured = {"rocketchat": settings().connections["rocketchat"]}
    [found] = await desk.store.read(
        lambda db: health.connections(db, configured, {"rocketchat": window}, now)
    )
    [route] = found.routes
    assert (route.calls, route.used, route.source) == shown
    assert (found.assumed, found.probe_in_s) == (words, 0)


async def test_a_rare_match_is_found_by_going_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "REACH", 40)
    rare = await desk.put(JobState.DONE, asker=MIA, room="rare", age_s=5000)
    await many(desk, 100)
    cursor, visits = "", 0
    while True:
        shelf = await find(desk, Asked(asker=MIA.user_id), cursor)
        visits += 1
        if shelf.rows or not shelf.cursor:
            break
        assert shelf.reached
        cursor = shelf.cursor
    assert [row.id for row in shelf.rows] == [rare]
    assert visits == 3


async def test_several_states_and_scopes_come_newest_first(desk: Desk) -> None:
    await many(desk, 20)
    first = await desk.put(JobState.PARKED, asker=NIGHTLY)
    second = await desk.put(JobState.UNKNOWN, action=PDF, asker=NIGHTLY)
    both = await find(desk, Asked(states=(JobState.PARKED, JobState.UNKNOWN)))
    assert [row.id for row in both.rows] == [second, first]
    scoped = await find(desk, Asked(asker="key:nightly", states=(JobState.PARKED,)))
    assert [row.id for row in scoped.rows] == [first]
    scoped = await find(desk, Asked(asker="key:nightly"))
    assert [row.id for row in scoped.rows] == [second, first]


async def test_time_is_found_by_halving_and_is_exact(desk: Desk, clock: Clock) -> None:
    await many(desk, 1000)
    since = Asked(since=_written(clock() - 3.5)).filter(clock())
    wish = Wish(since, limit=50)
    shelf = await desk.store.read(lambda db: reading.page(db, wish))
    assert [row.id for row in shelf.rows] == ["B00000999", "B00000998", "B00000997"]
    until = Wish(Asked(until=_written(clock() - 997.5)).filter(clock()), limit=50)
    shelf = await desk.store.read(lambda db: reading.page(db, until))
    assert [row.id for row in shelf.rows] == ["B00000002", "B00000001", "B00000000"]


async def test_counts_stop_early_and_say_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST", 50)
    await many(desk, 60)
    tally = await desk.store.read(reading.tally)
    assert tally[JobState.DONE] == 51
    assert tally[JobState.PARKED] == 0


async def test_a_lane_shows_what_stands_around_a_job(desk: Desk) -> None:
    ids = [await desk.put(JobState.DONE, room="one") for _ in range(9)]
    await desk.put(JobState.DONE, room="two")
    lane = await desk.store.read(lambda db: reading.neighbours(db, ids[4]))
    assert [row.id for row in lane] == ids[7:0:-1]
    assert await desk.store.read(lambda db: reading.neighbours(db, "none")) == []


async def test_a_busy_half_hour_is_counted_exactly_and_its_times_are_sampled(
    desk: Desk, clock: Clock
) -> None:
    clock.now = 1_800_000 * 1000.0 + 1799.0  # the end of a half hour
    await many(desk, 1000)
    day = await Throughput(desk.store, clock).day()
    assert len(day) == STEPS
    last = day[-1]
    assert (last.total, last.sampled, last.median_s) == (1000, True, 0.5)
    assert abs(sum(last.states.values()) - 1000) <= 2
    drawn = charts.throughput(day)
    assert "1,000 jobs ended" in drawn.summary
    assert all(bar.height >= 1 for bar in drawn.bars)


def _written(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, UTC).isoformat()[:26]
