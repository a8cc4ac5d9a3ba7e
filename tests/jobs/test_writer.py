"""Group commit: what comes together becomes durable together, and nobody waits long for company."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.migrate import migrate
from bridge.jobs.writer import Writer


class Diary:
    """What each transaction held, in the order of the batches."""

    def __init__(self) -> None:
        self.transactions: list[list[Any]] = []

    def begin(self, _: Connection) -> None:
        self.transactions.append([])

    def note(self, _: Connection, values: Sequence[Any]) -> Sequence[Any]:
        self.transactions[-1] += values
        return [f"{value}!" for value in values]

    def later(self, _: Connection, values: Sequence[Any]) -> Sequence[Any]:
        self.transactions[-1] += values
        return list(values)


@pytest.fixture
async def diary() -> Diary:
    return Diary()


@pytest.fixture
async def writer(tmp_path: Path, diary: Diary) -> AsyncIterator[Writer]:
    engine = open_engine(parse_url(f"sqlite:///{tmp_path}/jobs.db"))
    await asyncio.to_thread(migrate, engine)
    event.listen(engine, "begin", diary.begin)
    writer = Writer(engine, lambda *_: None)
    yield writer
    await writer.close()
    engine.dispose()


async def test_one_turn_is_one_transaction(writer: Writer, diary: Diary) -> None:
    said = await asyncio.gather(*(writer.do(diary.note, number) for number in range(40)))
    assert said == [f"{number}!" for number in range(40)]
    assert diary.transactions == [list(range(40))]


async def test_the_next_turns_come_along(writer: Writer, diary: Diary) -> None:
    async def wish(turns: int) -> None:
        for _ in range(turns):
            await asyncio.sleep(0)
        await writer.do(diary.note, turns)

    await asyncio.gather(*(wish(turns) for turns in range(4)))
    assert diary.transactions == [list(range(4))]


async def test_nobody_waits_for_a_company_that_never_ends(writer: Writer, diary: Diary) -> None:
    first = asyncio.ensure_future(writer.do(diary.note, "first"))
    others = []
    async with asyncio.timeout(10):
        while not first.done():
            others.append(asyncio.ensure_future(writer.do(diary.note, "another")))
            await asyncio.sleep(0)
    await asyncio.gather(*others)
    assert diary.transactions[0][0] == "first"


async def test_a_transaction_runs_its_batches_by_rank(writer: Writer, diary: Diary) -> None:
    await asyncio.gather(
        writer.do(diary.later, "claim", rank=9),
        writer.do(diary.note, "end", rank=0),
        writer.do(diary.later, "claim too", rank=9),
    )
    assert diary.transactions == [["end", "claim", "claim too"]]


async def test_who_takes_locks_goes_alone(writer: Writer, diary: Diary) -> None:
    await asyncio.gather(
        writer.do(diary.note, 1), writer.do(diary.note, 2, alone=True), writer.do(diary.note, 3)
    )
    assert diary.transactions == [[1, 3], [2]]


async def test_nothing_is_begun_for_a_caller_who_has_gone(writer: Writer, diary: Diary) -> None:
    gone = asyncio.ensure_future(writer.do(diary.note, "gone", droppable=True))
    await asyncio.sleep(0)
    gone.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await gone
    await writer.do(diary.note, "here")
    assert diary.transactions == [["here"]]


async def test_a_database_that_never_answers_does_not_keep_a_process_from_ending(
    writer: Writer,
) -> None:
    begun, answers = threading.Event(), threading.Event()

    def hang(_: Connection, values: Sequence[Any]) -> Sequence[Any]:
        begun.set()
        answers.wait(30)
        return values

    item = asyncio.ensure_future(writer.do(hang, "last"))
    await asyncio.to_thread(begun.wait, 10)
    started = time.monotonic()
    await writer.close(within_s=0.1)
    assert time.monotonic() - started < 5
    assert not item.done(), "it is not told as done, nor as lost"
    answers.set()
    assert await item == "last"
