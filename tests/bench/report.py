"""What the benches say: one line per number, its baseline of the same run, and the goal it has."""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import structlog

from tests.bench.quiet import watched

T = TypeVar("T")
LOOKED_S: Final = 2.0


class Effort(StrEnum):
    """How much is measured: enough to see that a bench runs, to see roughly, or to publish."""

    SMOKE = "smoke"
    QUICK = "quick"
    FULL = "full"

    def choose(self, smoke: T, quick: T, full: T) -> T:
        return {Effort.SMOKE: smoke, Effort.QUICK: quick, Effort.FULL: full}[self]


@dataclass(frozen=True, slots=True)
class Line:
    """One number. `ratio` is ours to the baseline; `met` is None when there is no goal."""

    bench: str
    what: str
    ours: float | None  # None: not measured, the note says why
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None
    against: str = ""  # whose the baseline is
    note: str = ""
    at: float | None = None  # where on its curve

    @property
    def key(self) -> tuple[str, str, str, float | None]:
        """What stays the same from run to run."""
        return (self.bench, self.what, self.against, self.at)

    @property
    def verdict(self) -> str:
        return {None: "", True: "met", False: "MISSED"}[self.met]


class Bench(Protocol):
    """Measures."""

    def __call__(self, effort: Effort) -> list[Line]: ...


@dataclass(frozen=True, slots=True)
class Run:
    """Everything of one run: what was measured, where, and when."""

    lines: list[Line]
    about: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        lines = ",\n".join(json.dumps(asdict(line)) for line in self.lines)
        return f'{{"about": {json.dumps(self.about)},\n"lines": [\n{lines}\n]}}\n'

    @classmethod
    def read(cls, file: Path) -> Run:
        found = json.loads(file.read_text("utf-8"))
        known = {one.name for one in fields(Line)}
        lines = [
            Line(**{name: value for name, value in line.items() if name in known})
            for line in found["lines"]
        ]
        return cls(lines, found["about"])


def median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


def load() -> str:
    """How busy the machine is besides, which is the first question about any number."""
    one, five, _ = os.getloadavg()
    return f"load {one:.1f} (1 min), {five:.1f} (5 min) on {os.cpu_count()} cores"


def machine() -> dict[str, Any]:
    """What a reader must know of where it was measured, and nothing that names the place."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "machine": platform.machine(),
        "cores": os.cpu_count(),
    }


def figure(value: float | None, unit: str = "") -> str:
    if value is None:
        return "-"
    short = f"{value:,.0f}" if value >= 1000 else f"{value:,.3g}"
    return f"{short} {unit}".strip()


def cells(line: Line) -> tuple[str, ...]:
    """A line as the table shows it."""
    what = line.what
    if line.at is not None:
        what += f", {line.at:,.0f} rows" if line.at else ", empty"
    if line.note:
        what += f" ({line.note})"
    baseline = "" if line.baseline is None else figure(line.baseline)
    if line.against:
        baseline = f"{baseline} {line.against}".strip()
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    return (what, figure(line.ours, line.unit), baseline, ratio, line.goal, line.verdict)


def table(lines: Sequence[Line]) -> str:
    rows: list[tuple[str, ...]] = [("bench", "what", "ours", "baseline", "ratio", "goal", "")]
    rows += [(line.bench, *cells(line)) for line in lines]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def publish(run: Run, json_file: str) -> None:
    """Print the table, then the same as JSON, into a file when one is named."""
    print(table(run.lines))  # noqa: T201 - a bench is there to be read
    for moment in run.about["load"]:
        print(moment)  # noqa: T201 - as above
    if json_file:
        Path(json_file).write_text(run.as_json(), "utf-8")
    else:
        print(run.as_json())  # noqa: T201 - as above


def measure(benches: Mapping[str, Bench], effort: Effort) -> Run:
    """One bench after the other."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        cache_logger_on_first_use=True,
    )
    lines: list[Line] = []
    with watched() as before:  # the load average would still count what ended a minute ago
        time.sleep(LOOKED_S)
    loads, seconds = [f"before: {load()}"], {}
    for name, bench in benches.items():
        print(f"{name} ...", file=sys.stderr, flush=True)  # noqa: T201 - this takes minutes
        begun = time.monotonic()
        lines += bench(effort)
        seconds[name] = round(time.monotonic() - begun)
        loads.append(f"after {name}: {load()}")
    about = {
        **machine(),
        "busy": not before.quiet,
        "effort": str(effort),
        "load": loads,
        "seconds": seconds,
    }
    return Run(lines, about)


def options(about: str) -> argparse.ArgumentParser:
    """The command line all benches share."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller tables")
    parser.add_argument("--json", default="", metavar="FILE", help="write the JSON there")
    return parser


def run(name: str, bench: Bench, about: str) -> None:
    """One bench by itself."""
    given = options(about).parse_args()
    effort = Effort.QUICK if given.quick else Effort.FULL
    publish(measure({name: bench}, effort), given.json)
