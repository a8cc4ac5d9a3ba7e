"""Where the time of a wave goes: the server's own thread under cProfile, the costliest functions first.

Run: `python -m tests.bench profile accept` (or `ack`), with `--worker` for a worker beside the door. The
profiler slows what it watches by half or more, small functions most, so this finds costs and
measures none. The thread that writes to SQLite is not seen.
"""

from __future__ import annotations

import argparse
import pstats
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.accept import launches
from tests.bench.ack import commands
from tests.bench.load import Gun
from tests.bench.servers import serving, settled

BUILDS = {"accept": launches, "ack": commands}


def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench profile",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=sorted(BUILDS))
    parser.add_argument("--worker", action="store_true", help="with a worker beside the door")
    parser.add_argument("--count", type=int, default=5000, help="wishes in the wave")
    parser.add_argument("--rows", type=int, default=30, help="functions to show")
    given = parser.parse_args(words)
    build = BUILDS[given.name]
    with tempfile.TemporaryDirectory() as folder, Gun() as gun:
        profile = Path(folder) / "profile"
        with (
            serving("slack") as slack,
            serving("upstream") as upstream,
            serving(
                "bridge",
                database_url=f"sqlite:///{folder}/profiled.db",
                works=given.worker,
                log=f"{folder}/log",
                slack_api=f"http://127.0.0.1:{slack}/api/",
                upstream=f"http://127.0.0.1:{upstream}",
                profile=str(profile),
            ) as port,
        ):
            gun.fire(port, build, count=given.count, connections=32)
            if given.worker:
                settled(port)
        stats = pstats.Stats(str(profile))
    stats.strip_dirs()
    stats.sort_stats("tottime").print_stats(given.rows)
    stats.sort_stats("cumulative").print_stats(given.rows)
