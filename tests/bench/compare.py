"""Two runs side by side: what got better, what got worse.

Run: `python -m tests.bench compare OLD.json NEW.json`. Where a number has a baseline, its ratio is compared:
it is the part that a faster or busier machine does not move. A change within ±15 % is called noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.bench.report import Line, Run, figure

NOISE: Final = 0.15
HIGHER_IS_BETTER: Final = frozenset(("/s", "share", "jobs"))


def compare(old: Run, new: Run) -> list[tuple[str, str, str, str, str]]:
    """(what, before, now, change, verdict) of every number that both have, then what only one has."""
    before = {line.key: line for line in old.lines}
    now = {line.key: line for line in new.lines}
    rows = [_row(before[key], line) for key, line in now.items() if key in before]
    rows += [
        (_name(line), "-", figure(line.ours, line.unit), "", "new")
        for key, line in now.items()
        if key not in before
    ]
    rows += [
        (_name(line), figure(line.ours, line.unit), "-", "", "gone")
        for key, line in before.items()
        if key not in now
    ]
    return rows


def _row(was: Line, is_now: Line) -> tuple[str, str, str, str, str]:
    as_ratio = was.ratio is not None and is_now.ratio is not None
    first, second = (was.ratio, is_now.ratio) if as_ratio else (was.ours, is_now.ours)
    unit = "of baseline" if as_ratio else is_now.unit
    before, now = figure(first, unit), figure(second, unit)
    if first is None or second is None or not first:
        return (_name(is_now), before, now, "", "" if first == second else "changed")
    change = second / first - 1
    better = change > 0 if is_now.unit in HIGHER_IS_BETTER else change < 0
    verdict = "" if abs(change) <= NOISE else ("better" if better else "WORSE")
    return (_name(is_now), before, now, f"{change:+.0%}", verdict)


def _name(line: Line) -> str:
    place = "" if line.at is None else f", {line.at:,.0f} rows"
    against = f" against {line.against}" if line.against else ""
    return f"{line.bench}: {line.what}{place}{against}"


def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench compare",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    given = parser.parse_args(words)
    old, new = Run.read(given.old), Run.read(given.new)
    rows = [("what", "before", "now", "change", ""), *compare(old, new)]
    widths = [max(len(row[place]) for row in rows) for place in range(5)]
    said = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    for name, run in (("before", old), ("now", new)):
        where = f"Python {run.about['python']}, {run.about['cores']} cores, {run.about['load'][0]}"
        said.append(f"{name}: {run.about.get('date', 'undated')}, {where}")
    print("\n".join(said))  # noqa: T201 - there to be read
