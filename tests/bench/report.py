"""What the benches say: one line per number, its baseline of the same run, and the goal it has."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Line:
    """One number. `ratio` is ours to the baseline; `met` is None when there is no goal."""

    bench: str
    what: str
    ours: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None


class Bench(Protocol):
    """Measures; `quick` takes fewer rounds and smaller tables."""

    def __call__(self, *, quick: bool) -> list[Line]: ...


def median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


def load() -> str:
    """How busy the machine is besides, which is the first question about any number."""
    one, five, _ = os.getloadavg()
    return f"load {one:.1f} (1 min), {five:.1f} (5 min) on {os.cpu_count()} cores"


def table(lines: Sequence[Line]) -> str:
    rows = [("bench", "what", "ours", "baseline", "ratio", "goal", "")]
    rows += [
        (
            line.bench,
            line.what,
            f"{line.ours:,.4g} {line.unit}"
            if line.ours < 1000
            else f"{line.ours:,.0f} {line.unit}",
            "" if line.baseline is None else f"{line.baseline:,.4g}",
            "" if line.ratio is None else f"{line.ratio:.2f}",
            line.goal,
            {None: "", True: "met", False: "MISSED"}[line.met],
        )
        for line in lines
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def publish(lines: Sequence[Line], json_file: str, loads: Sequence[str]) -> None:
    """Print the table, then the same as JSON, into a file when one is named."""
    print(table(lines))  # noqa: T201 - a bench is there to be read
    for moment in loads:
        print(moment)  # noqa: T201 - as above
    about = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": list(loads),
    }
    text = json.dumps({"about": about, "lines": [asdict(line) for line in lines]})
    if json_file:
        Path(json_file).write_text(text + "\n", "utf-8")
    else:
        print(text)  # noqa: T201 - as above


def run(benches: dict[str, Bench], about: str) -> None:
    """The command line all benches share."""
    parser = argparse.ArgumentParser(
        description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller tables")
    parser.add_argument("--json", default="", metavar="FILE", help="write the JSON there")
    if len(benches) > 1:
        parser.add_argument("only", nargs="*", help=f"some of: {', '.join(benches)}")
    options = parser.parse_args()
    chosen = getattr(options, "only", None) or list(benches)
    if unknown := [name for name in chosen if name not in benches]:
        parser.error(f"no such bench: {', '.join(unknown)}")
    lines: list[Line] = []
    loads = [f"before: {load()}"]
    for name in chosen:
        lines += benches[name](quick=options.quick)
        loads.append(f"after {name}: {load()}")
    publish(lines, options.json, loads)
