"""The page of a run in the docs: for each bench what it does, its command, its charts and its table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.bench.chart import Bars, bars, curves
from tests.bench.report import Line, Run, cells

US: Final = "Deskbridge"
TITLES: Final = {
    "peers": "Against what people use instead",
    "accept": "Accepting over HTTP",
    "ack": "Acknowledging slash commands",
    "engine": "Working jobs off",
    "growth": "Cost as the table grows",
    "pace": "Using what an upstream allows",
    "start": "Start-up and memory",
    "flood": "Slow clients and a flood",
    "slow": "How long a slow client may hold a connection",
}
CHARTED: Final = {"/s": "per-second", "ms": "ms", "s": "seconds", "MB": "mb", "share": "share"}
MEASURES: Final = {
    "/s": "per second, more is better",
    "ms": "milliseconds, less is better",
    "s": "seconds, less is better",
    "MB": "megabytes resident, less is better",
    "share": "share, more is better",
}


def write(folder: Path, run: Run, about: Mapping[str, str]) -> None:
    """`about` is each bench's docstring; what an earlier run left behind goes."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    (folder / "results.json").write_text(run.as_json(), "utf-8")
    parts = [_head(run)]
    for name, doc in about.items():
        lines = [line for line in run.lines if line.bench == name]
        charts = draw(name, lines)
        for file, (_, svg) in charts.items():
            (folder / file).write_text(svg, "utf-8")
        parts.append(_chapter(name, doc, lines, charts, run))
    parts.append(
        "## Comparing two runs\n\n"
        "The figures of this page are in [results.json](results.json). Another run, and the difference:\n\n"
        "```sh\nmake bench ARGS='--json new.json'\n"
        ".venv/bin/python -m tests.bench compare docs/pages/measurements/results.json new.json\n```\n"
    )
    (folder / "index.md").write_text("\n".join(parts), "utf-8")


def _head(run: Run) -> str:
    about = run.about
    judged = [line for line in run.lines if line.met is not None]
    missed = [line for line in judged if not line.met]
    undecided = [line for line in run.lines if line.goal and line.met is None]
    quick = about["effort"] == "quick"
    command = "make bench ARGS='--quick --page'" if quick else "make bench ARGS=--page"
    minutes = sum(about["seconds"].values()) / 60
    said = [
        "# Measurements\n",
        (
            "One command printed each number below, in one run, beside a baseline of that same run."
            " Read the ratios: the numbers themselves belong to the machine.\n"
        ),
        f"```sh\n{command}\n```\n",
        f"| date | {about['date']} |\n|---|---|",
        f"| machine | {about['cores']} cores, {about['machine']}, {about['system']} |",
        f"| Python | {about['python']} |",
        f"| {about['load'][0].partition(':')[0]} | {about['load'][0].partition(': ')[2]} |",
        f"| it took | {minutes:.0f} minutes{', few rounds (`--quick`)' if quick else ''} |\n",
        (
            f"**Goals: {len(judged) - len(missed)} met, {len(missed)} missed**"
            + (
                f", {len(undecided)} not judged, because others used the cores meanwhile.\n"
                if undecided
                else ".\n"
            )
        ),
    ]
    if about.get("busy"):
        said.append(
            "The machine was busy with other work. Of this page, believe the ratios at most: times and"
            " rates of a quiet machine are better, ours and the baselines'.\n"
        )
    if missed:
        said.append("Missed:\n")
        said += [f"- {_sentence(line)}" for line in missed]
        said.append("")
    return "\n".join(said)


def _sentence(line: Line) -> str:
    what, ours, baseline, ratio, goal, _ = cells(line)
    beside = f" against {baseline}, ratio {ratio}" if ratio else ""
    return f"{TITLES.get(line.bench, line.bench)}: {what}: {ours}{beside}; goal {goal}"


def _chapter(
    name: str, doc: str, lines: Sequence[Line], charts: Mapping[str, tuple[str, str]], run: Run
) -> str:
    first, _, rest = doc.strip().partition("\n\n")
    rest = " ".join(re.sub(r"Run: `[^`]*`\.\s*", "", rest).split())
    quick = " --quick" if run.about["effort"] == "quick" else ""
    said = [
        f"## {TITLES.get(name, name)}\n",
        f"{' '.join(first.split())}\n",
        f"{rest}\n",
        f"```sh\n.venv/bin/python -m tests.bench{quick} {name}\n```\n",
        *(
            f"![{title}; the figures are in the table]({file})\n"
            for file, (title, _) in charts.items()
        ),
        "| what | Deskbridge | baseline | ratio | goal | |\n|---|---:|---:|---:|---|---|",
    ]
    for line in lines:
        what, ours, baseline, ratio, goal, verdict = cells(line)
        if line.goal and line.met is None:
            verdict = "not judged"
        row = (what, ours, baseline, ratio, goal, verdict.replace("MISSED", "**missed**"))
        said.append("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    said.append("")
    return "\n".join(said)


def draw(name: str, lines: Sequence[Line]) -> dict[str, tuple[str, str]]:
    """File name to (title, SVG): curves where a number has a place on one, bars for the others."""
    title = TITLES.get(name, name)
    made: dict[str, tuple[str, str]] = {}
    placed = [line for line in lines if line.at is not None and line.ours is not None]
    for prefix in dict.fromkeys(line.what.partition(":")[0] for line in placed):
        mine = [line for line in placed if line.what.startswith(f"{prefix}:")]
        made[f"{name}-{prefix.lower()}.svg"] = _curve(f"{title}: {prefix}", mine)
    flat = [line for line in lines if line.at is None and line.ours is not None]
    for unit, file in CHARTED.items():
        of_unit = [line for line in flat if line.unit == unit]
        if of_unit and not placed:
            said = f"{title}: {MEASURES[unit]}"
            made[f"{name}-{file}.svg"] = (said, bars(said, unit, _groups(of_unit)))
    return made


def _groups(lines: Sequence[Line]) -> list[Bars]:
    values: dict[str, dict[str, float]] = {}
    for line in lines:
        group = values.setdefault(line.what, {US: line.ours or 0.0})
        if line.baseline is not None:
            group[line.against or "baseline"] = line.baseline
    return [Bars(what, list(group.items())) for what, group in values.items()]


def _curve(title: str, lines: Sequence[Line]) -> tuple[str, str]:
    places = sorted({line.at for line in lines if line.at is not None})
    found = {(line.what, line.at): line.ours or 0.0 for line in lines}
    series = {
        what.partition(": ")[2]: [found[what, place] for place in places]
        for what in dict.fromkeys(line.what for line in lines)
    }
    names = [f"{place:,.0f} rows" if place else "empty" for place in places]
    said = f"{title}: milliseconds, less is better"
    return said, curves(said, lines[0].unit, names, series)
