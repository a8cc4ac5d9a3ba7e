"""The worker: intents, drains, breakers, looks, and slots that always come back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from bridge.contract import JobState, Lost, Request, Response, Unsent
from bridge.jobs.limits import Limits
from bridge.jobs.pace import Window
from bridge.jobs.rows import delivery_rows
from tests.jobs.house import all_jobs, claim, ending, eventually, holds, rows, store_on, working
from tests.jobs.toys import ANNA, OK, SLACK, Upstream, launch

RETRIES = {"toy.touch": JobState.WAITING, "toy.touch_checked": JobState.WAITING}


async def drops(_: Request) -> Response:
    raise Lost("the connection broke")


@pytest.mark.parametrize(
    ("action", "state", "code"),
    [
        ("toy.touch", JobState.WAITING, "no_answer"),
        ("toy.touch_checked", JobState.WAITING, "no_answer"),
        ("toy.touch_once", JobState.UNKNOWN, "answer_lost"),
    ],
)
async def test_a_lost_answer_is_judged_by_the_repeat_class(
    database_url: str, action: str, state: JobState, code: str
) -> None:
    async with store_on(database_url) as store:
        upstream = Upstream(answer=drops)
        async with working(store, upstream):
            await store.accept([launch(action=action)])

            async def judged() -> bool:
                [job] = await all_jobs(store)
                return job.outcome is not None

            await eventually(judged)
            [job] = await all_jobs(store)
        assert (job.state, job.outcome and job.outcome.code) == (state, code)
        assert job.sent_at is not None
        assert len(upstream.writes()) == 1


async def test_a_request_that_surely_was_not_sent_leaves_no_intent_behind(
    database_url: str,
) -> None:
    async def refuses(_: Request) -> Response:
        raise Unsent("no connection could be made")

    async with store_on(database_url) as store, working(store, Upstream(answer=refuses)):
        await store.accept([launch(action="toy.touch_once"), launch("r2")])

        async def tried() -> bool:
            return all(job.state is JobState.WAITING for job in await all_jobs(store))

        await eventually(tried)
        assert [job.sent_at for job in await all_jobs(store)] == [None, None]


async def test_after_a_kill_a_check_comes_before_a_second_write(database_url: str) -> None:
    async def seen(request: Request) -> Response:
        return Response(200, body=b'{"touched": true}') if request.method == "GET" else OK

    async with store_on(database_url) as store:
        await store.accept([launch(action="toy.touch_checked"), launch("r2", action="toy.touch")])
        claimed = await claim(store, "killed", lease_s=0.01, intends=lambda _: True)
        assert len(claimed.rows) == 2
        await asyncio.sleep(0.02)
        assert await store.sweep() == 2
        upstream = Upstream(answer=seen)
        async with working(store, upstream) as engine:
            jobs = await engine.finished(2)
        assert [request.method for request in upstream.sent if request.route == "/seen"] == ["GET"]
        assert [body["room"] for body in upstream.writes()] == ["r2"]
        assert {job.state for job in jobs} == {JobState.DONE}


async def test_what_never_repeats_is_unknown_after_a_kill_and_a_person_may_send_it_again(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        [accepted] = await store.accept([launch(action="toy.touch_once", reply_to=SLACK)])
        [row] = (await claim(store, "killed", lease_s=0.01)).rows
        sent = text("UPDATE jobs SET sent_at = 1 WHERE seq = :seq").bindparams(seq=row["seq"])
        await store.write(lambda db: db.execute(sent))
        await asyncio.sleep(0.02)
        assert await store.sweep() == 1
        upstream = Upstream()
        async with working(store, upstream) as engine:
            [job] = await engine.finished(1)
            assert (job.state, upstream.sent) == (JobState.UNKNOWN, [])
            await engine.operator.retry(accepted.job.id)
            await eventually(lambda: _told(engine.told, 2))
        assert [state for _, state, _ in engine.told] == [JobState.UNKNOWN, JobState.DONE]
        assert len(upstream.writes()) == 1


async def _told(told: list[tuple[str, JobState, bool]], count: int) -> bool:
    return len(told) >= count


async def test_sigterm_lets_run_what_can_end_and_gives_back_the_rest(database_url: str) -> None:
    never = asyncio.Event()

    async def answer(request: Request) -> Response:
        if request.body["room"] == "slow":
            await never.wait()
        await asyncio.sleep(0.2)
        return OK

    async with store_on(database_url) as store:
        upstream = Upstream(answer=answer)
        async with working(store, upstream, drain_s=0.6, concurrency=2):
            wishes = [launch("quick"), launch("slow"), launch("later1"), launch("later2")]
            await store.accept(wishes)
            await eventually(lambda: _count(upstream.sent, 2))
        states = {row["lane"].partition(":")[2]: row["state"] for row in await rows(store)}
        assert states == {"quick": "done", "slow": "queued", "later1": "queued", "later2": "queued"}
        [slow] = [row for row in await rows(store) if row["lane"] == "toy:slow"]
        assert (slow["owner"], slow["sent_at"] is not None) == (None, True)


async def test_a_claim_in_flight_at_sigterm_is_given_back_unstarted(database_url: str) -> None:
    async with store_on(database_url) as store:
        upstream = Upstream()
        real, on_the_way, go = store.claim, asyncio.Event(), asyncio.Event()

        async def claim_slowly(item: object) -> object:
            claims = await real(item)  # type: ignore[arg-type]
            if claims.rows:
                on_the_way.set()
                await go.wait()
            return claims

        store.claim = claim_slowly  # type: ignore[method-assign,assignment]
        async with working(store, upstream, start=False) as engine:
            await engine.worker.start()
            await store.accept([launch("r1"), launch("r2", action="toy.touch_once")])
            await on_the_way.wait()
            stopping = asyncio.create_task(engine.worker.stop(0.5))
            await asyncio.sleep(0.05)
            go.set()
            await stopping
        assert upstream.sent == []
        found = [(row["state"], row["owner"], row["sent_at"]) for row in await rows(store)]
        assert found == [("queued", None, None)] * 2


async def test_every_slot_comes_back_whatever_happens_in_it(database_url: str) -> None:
    async def answer(request: Request) -> Response:
        match int(request.body["number"]) % 4:
            case 0:
                return OK
            case 1:
                raise RuntimeError("a mistake of ours")
            case 2:
                return Response(200, body=b'{"half": "\\ud83d"}')
            case _:
                return Response(503, body=b"\x00busy")

    async with store_on(database_url) as store:
        upstream = Upstream(answer=answer)
        async with working(store, upstream, concurrency=3, breaker_failures=1000) as engine:
            await store.accept([launch(f"r{number}", number) for number in range(40)])

            async def all_tried() -> bool:
                return all(job.outcome is not None for job in await all_jobs(store))

            await eventually(all_tried)
            await eventually(
                lambda: holds(engine.worker._slots.free == 3 and not engine.worker._held)
            )
        codes = {job.outcome.code for job in await all_jobs(store) if job.outcome}
        assert codes == {"touched", "internal", "no_answer"}


async def _count(sent: list[Request], count: int) -> bool:
    return len(sent) >= count


async def test_one_bad_row_is_parked_and_told_and_holds_up_nobody(database_url: str) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch("bad", reply_to=SLACK), launch("good", reply_to=SLACK)])
        spoil = text("UPDATE jobs SET asker = '{\"later_release\": 1}' WHERE lane = 'toy:bad'")
        await store.write(lambda db: db.execute(spoil))
        async with working(store, Upstream()) as engine:
            bad, good = await engine.finished(2)
            told = {(bad.id, JobState.PARKED, False), (good.id, JobState.DONE, False)}
            assert set(engine.told) == told
            assert (bad.asker.scope, bad.args["room"]) == ("key:shop", "bad")
            assert await engine.operator.get(bad.id) == bad


async def test_an_end_that_only_a_later_release_can_read_is_kept_and_holds_up_no_other(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        await store.accept([launch("bad", reply_to=SLACK), launch("good", reply_to=SLACK)])
        for row in (await claim(store)).rows:
            end = ending(row, "me")
            end.deliveries = delivery_rows(SLACK, row["seq"], store.clock())
            await store.end(end)
        spoil = text("UPDATE jobs SET outcome = '{\"kind\": \"later\"}' WHERE lane = 'toy:bad'")
        await store.write(lambda db: db.execute(spoil))
        with capture_logs() as logs:
            async with working(store, Upstream()) as engine:
                bad, good = await engine.finished(2)
                assert engine.told == [(good.id, JobState.DONE, False)]
                _, [kept] = await engine.operator.history(bad.id)
                assert (kept["state"], kept["how"].partition(":")[0]) == ("kept", "unreadable")
        said = [one["job_id"] for one in logs if one["event"] == "delivery.kept"]
        assert said == [bad.id]


async def test_a_dead_upstream_costs_probes_and_no_attempts_and_work_goes_on_when_it_is_back(
    database_url: str,
) -> None:
    down = True

    async def answer(_: Request) -> Response:
        if down:
            raise Unsent("no connection could be made")
        return OK

    async with store_on(database_url) as store:
        upstream = Upstream(answer=answer)
        async with working(
            store, upstream, breaker_failures=3, breaker_probe_s=0.25, concurrency=3
        ) as engine:
            await store.accept([launch(f"r{number}") for number in range(30)])
            await eventually(lambda: holds(engine.limits.is_open("toy")))
            before = len(upstream.sent)
            await asyncio.sleep(1.0)
            assert len(upstream.sent) - before <= 6
            attempts = sum(job.attempts for job in await all_jobs(store))
            assert attempts <= 3
            down = False
            jobs = await engine.finished(30, within_s=20)
        assert {job.state for job in jobs} == {JobState.DONE}


async def test_a_breaker_opened_before_a_restart_is_probed_and_closed_after_it(
    database_url: str,
) -> None:
    async with store_on(database_url) as store:
        limits = Limits(store, breaker_failures=2, breaker_probe_s=0.3)
        await limits.failed("toy")
        await limits.failed("toy")
        await store.accept([launch(f"r{number}") for number in range(20)])
    async with store_on(database_url) as store:
        upstream = Upstream()
        async with working(store, upstream, breaker_failures=2, breaker_probe_s=0.3) as engine:
            jobs = await engine.finished(20, within_s=10)
        assert {job.attempts for job in jobs} == {1}


async def test_a_pending_end_is_looked_after_and_told_once(database_url: str) -> None:
    looks = 0

    async def answer(request: Request) -> Response:
        nonlocal looks
        if request.method == "GET":
            looks += 1
            if looks == 2:
                raise Lost("the connection broke")
        return Response(200, body=b'{"touched": true}' if looks >= 4 else b"{}")

    async with store_on(database_url) as store, working(store, Upstream(answer=answer)) as engine:
        await store.accept([launch(action="toy.watch", reply_to=SLACK), launch("r1", 2)])
        jobs = await engine.finished(2, within_s=15)
        assert [job.state for job in jobs] == [JobState.DONE, JobState.DONE]
        assert len(engine.told) == 1
        assert jobs[0].attempts == 1


async def test_a_person_in_the_middle_of_a_burst_takes_the_next_free_call(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'bridge.db'}"
    paced = {"toy": Window(5, 0.5, source="configured")}
    async with store_on(url, windows=paced) as store:
        upstream = Upstream()
        async with working(store, upstream) as engine:
            await store.accept([launch(f"r{number}") for number in range(30)])
            await eventually(lambda: _count(upstream.sent, 7))
            await store.accept([launch("mine", asker=ANNA)])
            await engine.finished(31, within_s=20)
        place = [body["room"] for body in upstream.writes()].index("mine")
        assert place <= 15


async def test_a_refusal_by_the_action_itself_also_shows_that_there_is_no_limit(
    database_url: str,
) -> None:
    async def refuses(request: Request) -> Response:
        code = "invalid-params" if request.body["number"] else "error-not-requested"
        return Response(400, body=b"{}", error_code=code)

    paced = {"toy": Window(5, 60.0)}
    upstream = Upstream(answer=refuses)
    async with (
        store_on(database_url, windows=paced) as store,
        working(store, upstream, lease_s=8.0) as engine,
    ):
        await store.accept([launch(f"r{number}") for number in range(12)])
        await engine.finished(12)
    async with store_on(database_url, windows={"other": Window(5, 60.0)}) as store:
        upstream = Upstream(answer=refuses, connection="other")
        async with working(store, upstream, lease_s=8.0):
            wishes = [launch(f"r{number}", 1, connection="other") for number in range(12)]
            await store.accept(wishes)
            await eventually(lambda: _count(upstream.sent, 5))
            await asyncio.sleep(0.3)
            assert len(upstream.sent) == 5
