"""How long `python -m bridge serve` takes on an empty SQLite until /readyz says 200, and what it holds then.

Run: `python -m tests.bench.start [--quick]`. The interpreter's bytecode cache is warm, as after an
installation; `first start` is without it, as after an unpacked archive. `again` opens the database that
is there already. The baseline is a bare aiohttp server, started the same way in the same run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from tests.bench import report
from tests.bench.programs import Program, answers, end, prepared
from tests.bench.quiet import verdict, watched
from tests.bench.report import Effort, Line, median
from tests.ingress.webhooks.node_red import free_port
from tests.world import API_TOKEN

MOST_S, MOST_MB = 1.5, 120
SERVE = [sys.executable, "-m", "bridge", "serve"]
BASELINE = "bare aiohttp"
BARE = """
import sys
from aiohttp import web
async def ready(_): return web.json_response({})
app = web.Application()
app.router.add_get("/readyz", ready)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
"""


def start(
    command: list[str], environment: dict[str, str], is_ready: Callable[[], bool]
) -> tuple[float, float]:
    """(seconds to ready, MB resident then)."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not is_ready():
            if process.poll() is not None:
                raise RuntimeError(f"it ended with {process.returncode}: {command[1:]}")
            if time.perf_counter() - started > 60:
                raise TimeoutError("not ready within 60 s")
            time.sleep(0.01)
        took = time.perf_counter() - started
        return took, psutil.Process(process.pid).memory_info().rss / 1e6
    finally:
        end(process)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


@contextmanager
def real_serve(folder: Path) -> Iterator[int]:
    """The port of a `bridge serve` on an empty SQLite file, with its defaults."""
    (folder / "empty.toml").touch()
    port = free_port()
    process = subprocess.Popen(
        SERVE,
        env=serve_environment(folder, folder / "serve.db", folder / "bytecode", port),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while not _is_ready(port):
            if time.monotonic() > deadline:
                raise TimeoutError("not ready within 60 s")
            time.sleep(0.05)
        yield port
    finally:
        end(process)


def serve_environment(folder: Path, database: Path, cache: Path, port: int) -> dict[str, str]:
    """What `serve` finds where it is installed: there is no rich, which structlog would load with what it needs."""
    absent = folder / "absent"
    absent.mkdir(exist_ok=True)
    (absent / "rich.py").write_text("raise ImportError('only tools of development bring it')\n")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join((str(absent), str(Path(__file__).resolve().parents[2]))),
        "PYTHONPYCACHEPREFIX": str(cache),
        "DATABASE_URL": f"sqlite:///{database}",
        "BRIDGE_CONFIG": str(folder / "empty.toml"),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "BRIDGE_API_TOKEN": API_TOKEN,
        "SLACK_SIGNING_SECRET": "bench-signing-secret",
        "SLACK_BOT_TOKEN": "xoxb-bench",
        "SLACK_API_URL": "http://127.0.0.1:9/api/",
        "ROCKETCHAT_URL": "http://127.0.0.1:9",
        "ROCKETCHAT_USER_ID": "bench",
        "ROCKETCHAT_AUTH_TOKEN": "bench",
    }


def bench(effort: Effort) -> list[Line]:
    rounds = effort.choose(1, 3, 7)
    found: dict[str, list[tuple[float, float]]] = {"bare": [], "empty": [], "again": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty.toml").touch()
        warm = folder / "bytecode"

        def one(command: list[str], database: str, cache: Path) -> tuple[float, float]:
            port = free_port()
            whole = [*command, str(port)] if command[1] == "-c" else command
            environment = serve_environment(folder, folder / database, cache, port)
            return start(whole, environment, partial(_is_ready, port))

        first = one(SERVE, "first.db", warm)
        with watched() as seen:
            for turn in range(rounds):
                found["bare"].append(one([sys.executable, "-c", BARE], "none.db", warm))
                found["empty"].append(one(SERVE, f"{turn}.db", warm))
                found["again"].append(one(SERVE, f"{turn}.db", warm))
        programs, left_out = prepared(folder)
        others = [_start_program(program, rounds) for program in programs]
    bare_s, bare_mb = (median(one[place] for one in found["bare"]) for place in (0, 1))
    empty_s, empty_mb = (median(one[place] for one in found["empty"]) for place in (0, 1))
    again_s, again_mb = (median(one[place] for one in found["again"]) for place in (0, 1))
    return [
        Line(
            "start",
            "empty SQLite to /readyz 200",
            empty_s,
            "s",
            bare_s,
            empty_s / bare_s,
            *verdict(f"< {MOST_S} s", seen, met=empty_s < MOST_S),
            against=BASELINE,
        ),
        Line(
            "start",
            "again to /readyz 200",
            again_s,
            "s",
            bare_s,
            again_s / bare_s,
            against=BASELINE,
        ),
        Line("start", "first start, no bytecode", round(first[0], 3), "s"),
        Line(
            "start",
            "resident when ready, empty SQLite",
            empty_mb,
            "MB",
            bare_mb,
            empty_mb / bare_mb,
            f"< {MOST_MB} MB",
            empty_mb < MOST_MB,
            against=BASELINE,
        ),
        Line(
            "start",
            "resident when ready, again",
            again_mb,
            "MB",
            bare_mb,
            again_mb / bare_mb,
            against=BASELINE,
        ),
        *(
            Line("start", what, ours, unit, theirs, ours / theirs, against=program.name)
            for program, (seconds, mb) in zip(programs, others, strict=True)
            for what, ours, unit, theirs in (
                ("again to /readyz 200", again_s, "s", seconds),
                ("resident when ready, again", again_mb, "MB", mb),
            )
        ),
        *(Line("start", name, None, "", note=why) for name, why in left_out.items()),
    ]


def _start_program(program: Program, rounds: int) -> tuple[float, float]:
    """As `start`; the first time, in which it sets itself up, does not count."""
    environment = {**os.environ, **program.environment}
    is_ready = partial(answers, program.url)
    turns = [start(program.command, environment, is_ready) for _ in range(1 + min(rounds, 3))]
    seconds, mb = (median(turn[place] for turn in turns[1:]) for place in (0, 1))
    return seconds, mb


if __name__ == "__main__":
    report.run("start", bench, __doc__ or "")
