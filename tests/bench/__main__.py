"""All benches in one run: one table, then the same as JSON. Each ratio compares with a baseline of that run.

`python -m tests.bench [--quick] [--json FILE] [--page] [NAME …]` measures; `--page` writes the page, its
charts and its JSON into `docs/pages/measurements/`.
`python -m tests.bench compare OLD.json NEW.json` says what changed between two runs.
`python -m tests.bench profile NAME` says where the time of a bench goes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Final

from tests.bench import (
    accept,
    ack,
    compare,
    engine,
    flood,
    growth,
    pace,
    page,
    peers,
    profiling,
    report,
    slow,
    start,
)
from tests.bench.report import Effort

PAGE: Final = Path(__file__).resolve().parents[2] / "docs/pages/measurements"
BENCHES: Final[dict[str, ModuleType]] = {
    "peers": peers,
    "accept": accept,
    "ack": ack,
    "engine": engine,
    "growth": growth,
    "pace": pace,
    "start": start,
    "flood": flood,
    "slow": slow,
}


def main(words: list[str]) -> None:
    if words[:1] == ["compare"]:
        return compare.main(words[1:])
    if words[:1] == ["profile"]:
        return profiling.main(words[1:])
    parser = report.options(__doc__ or "")
    parser.add_argument("--page", action="store_true", help="write the page in docs, too")
    parser.add_argument("only", nargs="*", metavar="NAME", help=f"some of: {', '.join(BENCHES)}")
    given = parser.parse_args(words)
    chosen = given.only or list(BENCHES)
    if unknown := [name for name in chosen if name not in BENCHES]:
        parser.error(f"no such bench: {', '.join(unknown)}")
    if given.page and given.only:
        parser.error("the page shows one whole run: leave out either --page or the names")
    effort = Effort.QUICK if given.quick else Effort.FULL
    run = report.measure({name: BENCHES[name].bench for name in chosen}, effort)
    report.publish(run, given.json)
    if given.page:
        page.write(PAGE, run, {name: BENCHES[name].__doc__ or "" for name in chosen})
    return None


if __name__ == "__main__":
    main(sys.argv[1:])
