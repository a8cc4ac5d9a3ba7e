"""Would a test notice? Each pure room is changed in small ways, and its tests must fail each time.

`python -m tests.mutants [room ...]` runs mutmut with the files and tests of `[tool.mutmut]` in pyproject.toml
and prints a score for each room. A named room is tried anew; without a name only what has no verdict yet
or survived the last time is tried, so a run that was stopped goes on where it was. `.venv/bin/mutmut results`
lists the survivors, `.venv/bin/mutmut show NAME` shows one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType

import click

ROOT = Path(__file__).resolve().parent.parent
MADE = ROOT / "mutants"  # where mutmut keeps its copies and verdicts; git ignores it
PAGE = ROOT / "docs" / "pages" / "measurements" / "mutants.md"
ROOMS: Mapping[str, str] = MappingProxyType(
    {
        "policy": "bridge/jobs/*",
        "access": "bridge/access.py",
        "signatures": "bridge/signatures/*",
        "grammar": "bridge/surfaces/*",
        "actions": "bridge/actions/*",
    }
)
KILLED = (1, 3, 36, 37, 24, -24, 152, 255)  # mutmut's codes: a test failed, or took far too long
SURVIVED = (0, 5, 33)  # no test failed, or no test runs this code
INTRO = """# Mutation scores

mutmut changes the code of the pure rooms in small ways: a `<` becomes `<=`, an argument is left out, a
sentence is garbled. A change that no test notices survives. Made by `make mutants ARGS=--page`; one room by
`make mutants ROOM=access`.

"""
OUTRO = """
- `policy` is `bridge/jobs/policy.py`, `pace.py` and `ending.py`; `grammar` is what reads and writes a slash line
  in `bridge/surfaces/`, without the form, OpenAPI and the manifest; the other rooms are whole.
- Only quick tests without a server or a store are asked, and property tests with 20 examples: what the others
  would notice counts as survived here. So does what changes nothing, such as another spelling of a codec's name.
- Changed are function bodies, with the sentences in them. mutmut leaves alone: docstrings, type annotations,
  decorated functions (properties, pydantic validators), and what stands at module or class level (tables,
  patterns, error rows). The samples and the tests over the catalogue are for those.
"""


@dataclass(frozen=True, slots=True)
class Score:
    """How one room did."""

    room: str
    killed: int
    survived: int
    untried: int

    @property
    def percent(self) -> float:
        return 100 * self.killed / max(1, self.killed + self.survived)

    @property
    def row(self) -> str:
        tried = self.killed + self.survived
        return f"| {self.room} | {tried} | {self.killed} | {self.survived} | {self.percent:.1f} % |"


def files(room: str) -> list[Path]:
    """The room's files, of those that mutmut is told to change."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mutmut"]
    found = {path for glob in config["only_mutate"] for path in ROOT.glob(glob)}
    return sorted(
        path for path in found if fnmatchcase(path.relative_to(ROOT).as_posix(), ROOMS[room])
    )


def verdicts(path: Path) -> Path:
    """Where mutmut keeps what became of a file's mutants."""
    return (MADE / path.relative_to(ROOT)).with_suffix(".py.meta")


def score(room: str) -> Score:
    """Count the verdicts that there are."""
    killed = survived = untried = 0
    for kept in filter(Path.exists, map(verdicts, files(room))):
        codes = Counter(json.loads(kept.read_text("utf-8"))["exit_code_by_key"].values())
        killed += sum(codes[code] for code in KILLED)
        survived += sum(codes[code] for code in SURVIVED)
        untried += sum(codes.values())
    return Score(room, killed, survived, untried - killed - survived)


def forget_survivors() -> None:
    """Tests that were added since may have something to say."""
    for kept in filter(Path.exists, (verdicts(path) for room in ROOMS for path in files(room))):
        data = json.loads(kept.read_text("utf-8"))
        data["exit_code_by_key"] = {
            name: None if code in SURVIVED else code
            for name, code in data["exit_code_by_key"].items()
        }
        kept.write_text(json.dumps(data), "utf-8")


def try_mutants(rooms: Iterable[str], minutes: float, children: int) -> None:
    """Run mutmut: over these rooms anew, or without any over all that is open."""
    names = [f"{_module(path)}.x*" for room in rooms for path in files(room)]
    if not names:
        forget_survivors()
    # Which test runs which code is measured anew, and a test that is gone must not stay behind.
    MADE.mkdir(exist_ok=True)
    (MADE / "mutmut-stats.json").unlink(missing_ok=True)
    shutil.rmtree(MADE / "tests", ignore_errors=True)
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    told = MADE / "run.log"
    with told.open("w") as log:
        running = subprocess.Popen(
            [mutmut, "run", "--max-children", str(children), *names],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            code = running.wait(minutes * 60)
        except subprocess.TimeoutExpired:
            running.terminate()
            running.wait()
            click.echo(f"Stopped after {minutes:g} minutes; the next run goes on from here.")
            return
    if code:
        raise SystemExit(f"{told.read_text('utf-8')[-3000:]}\nmutmut failed; see {told}")


def table(scores: Sequence[Score]) -> str:
    """The scores as a markdown table, and what is still to be tried."""
    head = "| room | mutants tried | killed | survived | score |\n|---|--:|--:|--:|--:|\n"
    untried = ", ".join(f"{one.untried} in {one.room}" for one in scores if one.untried)
    note = f"\nNot tried in this run: {untried}.\n" if untried else ""
    return head + "".join(f"{one.row}\n" for one in scores) + note


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def main() -> None:
    """Try, print, and fail when a room is below what was asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", choices=[[], *ROOMS], help="these rooms, anew")
    parser.add_argument("--page", action="store_true", help="write the table into the docs")
    parser.add_argument("--show", action="store_true", help="only show what is known already")
    parser.add_argument("--least", type=float, default=85, help="fail below this percentage")
    parser.add_argument("--minutes", type=float, default=90, help="stop after this time")
    parser.add_argument("--children", type=int, default=2, help="how many at a time")
    given = parser.parse_args()
    if not given.show:
        try_mutants(given.rooms, given.minutes, given.children)
    scores = [score(room) for room in given.rooms or ROOMS]
    told = table(scores)
    click.echo(told, nl=False)
    if given.page:
        PAGE.write_text(INTRO + told + OUTRO, "utf-8")
    low = [one.room for one in scores if one.percent < given.least]
    if low:
        raise SystemExit(f"Below {given.least:g} %: {', '.join(low)}.")


if __name__ == "__main__":
    main()
