"""The audit trail: every deed has its line, requests outlive their jobs, an erased room leaves no trace."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bridge.contract import Asker
from bridge.jobs.auditing import Actor, Audit, Event, Which, as_csv, digest
from bridge.jobs.links import Link, Links
from bridge.jobs.operating import Bounds, Filter, NotAllowed, Operator
from bridge.jobs.store import Store
from bridge.vault import Vault
from tests.clock import Clock
from tests.jobs.house import claim, ending, store_on
from tests.jobs.toys import ANNA, TOYS, launch

BERT = Actor("console", "U0BERT", "slack:T1")
DAY = 86_400.0


async def trail(store: Store, **which: str) -> list[tuple[str, str, str, str]]:
    """(who, what, on what, outcome), newest first."""
    lines = await Audit(store).find(Which(**which))  # type: ignore[arg-type]  # times are not given
    return [(one.actor.who, one.what, one.target, one.outcome) for one in lines.events]


async def ended(store: Store, state: str, room: str) -> str:
    [accepted] = await store.accept([launch(room)])
    [row] = (await claim(store)).rows
    assert await store.end(ending(row, "me", state))
    return accepted.job.id


async def test_a_request_is_a_line_from_the_moment_it_is_stored(database_url: str) -> None:
    async with store_on(database_url) as store:
        [accepted] = await store.accept([launch("r1", asker=ANNA)])
        [line] = (await Audit(store).find(Which())).events
        assert (line.actor, line.target) == (Actor.of(ANNA), "r1")
        assert (line.job_id, line.outcome) == (accepted.job.id, "queued")


async def test_who_retried_and_cancelled_is_kept_also_when_it_was_refused(
    database_url: str,
) -> None:
    async with store_on(database_url, clock=Clock()) as store:
        operator, job_id = Operator(store), await ended(store, "parked", "r1")
        await operator.retry(job_id, by=BERT)
        await operator.cancel(job_id, by=BERT)
        with pytest.raises(NotAllowed):
            await operator.cancel(job_id, by=BERT)
        await operator.retry_all(Filter(room="r1"), force=True, by=BERT)
        lines = await Audit(store).find(Which(who=BERT.who))
        assert [(one.what, one.outcome, one.job_id) for one in lines.events] == [
            ("job.retry", "done", job_id),
            ("job.cancel", "refused", job_id),
            ("job.cancel", "done", job_id),
            ("job.retry", "done", job_id),
        ]
        assert lines.events[0].detail.endswith("with force")
        assert await trail(store, what="job.cancel", who="slack:T1") != []


async def test_a_request_outlives_its_job_and_ends_when_the_trail_does(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        job_id = await ended(store, "done", "r1")
        before = (await Audit(store).find(Which())).events
        clock.now += 8 * DAY
        operator, old = Operator(store), clock.now - 7 * DAY
        assert await operator.prune(Bounds(old, old, old)) == 1
        assert await store.get(job_id) is None
        assert (await Audit(store).find(Which())).events == before
        assert await operator.prune(Bounds(old, old, old, audit_before=clock.now)) == 0
        assert await trail(store) == []


async def test_an_erased_room_leaves_who_did_what_but_not_where(database_url: str) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        operator, job_id = Operator(store), await ended(store, "parked", "r1")
        clock.now += 1
        await operator.retry(job_id, by=BERT)
        await store.accept([launch("r2")])
        clock.now += 1
        assert await operator.erase_room("r1", by=BERT) == 1
        lines = (await Audit(store).find(Which())).events
        assert not [one for one in lines if one.target == "r1"]
        assert [one.what for one in lines if one.target == digest("r1")] == [
            *("room.erase", "job.retry", "toy.touch"),
        ]
        assert lines[0].actor == BERT
        assert [one.target for one in lines if one.what == "toy.touch"] == ["r2", digest("r1")]


async def test_links_and_their_ends_are_lines(database_url: str) -> None:
    async with store_on(database_url, clock=Clock()) as store:
        links = Links(store)
        for user, ticket in (("U1", "a"), ("U2", "b")):
            link = Link("slack:T1", user, "desk", f"{user}-there", "Anna", store.clock())
            await links.put(link, ticket)
        assert await links.remove("slack:T1", "U1", "desk")
        assert not await links.remove("slack:T1", "U1", "desk")
        assert await links.remove_all("slack:T1") == 1
        assert sorted(await trail(store)) == [
            ("U1", "account.link", "U1-there", "done"),
            ("U1", "account.unlink", "U1-there", "done"),
            ("U2", "account.link", "U2-there", "done"),
            ("U2", "account.unlink", "U2-there", "done"),
        ]


@pytest.mark.parametrize("limit", [1, 3, 7])
async def test_pages_join_both_streams_without_gap_or_repeat(database_url: str, limit: int) -> None:
    clock = Clock()
    async with store_on(database_url, clock=clock) as store:
        audit = Audit(store)
        for number in range(6):
            await store.accept([launch(f"r{number}")])
            await audit.note(BERT, f"deed.{number}")
            await audit.note(BERT, f"again.{number}")  # at the same time
            clock.now += 1
        whole = (await audit.find(Which(), limit=100)).events
        found: list[Event] = []
        cursor, pages = "", 0
        while pages == 0 or cursor:
            lines = await audit.find(Which(), limit=limit, cursor=cursor)
            found += lines.events
            cursor, pages = lines.cursor, pages + 1
        assert found == whole
        assert len(whole) == 18
        assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)
        some = Which(since=whole[-1].at + 1, until=whole[0].at)
        assert len((await audit.find(some, limit=100)).events) == 12


async def test_a_store_that_is_down_does_not_undo_what_happened(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'x.db'}", actions=TOYS, vault=Vault(["test"]))
    with capture_logs() as lines:
        await Audit(store).note(BERT, "settings.reload")  # the store was not opened
    assert [line["event"] for line in lines] == ["jobs.audit_not_written"]


def test_a_cell_that_a_spreadsheet_would_run_is_text() -> None:
    event = Event(0.0, Actor.of(Asker("api", "key:ci")), "x", target="=cmd|'/c calc'!A0")
    [header, row] = csv.reader(io.StringIO(as_csv([event], header=True)))
    assert dict(zip(header, row, strict=True))["target"] == "'=cmd|'/c calc'!A0"
    assert dict(zip(header, row, strict=True))["who"] == "key:ci"
