"""A bridge process from the inside: started by a fork, and dying exactly where it is told to.

The bridge knows nothing of this and has no hook for it. Where a function begins is seen by the
interpreter's own profiler, a commit by SQLAlchemy's public event; at the chosen one the process sends
itself SIGKILL, so nothing is flushed, released or written down. A fork of a process that has everything
imported stands within milliseconds, so hundreds of deaths fit into a test.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NoReturn


@dataclass(frozen=True)
class Death:
    """`what` is `file.py:function`, several of them in a row, or SQL that finds a row once it is stored."""

    when: Literal["begins", "before_commit", "after_commit"]
    what: str


def live(
    verb: tuple[str, ...], environment: Mapping[str, str], log: Path, death: Death | None
) -> None:
    """Be the `bridge` command; the target of a forked process."""
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as lines:
        os.dup2(lines.fileno(), 1)
        os.dup2(lines.fileno(), 2)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    if death is not None and death.when == "begins":
        _die_when_it_begins(death)
    elif death is not None:
        _die_at_a_commit(death)
    from bridge.cli import main

    main(list(verb), prog_name="bridge")


def _die_when_it_begins(death: Death) -> None:
    places = [place.partition(":") for place in death.what.split()]

    def look(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and any(
            code.co_name == name and code.co_filename.endswith(path) for path, _, name in places
        ):
            _die()

    sys.setprofile(look)


def _die_at_a_commit(death: Death) -> None:
    from sqlalchemy import Connection, Engine, event

    @event.listens_for(Engine, "commit")
    def _committing(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if driver.execute(death.what).fetchone() is None:
            return
        if death.when == "after_commit":
            driver.commit()
        _die()


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()
    raise AssertionError
