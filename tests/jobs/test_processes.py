"""Real processes, killed, stopped and drained: nothing that was accepted is lost, nobody is told twice."""

from __future__ import annotations

import asyncio
import random
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from bridge.sandbox.slack import seed as people
from tests.conftest import fresh_database
from tests.soak.city import City, city, until
from tests.soak.house import House

pytestmark = pytest.mark.alone  # real processes and real time: no neighbours

SEED = 20260717


@pytest.fixture
def shared_url(postgres_url: str) -> str:
    return fresh_database(postgres_url)


def verbs(database_url: str) -> list[str]:
    """One process on SQLite; a door and two workers on Postgres."""
    embedded = database_url.startswith("sqlite")
    return ["serve"] if embedded else ["serve --no-worker", "worker", "worker"]


async def check(here: City) -> None:
    """The oracle: accepted = ended = happened once = told once."""
    jobs = {job["id"]: job for job in await here.jobs()}
    lost = set(here.accepted) - set(jobs)
    assert not lost, f"accepted and lost: {lost}"
    assert {job["state"] for job in jobs.values()} <= {"done", "pending"}, await here.story()
    closed = here.effects("close_room")
    wanted = {room for job, room in here.accepted.items() if "close" in jobs[job]["action"]}
    assert {room: closed[room] for room in wanted} == dict.fromkeys(wanted, 1)
    assert here.ends_told() == dict.fromkeys(here.accepted, 1)


async def test_killed_again_and_again_nothing_accepted_is_lost_or_done_twice(
    tmp_path: Path, database_url: str
) -> None:
    dice = random.Random(SEED)
    async with city(tmp_path, database_url) as here:
        houses = await here.open(*verbs(database_url))
        rooms = [here.room() for _ in range(60)]

        async def send(part: list[str]) -> None:
            for room in part:
                await here.wish(houses[0], room)
                await asyncio.sleep(dice.random() * 0.1)

        sending = asyncio.gather(*(send(rooms[start::6]) for start in range(6)))
        for _ in range(4):
            await asyncio.sleep(0.2 + dice.random() * 0.6)
            victim = dice.choice(houses)
            await victim.kill()
            victim.start()
            await victim.up()
        await sending
        await here.settled()
        await check(here)


async def test_sigterm_under_load_drains_in_time_and_gives_back_what_was_claimed(
    tmp_path: Path, database_url: str
) -> None:
    async with city(tmp_path, database_url) as here:
        houses = await here.open(*verbs(database_url))
        rooms = [here.room() for _ in range(60)]
        sending = asyncio.gather(*(here.wish(houses[0], room) for room in rooms))
        for house in houses[-1:] * 2:
            await asyncio.sleep(0.3)
            began = asyncio.get_running_loop().time()
            assert await house.terminate() == 0
            assert asyncio.get_running_loop().time() - began < 8
            held = [job for job in await here.jobs() if job["state"] == "running"]
            assert len(houses) > 1 or not held
            house.start()
            await house.up()
        await sending
        await here.settled()
        await check(here)
        assert all(job["attempts"] == 1 for job in await here.jobs())


async def test_a_worker_stopped_past_its_lease_writes_nothing_when_it_wakes(
    tmp_path: Path, shared_url: str
) -> None:
    async with city(tmp_path, shared_url) as here:
        _, first = await here.open("serve --no-worker", "worker")
        room = here.room()
        with here.rocketchat.fault("latency", "POST *closeByUser", seconds=0.6, times=1):
            await here.wish(here.houses[0], room)

            async def sent() -> bool:
                return any("close" in one.route for one in here.rocketchat.exchanges) or any(
                    job["state"] == "running" for job in await here.jobs()
                )

            await until(sent, within_s=10)
            first.signal(signal.SIGSTOP)
            await here.open("worker")
            jobs = await here.settled()
            assert jobs[0]["fence"] == 2
            first.signal(signal.SIGCONT)
        await asyncio.sleep(1.5)
        assert await here.jobs() == jobs
        await check(here)
        await until(lambda: _says(first, "jobs.fenced"), within_s=5)


async def test_the_late_end_of_a_stopped_worker_is_rejected_by_the_store(
    tmp_path: Path, shared_url: str
) -> None:
    async with city(tmp_path, shared_url) as here:
        door, first = await here.open("serve --no-worker", "worker")
        room = here.room()
        with here.rocketchat.fault("latency", "POST *rooms.export", seconds=0.3, times=1) as fault:
            await here.wish(door, room, action="rocketchat.export_room")

            async def arrived() -> bool:
                return fault not in here.rocketchat.faults

            await until(arrived, within_s=10)
            first.signal(signal.SIGSTOP)
        await here.open("worker")
        jobs = await here.settled()
        assert [(job["state"], job["fence"]) for job in jobs] == [("unknown", 2)]
        asked = len(here.rocketchat.exchanges)
        assert here.rocketchat.exchanges[-1].status == 200, "its answer waits for the sleeper"
        first.signal(signal.SIGCONT)
        await until(lambda: _says(first, "jobs.fenced"), within_s=10)
        # it knew a better end and had nothing left to ask: only the store could stop it
        assert len(here.rocketchat.exchanges) == asked
        assert await here.jobs() == jobs
        assert here.effects("export_room") == {room: 1}
        assert [one["state"] for one in here.told] == ["unknown"]


async def _says(house: House, event: str) -> bool:
    return event in house.log.read_text("utf-8")


async def test_every_slack_command_gets_one_final_message_over_kills(
    tmp_path: Path, database_url: str
) -> None:
    dice = random.Random(SEED)
    async with city(tmp_path, database_url) as here:
        houses = await here.open(*verbs(database_url))
        here.slack.bridge_url = houses[0].url
        acked: dict[str, str] = {}

        async def kill() -> None:
            for _ in range(3):
                await asyncio.sleep(0.3 + dice.random() * 0.5)
                victim = dice.choice(houses)
                await victim.kill()
                victim.start()
                await victim.up()

        killing = asyncio.create_task(kill())
        while not killing.done() or len(acked) < 10:
            room = here.room()
            with suppress(LookupError):
                receipt = await here.slack.command(
                    people.ANNA, people.SUPPORT, "/transcript", f"cancel {room}"
                )
                if receipt.status == 200:
                    acked[room] = receipt.response_url
            await asyncio.sleep(0.1)
        await killing
        await here.settled()
        states = {job["lane"].partition(":")[2]: job for job in await here.jobs()}
        assert set(acked) <= set(states), "acked and lost"
        for room in acked:
            job = states[room]
            shown = [
                here.slack.visible_text(message)
                for message in here.slack.messages(people.SUPPORT, people.ANNA)
                if job["id"] in here.slack.visible_text(message)
            ]
            finals = [text for text in shown if "Done" in text]
            assert len(finals) == 1 or sum("repeated" not in text for text in finals) == 1, shown
            # another process may have told the end before this ack was shown; then it stands below
            left = [text for text in shown if text not in finals]
            assert len(left) <= 1, "more than the ack was left standing"
            assert all("One message will tell you how it ends." in text for text in left)


async def test_a_second_process_on_the_same_file_is_refused_with_a_sentence(
    tmp_path: Path,
) -> None:
    async with city(tmp_path, f"sqlite:///{tmp_path / 'bridge.db'}") as here:
        await here.open("serve")
        second = here.house("serve")
        second.start()
        assert await second.ended() != 0
        said = second.log.read_text("utf-8")
        assert "Another process works this SQLite file" in said
        assert "Traceback" not in said
