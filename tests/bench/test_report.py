from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from tests.bench import page
from tests.bench.chart import Bars, bars, curves
from tests.bench.compare import compare
from tests.bench.report import Line, Run, table

ABOUT = {
    "date": "2026-01-01",
    "python": "3.11",
    "system": "Linux",
    "machine": "x86_64",
    "cores": 2,
    "effort": "quick",
    "load": ["before: load 0.1 (1 min)"],
    "seconds": {"start": 60},
}
LINES = [
    Line("start", "again to /readyz", 1.0, "s", 0.5, 2.0, "< 1.5 s", met=True, against="aiohttp"),
    Line("start", "resident", 130.0, "MB", 40.0, 3.25, "< 120 MB", met=False, against="aiohttp"),
    Line("start", "n8n", None, "", note="left out: npm is not installed."),
]
CURVE = [Line("growth", "SQLite: accept, p50", 0.5 + at / 1e6, "ms", at=at) for at in (0, 10, 1000)]


def test_a_run_reads_back_as_it_was_written(tmp_path: Path) -> None:
    run = Run(LINES + CURVE, ABOUT)
    file = tmp_path / "run.json"
    file.write_text(run.as_json(), "utf-8")
    assert Run.read(file) == run


def test_the_table_says_what_was_left_out_and_what_was_missed() -> None:
    shown = table(LINES)
    assert "n8n (left out: npm is not installed.)" in shown
    assert shown.count("MISSED") == 1
    assert "0.5 aiohttp" in shown


def test_a_comparison_judges_by_ratios_where_there_are_any() -> None:
    """Everything took twice as long on the second machine, ours and the baseline; memory shrank."""
    now = [
        Line("start", "again to /readyz", 2.0, "s", 1.0, 2.0, against="aiohttp"),
        Line("start", "resident", 80.0, "MB", 40.0, 2.0, against="aiohttp"),
        Line("start", "something new", 1.0, "s"),
    ]
    rows = {row[0]: row[-1] for row in compare(Run(LINES, ABOUT), Run(now, ABOUT))}
    assert rows == {
        "start: again to /readyz against aiohttp": "",
        "start: resident against aiohttp": "better",
        "start: something new": "new",
        "start: n8n": "gone",
    }


def test_more_per_second_is_better_and_more_milliseconds_are_worse() -> None:
    before = [Line("a", "rate", 100.0, "/s"), Line("a", "wait", 10.0, "ms")]
    now = [Line("a", "rate", 150.0, "/s"), Line("a", "wait", 15.0, "ms")]
    verdicts = [row[-1] for row in compare(Run(before, ABOUT), Run(now, ABOUT))]
    assert verdicts == ["better", "WORSE"]


def test_charts_are_svg_with_words_for_who_cannot_see_them() -> None:
    for drawn in (
        bars("A < B", "ms", [Bars("wait", [("ours", 1.0), ("theirs", 20.0)]), Bars("none")]),
        curves("Growth", "ms", ["empty", "10 rows"], {"accept": [0.0, 1.5]}),
        curves("Nothing", "ms", [], {}),
    ):
        root = ET.fromstring(drawn)
        names = [child.tag.rpartition("}")[2] for child in root]
        assert names[:2] == ["title", "desc"]
        assert "prefers-color-scheme:dark" in drawn


def test_the_page_shows_every_line_with_its_command_and_leaves_no_old_chart(tmp_path: Path) -> None:
    (tmp_path / "old.svg").touch()
    about = {
        "start": "How long it takes.\n\nRun: `python -m tests.bench.start`. Then more.",
        "growth": "G.",
    }
    page.write(tmp_path, Run(LINES + CURVE, ABOUT), about)
    text = (tmp_path / "index.md").read_text("utf-8")
    assert "python -m tests.bench --quick start" in text
    assert "1 met, 1 missed" in text
    assert "left out: npm is not installed." in text
    assert "**missed**" in text
    drawn = {file.name for file in tmp_path.glob("*.svg")}
    assert drawn == {"start-seconds.svg", "start-mb.svg", "growth-sqlite.svg"}
    assert all(f"]({name})" in text for name in drawn)
