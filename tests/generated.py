"""The parts of files that are generated from the code: write them, or check that they are in step.

`python -m tests.generated` writes, `--check` fails with the names of what is out of step.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bridge import metrics
from bridge.actions import catalogue
from bridge.settings import render_config, render_schema
from bridge.surfaces.table import ends_table, table

ROOT = Path(__file__).resolve().parent.parent


def between(text: str, name: str, content: str) -> str:
    """The text with what stands between a pair of markers replaced."""
    pattern = re.compile(rf"(<!-- {name}:begin.*?-->\n).*?(<!-- {name}:end -->)", re.DOTALL)
    changed, found = pattern.subn(lambda match: f"{match[1]}{content.rstrip()}\n{match[2]}", text)
    if not found:
        raise SystemExit(f"the markers of {name!r} are missing")
    return changed


def readme(text: str) -> str:
    return between(text, "actions", table(catalogue().values()))


def ends(text: str) -> str:
    return between(text, "ends", ends_table(catalogue().values()))


def counted(text: str) -> str:
    return between(text, "metrics", metrics.table())


FILES: Mapping[str, Callable[[str], str]] = {
    "README.md": readme,
    "config/bridge.toml": lambda _: render_config(),
    "deploy/ENDS.md": ends,
    "deploy/METRICS.md": counted,
    "deploy/bridge.schema.json": lambda _: render_schema(),
}


def main() -> None:
    check = "--check" in sys.argv
    stale = []
    for name, render in FILES.items():
        path = ROOT / name
        before = path.read_text("utf-8") if path.exists() else ""
        after = render(before)
        if after != before:
            stale.append(name)
            if not check:
                path.write_text(after, "utf-8")
    if check and stale:
        raise SystemExit(f"out of step with the code: {', '.join(stale)}. Run: make fix")


if __name__ == "__main__":
    main()
