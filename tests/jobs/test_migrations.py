"""Migrations add, and do nothing else: what the first release left behind is finished by this one, and the
previous release runs on the schema of the next.

`first_release.json` holds the rows that the release of revision 0001 really wrote, killed in the middle: its
clock is set to a minute ago, the rooms are made anew in the emulated Rocket.Chat.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import Engine, Inspector, inspect, text

from bridge.app.storage import prepare_database
from bridge.contract import JobState
from bridge.jobs import migrate as migrations
from bridge.jobs.database import DatabaseError, open_engine, parse_url
from bridge.jobs.migrate import head, migrate
from bridge.sandbox.rocketchat.transcripts import set_transcript_request
from bridge.sandbox.slack import seed as people
from tests.conftest import fresh_database
from tests.world import API_TOKEN, World, world

FOLDER = Path(migrations.__file__).with_name("migrations") / "versions"
REVISIONS = sorted(path.name[:4] for path in FOLDER.glob("[0-9]*.py"))
KEY = "the-key-of-the-first-release-0001"  # it sealed where to tell
AWAY_S = 60.0  # between the kill and this release's start; its leases are over by then
TABLES = ("jobs", "attempts", "deliveries", "keys", "pace")
TIME = re.compile(r"(_at|_since|_until)$")
# what became of each room's jobs, oldest first
ENDS = {
    "toldRoomAAAAAAAAA": [JobState.DONE],
    "untoldRoomBBBBBBB": [JobState.DONE],
    "pendingRoomCCCCCC": [JobState.DONE],
    "waitingRoomDDDDDD": [JobState.DONE],
    "tellingRoomEEEEEE": [JobState.DONE],
    "runningRoomFFFFFF": [JobState.DONE, JobState.DONE],  # the second one waited in its lane
    "onceRoomGGGGGGGGG": [JobState.UNKNOWN],  # an export that may have been sent
    "runningRoomHHHHHH": [JobState.DONE],
    "queuedRoomJJJJJJJ": [JobState.DONE],
}


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = open_engine(parse_url(database_url))
    yield made
    made.dispose()


def as_the_first_release_left_it(engine: Engine) -> None:
    migrate(engine, to=REVISIONS[0])
    left = json.loads(Path(__file__).with_name("first_release.json").read_text("utf-8"))
    later = time.time() - left["recorded_at"] - AWAY_S

    def now(name: str, value: Any) -> Any:
        return value + later if isinstance(value, float) and TIME.search(name) else value

    with engine.begin() as connection:
        for table in TABLES:
            for row in left[table]:
                values = {name: now(name, value) for name, value in row.items()}
                names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
                connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)
            if engine.dialect.name == "postgresql" and "seq" in left[table][0]:
                connection.execute(
                    text(f"SELECT setval('{table}_seq_seq', (SELECT max(seq) FROM {table}))")
                )


def rooms_of_the_first_release(here: World) -> None:
    """The conversations as they stood: two jobs were killed before their call took effect."""
    for room in ENDS:
        if room not in here.rocketchat.rooms:
            here.rocketchat.add_room("Old Visitor", id=room, served_by="ines.faro")
    for room in ("toldRoomAAAAAAAAA", "untoldRoomBBBBBBB", "tellingRoomEEEEEE"):
        here.rocketchat.close_by_visitor(room)
    watched = here.rocketchat.rooms["pendingRoomCCCCCC"]
    bridge = here.rocketchat.user("deskbridge")
    set_transcript_request(here.rocketchat, watched, bridge, "ann@visitor.example", "Transcript")
    here.rocketchat.effects.clear()


async def test_what_the_first_release_left_is_finished_and_told_by_this_one(
    tmp_path: Path, database_url: str, engine: Engine
) -> None:
    as_the_first_release_left_it(engine)
    assert migrate(engine) == head()
    async with world(
        tmp_path, database_url=database_url, encryption_key=KEY, before=rooms_of_the_first_release
    ) as here:
        here.rocketchat.close_by_visitor("pendingRoomCCCCCC")
        jobs = await here.finished(sum(len(ends) for ends in ENDS.values()), within_s=30)
        for room, ends in ENDS.items():
            found = [job for job in reversed(jobs) if job.args["rid"] == room]
            assert [job.state for job in found] == ends, room
        closed = [effect.subject for effect in here.rocketchat.effects_of("close_room")]
        running = ("waitingRoomDDDDDD", "runningRoomFFFFFF", "runningRoomHHHHHH")
        assert {room: closed.count(room) for room in running} == dict.fromkeys(running, 1)
        assert not here.rocketchat.effects_of("export_room")
        shown = [
            here.slack.visible_text(message)
            for message in here.slack.messages(people.SUPPORT, people.ANNA)
        ]
        for job in jobs:
            told = [words for words in shown if job.id in words]
            first = job.args["rid"] == "toldRoomAAAAAAAAA"  # the first release had told this one
            assert len(told) == (0 if first else 1), (job.args["rid"], told)
        again = await ask_again(here)
        assert again["id"] == jobs[-1].id, "the first release's key means nothing any more"


async def ask_again(here: World) -> dict[str, Any]:
    """The same wish under the same key as the first release accepted."""
    body = {
        "args": {"rid": "toldRoomAAAAAAAAA"},
        "reply_to": {"slack_channel": people.SUPPORT},
    }
    headers = {"Authorization": f"Bearer {API_TOKEN}", "Idempotency-Key": "first-key"}
    url = f"{here.url}/api/v1/actions/rocketchat.close_room"
    async with (
        aiohttp.ClientSession() as client,
        client.post(url, json=body, headers=headers) as answer,
    ):
        found: dict[str, Any] = await answer.json()
        return found


@pytest.mark.parametrize(("before", "after"), list(pairwise(REVISIONS)))
def test_a_migration_only_adds_and_the_previous_release_writes_on(
    engine: Engine, before: str, after: str
) -> None:
    migrate(engine, to=before)
    old = schema(inspect(engine))
    migrate(engine, to=after)
    new = schema(inspect(engine))
    for table, columns in old.items():
        assert table in new, f"{after} drops {table}"
        for name, column in columns.items():
            assert name in new[table], f"{after} drops {table}.{name}"
            kept = new[table][name]
            assert kept["nullable"] == column["nullable"], (table, name)
            assert str(kept["type"]) == str(column["type"]), (table, name)
        for name in new[table].keys() - columns.keys():
            added = new[table][name]
            assert added["nullable"] or added["default"] is not None, (table, name)
    write_as_before(engine, old)


def write_as_before(engine: Engine, old: dict[str, dict[str, Any]]) -> None:
    """A row for each table, with the columns that the previous revision knew."""
    with engine.begin() as connection:
        for table in sorted(old, key=lambda name: name != "jobs"):  # others point to a job
            values = {
                name: 1 if column["type"].python_type in (int, float) else "x"
                for name, column in old[table].items()
            }
            names, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


def schema(seen: Inspector) -> dict[str, dict[str, Any]]:
    return {
        table: {column["name"]: dict(column) for column in seen.get_columns(table)}
        for table in seen.get_table_names()
        if table != "alembic_version"
    }


def test_revisions_are_numbered_in_order() -> None:
    assert [int(name) for name in REVISIONS] == list(range(1, len(REVISIONS) + 1))
    assert head() == REVISIONS[-1]


def test_this_release_starts_on_the_schema_of_a_later_one(
    database_url: str, engine: Engine
) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    prepare_database(database_url)
    assert migrate(engine) == "9999"


def test_postgres_behind_this_release_is_refused_with_what_to_do(
    database_url: str, engine: Engine
) -> None:
    migrate(engine, to=REVISIONS[0])
    if engine.dialect.name == "sqlite":
        prepare_database(database_url)  # the embedded one is migrated at each start
        assert migrate(engine) == head()
        return
    with pytest.raises(DatabaseError, match="bridge migrate"):
        prepare_database(database_url)


def test_an_upgrade_and_a_release_at_work_do_not_wait_for_each_other(postgres_url: str) -> None:
    """It reads the jobs, then writes to them, in one transaction, as a claim does."""
    engine = open_engine(parse_url(fresh_database(postgres_url)))
    migrate(engine, to=REVISIONS[0])
    for revision in REVISIONS[1:]:
        with ThreadPoolExecutor(1) as beside, engine.connect() as at_work, at_work.begin():
            at_work.execute(text("SELECT count(*) FROM jobs"))
            upgrade = beside.submit(migrate, engine, to=revision)
            wait([upgrade], timeout=0.5)  # it waits for us by now, or is done
            at_work.execute(text("UPDATE jobs SET attempts = attempts WHERE seq = 0"))
            at_work.commit()
            assert upgrade.result(20) == revision
    engine.dispose()
