"""The disk of a running bridge is full, or takes no writes at all: 503, never a false yes, well again by itself.

The kernel's limit on the size of files (`RLIMIT_FSIZE`) refuses writes to a living process wherever tests
run, to root as to anybody: at the present size nothing can grow, at zero nothing can be written, not even
a log line. SQLite hears EFBIG then. Its own errors are met where this machine lets a test mount a small
disk (ENOSPC) or make files immutable (EPERM).
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest

from tests.soak.city import City, city, until
from tests.soak.house import House

pytestmark = [
    pytest.mark.alone,  # real processes and real time: no neighbours
    pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of others: Linux only"),
]


class Asking:
    """Wishes that come whatever is answered, and what was answered."""

    def __init__(self, here: City, door: House) -> None:
        self.here, self.door = here, door
        self.answers: list[int] = []
        self.rooms: dict[str, str] = {}  # of what was accepted: job -> room

    async def ask(self) -> int:
        room = self.here.room()
        body = {"args": {"rid": room}, "reply_to": {"callback_url": self.here.callback_url}}
        async with self.here.client.post(
            f"{self.door.url}/api/v1/actions/rocketchat.close_room", json=body
        ) as answer:
            if answer.status == 202:
                self.rooms[(await answer.json())["id"]] = room
            elif answer.status == 503:
                assert int(answer.headers["Retry-After"]) > 0
        self.answers.append(answer.status)
        return answer.status

    async def until_answered(self, status: int, *, within_s: float = 30.0) -> None:
        async def asked() -> bool:
            return await self.ask() == status

        await until(asked, within_s=within_s)

    async def ready(self) -> int:
        async with self.here.client.get(f"{self.door.url}/readyz") as answer:
            return answer.status


@asynccontextmanager
async def asking(folder: Path, disk: Path) -> AsyncIterator[Asking]:
    """A bridge on a SQLite file on that disk; in the end what was accepted must have happened once."""
    async with city(folder, f"sqlite:///{disk / 'bridge.db'}") as here:
        [door] = await here.open("serve")
        made = Asking(here, door)
        await made.until_answered(202)
        await here.settled()
        yield made
        await made.until_answered(202)
        assert await made.ready() == 200
        assert set(made.answers) == {202, 503}, made.answers
        jobs = {job["id"]: job for job in await here.settled()}
        assert set(made.rooms) == set(jobs), "accepted and lost, or refused and kept"
        assert {job["state"] for job in jobs.values()} == {"done"}
        assert here.effects("close_room") == dict.fromkeys(made.rooms.values(), 1)
        assert here.ends_told() == dict.fromkeys(made.rooms, 1)


@contextmanager
def limited(house: House, size: int) -> Iterator[None]:
    """Files of this process may not be written beyond so many bytes."""
    assert house.process is not None
    pid = house.process.pid or 0
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


async def test_a_disk_on_which_nothing_can_grow(tmp_path: Path) -> None:
    async with asking(tmp_path, tmp_path) as made:
        size = (tmp_path / "bridge.db-wal").stat().st_size
        with limited(made.door, size + 50_000):
            await made.until_answered(503)
            assert await made.ready() == 503
            assert await made.ask() == 503


async def test_a_disk_on_which_nothing_can_be_written(tmp_path: Path) -> None:
    async with asking(tmp_path, tmp_path) as made:
        with limited(made.door, 0):
            assert [await made.ask() for _ in range(5)] == [503] * 5
            assert await made.ready() == 503
            assert made.door.running()


async def test_a_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "deskbridge-test", str(disk)]
    if not _may(mount):
        pytest.skip("this machine lets no test mount a disk")
    try:
        async with asking(tmp_path, disk) as made:
            _fill(disk / "filler")
            await made.until_answered(503)
            assert await made.ready() == 503
            (disk / "filler").unlink()
    finally:
        assert _may(["umount", "--lazy", str(disk)])


async def test_files_that_may_not_be_changed(tmp_path: Path) -> None:
    probe = tmp_path / "probe"
    probe.touch()
    if not _may(["chattr", "+i", str(probe)]):
        pytest.skip("this machine lets no test make files immutable")
    assert _may(["chattr", "-i", str(probe)])
    async with asking(tmp_path, tmp_path) as made:
        files = [f"{tmp_path / 'bridge.db'}{part}" for part in ("", "-wal", "-shm")]
        assert _may(["chattr", "+i", *files])
        try:
            assert [await made.ask() for _ in range(5)] == [503] * 5
            assert await made.ready() == 503
        finally:
            assert _may(["chattr", "-i", *files])


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(4096))


def _may(command: list[str]) -> bool:
    if shutil.which(command[0]) is None or os.geteuid() != 0:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
