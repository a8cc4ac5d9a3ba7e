"""Soak: all promises together under random faults, then each promise in its long form.

`python -m tests.soak [--minutes 10] [--store sqlite postgres] [--seed N] [--only storm steps …]` prints the
seed first, a table of figures at the end, and exits with 1 when a promise was broken. `--only steps
--seeds N` kills at every named step, for every repeat class, N times with other doors and neighbours.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge import log
from tests.soak.postgres import Postgres, own_server
from tests.soak.promises import copies_are_one, lanes_hold, pace_is_kept, restarts_are_survived
from tests.soak.steps import steps_hold
from tests.soak.storm import storm

PROMISES = ("storm", "steps", "restarts", "pace", "lanes", "copies")
NEEDS_POSTGRES = ("restarts", "copies")  # a server, or two processes


@dataclass(frozen=True)
class Place:
    """Where one promise is kept: a fresh store, and the server behind it."""

    folder: Path
    url: str
    server: Postgres | None


Keep = Callable[[Place], Coroutine[Any, Any, Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of storm, all stores together")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--seeds", type=int, default=1, help="of deaths at every step")
    parser.add_argument("--store", nargs="+", default=["sqlite", "postgres"])
    parser.add_argument("--only", nargs="+", default=PROMISES, choices=PROMISES)
    parser.add_argument("--lanes", type=int, default=1000)
    parser.add_argument("--wishes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--restarts", type=int, default=20)
    options = parser.parse_args()
    log.configure("error", "console")
    say(f"seed {options.seed}; the same again: python -m tests.soak --seed {options.seed}")
    rows = [
        run(store, name, keeping(options)[name])
        for store in options.store
        for name in options.only
        if store == "postgres" or name not in NEEDS_POSTGRES
    ]
    say(f"\n{'store':10}{'promise':10}{'':8}{'seconds':>8}  figures")
    for row in rows:
        say(row.line())
    say(f"seed {options.seed}: {sum(row.kept for row in rows)} of {len(rows)} kept")
    sys.exit(0 if all(row.kept for row in rows) else 1)


def keeping(options: argparse.Namespace) -> dict[str, Keep]:
    """How each promise is kept."""
    seed = options.seed
    seconds = options.minutes * 60 / len(options.store)

    def survive(at: Place) -> Coroutine[Any, Any, Any]:
        assert at.server is not None
        return restarts_are_survived(at.folder, at.server, seed=seed, restarts=options.restarts)

    return {
        "storm": lambda at: storm(at.folder, at.url, seed=seed, seconds=seconds, server=at.server),
        "steps": lambda at: steps_hold(at.folder, at.url, seed=seed, seeds=options.seeds),
        "restarts": survive,
        "pace": lambda at: pace_is_kept(at.folder, at.url, wishes=options.wishes),
        "lanes": lambda at: lanes_hold(at.folder, at.url, lanes=options.lanes, seed=seed),
        "copies": lambda at: copies_are_one(at.folder, at.url, rounds=options.rounds),
    }


@dataclass(frozen=True)
class Row:
    """What came of one promise on one store."""

    store: str
    promise: str
    kept: bool
    seconds: float
    figures: str

    def line(self) -> str:
        verdict = "kept" if self.kept else "BROKEN"
        return f"{self.store:10}{self.promise:10}{verdict:8}{self.seconds:8.0f}  {self.figures}"


def run(store: str, name: str, keep: Keep) -> Row:
    """Keep one promise on one fresh store."""
    began = time.monotonic()
    say(f"\n{store}: {name}")
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        try:
            server = stack.enter_context(own_server(folder)) if store == "postgres" else None
            url = server.url if server is not None else f"sqlite:///{folder / 'bridge.db'}"
            figures = in_words(asyncio.run(keep(Place(folder, url, server))) or {})
            kept = True
        except Exception as error:  # noqa: BLE001 - whatever it is, the seed stands above
            traceback.print_exc(limit=-3)
            figures, kept = " ".join(str(error).split())[:600], False  # the whole stands above
    row = Row(store, name, kept, time.monotonic() - began, figures)
    say(row.line())
    return row


def in_words(figures: Mapping[str, Any]) -> str:
    """`{"a": 1, "b": {"c": 2}}` as `a 1, b (c 2)`."""
    shown = (
        f"{name} ({in_words(value)})" if isinstance(value, Mapping) else f"{name} {value}"
        for name, value in figures.items()
    )
    return ", ".join(shown)


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
