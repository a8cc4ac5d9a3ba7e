"""The pace as a worker meets it: an answer before its headers, settings before what was stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.app.storage import assumed
from bridge.contract import Done, Request, Response
from bridge.jobs import windows
from bridge.jobs.limits import TRUST_S, Limits
from bridge.jobs.pace import Window
from bridge.jobs.store import Store
from bridge.settings import load
from tests.clock import Clock
from tests.jobs.house import claim, store_on, working
from tests.jobs.test_pace import headers
from tests.jobs.test_pace_bounds import GARBAGE
from tests.jobs.toys import ANNA, Upstream, launch

GUESS = {"toy": Window(10, 60.0)}
ROUTE = "POST /touch"
OK = Response(200, body=b"{}")
TOO_MANY = Response(429, {"retry-after": "1735689600"}, error_code="error-too-many-requests")


def limits_of(store: Store) -> Limits:
    return Limits(store, breaker_failures=5, breaker_probe_s=15.0)


async def taken(limits: Limits, wishes: int, route: str = ROUTE) -> int:
    """How many of so many calls may be sent at once."""
    return [await limits.take("toy", route) for _ in range(wishes)].count(0.0)


@pytest.mark.parametrize(
    "garbage",
    [
        *GARBAGE,
        {"x-ratelimit-limit": "9" * 15},
        {"x-ratelimit-remaining": "9" * 20},
        {"x-ratelimit-reset": "9" * 15},
        {"date": "Thu, 01 Jan 99999 00:00:00 GMT"},
    ],
)
async def test_an_answer_counts_whatever_its_headers_say(
    database_url: str, garbage: dict[str, str]
) -> None:
    clock = Clock()

    async def answer(_: Request) -> Response:
        return Response(200, headers(10, 9, clock.now + 60) | garbage, b"{}")

    async with store_on(database_url, clock=clock, windows=GUESS) as store:
        upstream = Upstream(answer=answer)
        async with working(store, upstream) as engine:
            await store.accept([launch(action="toy.touch_once")])
            [job] = await engine.finished(1)
        assert job.outcome == Done("touched", "Touched r1.")
        assert len(upstream.writes()) == 1


async def test_an_answer_counts_although_nothing_can_be_learnt_from_it(database_url: str) -> None:
    async def mistaken(_: windows.Learn) -> Window:
        raise OverflowError("a number that the database does not take")

    async with store_on(database_url, windows=GUESS) as store:
        store.learn_window = mistaken  # type: ignore[method-assign,assignment]
        upstream = Upstream()
        async with working(store, upstream) as engine:
            await store.accept([launch(action="toy.touch_once")])
            [job] = await engine.finished(1)
        assert job.outcome == Done("touched", "Touched r1.")
        assert len(upstream.writes()) == 1


async def test_an_absurd_wait_is_an_hour_and_the_jobs_stay_readable(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        limits = limits_of(store)
        await limits.answered("toy", ROUTE, TOO_MANY)
        assert await limits.take("toy", ROUTE) == 3600
        # an answer that was under way does not shorten it
        await limits.answered("toy", ROUTE, OK)
        assert await limits.take("toy", ROUTE) == 3600
        clock.now += 3600
        assert await limits.take("toy", ROUTE) == 0


async def test_a_clock_that_is_set_back_closes_neither_a_route_nor_a_connection(
    database_url: str,
) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock, windows=GUESS) as store:
        limits = limits_of(store)
        assert await taken(limits, 11) == 10
        for _ in range(5):
            await limits.failed("toy")
        await store.accept([launch("r1"), launch("r2")])
        assert not (await claim(store)).rows
        clock.now -= 400 * 86_400
        [mine] = await store.accept([launch("mine", asker=ANNA)])
        assert mine.wait_s == 0
        probe = await claim(store)
        assert (len(probe.rows), probe.probing) == (1, {"toy"})
        assert (await claim(store)).wake_in_s == 15
        assert await taken(limits, 11) == 9  # the probe has taken one


@pytest.mark.parametrize(
    ("default", "fits"),
    [
        (Window(2, 60.0), 1),
        (Window(2, 60.0, source="configured"), 1),
        (Window(0, 1.0, source="configured"), 12),
    ],
)
async def test_new_settings_count_for_what_was_stored_under_the_old(
    database_url: str, default: Window, fits: int
) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock, windows=GUESS) as store:
        assert await taken(limits_of(store), 1) == 1
    async with store_on(database_url, clock=clock, windows={"toy": default}) as store:
        await store.accept([launch(f"r{number}") for number in range(12)])
        assert len((await claim(store)).rows) == fits
        [mine] = await store.accept([launch("mine", asker=ANNA)])
        assert (mine.wait_s > 0) is (fits == 1)
        assert (await limits_of(store).wait_s("toy", ROUTE) > 0) is (fits == 1)


async def test_a_limit_that_is_gone_is_unlearnt(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock, windows=GUESS) as store:
        limits = limits_of(store)
        await limits.answered("toy", ROUTE, Response(200, headers(10, 0, clock.now + 60)))
        assert await taken(limits, 1) == 0
        await limits.answered("toy", ROUTE, OK)
        assert await taken(limits, 100) == 100


async def test_a_limit_that_another_process_learnt_is_unlearnt_where_none_is_configured(
    database_url: str,
) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        told = Response(200, headers(10, 0, clock.now + 60))
        await limits_of(store).answered("toy", ROUTE, told)
        await store.accept([launch("r1")])
        assert not (await claim(store)).rows
        fresh = limits_of(store)
        await fresh.answered("toy", ROUTE, OK)
        assert len((await claim(store)).rows) == 1
        # what is known to be unlimited costs no write, and none leaves a row behind
        await fresh.answered("toy", "GET /free", OK)
        assert await store.read(lambda db: windows.peek(db, ("toy", "GET /free"))) is None
        told = Response(200, headers(10, 0, clock.now + 60))
        await limits_of(store).answered("toy", ROUTE, told)
        await fresh.answered("toy", ROUTE, OK)
        assert not (await store.read(lambda db: windows.peek(db, ("toy", ROUTE)))).unlimited  # type: ignore[union-attr]
        clock.now += TRUST_S
        await fresh.answered("toy", ROUTE, OK)
        assert (await store.read(lambda db: windows.peek(db, ("toy", ROUTE)))).unlimited  # type: ignore[union-attr]


async def test_of_a_configured_and_a_learnt_limit_the_lower_counts(database_url: str) -> None:
    clock = Clock()
    ruled = {"toy": Window(2, 60.0, source="configured")}
    async with store_on(database_url, clock=clock, windows=ruled) as store:
        limits = limits_of(store)
        assert await taken(limits, 1) == 1
        await limits.answered("toy", ROUTE, Response(200, headers(10, 9, clock.now + 60)))
        assert await taken(limits, 9) == 1
        await limits.answered("toy", ROUTE, OK)  # nor does an account without a limit lift it
        assert await taken(limits, 9) == 0


@pytest.mark.parametrize(
    ("more", "window"),
    [
        ({}, Window(10, 60.0)),
        ({"ROCKETCHAT_PACE_WINDOW_S": "30"}, Window(10, 30.0)),
        ({"ROCKETCHAT_PACE_LIMIT": "10"}, Window(10, 60.0, source="configured")),
        ({"ROCKETCHAT_PACE_LIMIT": "3"}, Window(3, 60.0, source="configured")),
        ({"ROCKETCHAT_PACE_LIMIT": "0"}, Window(0, 60.0, source="configured")),
    ],
)
def test_rocketchats_own_default_is_a_guess_and_what_is_set_is_a_word(
    more: dict[str, Any], window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # no config/bridge.toml there
    account = {
        "ROCKETCHAT_URL": "https://chat.example.com",
        "ROCKETCHAT_USER_ID": "u",
        "ROCKETCHAT_AUTH_TOKEN": "t",
    }
    assert assumed(load(account | more).connections["rocketchat"]) == window
