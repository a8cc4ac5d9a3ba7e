"""The documentation as its tests read it: its pages, and the blocks that a file's name stands above."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ROOT / "docs" / "pages"
_BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def text_of(page: str) -> str:
    return (PAGES / page).read_text("utf-8")


def blocks(page: str) -> Mapping[str, str]:
    """The content of each titled block, by its title."""
    return dict(_BLOCK.findall(text_of(page)))
