"""What the tests of secrets share: how to find the needles, and what the hay is."""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from pydantic import BaseModel, SecretStr

from bridge import log

CANARY = "CANARY-3f9a1c"


@contextmanager
def log_lines() -> Iterator[io.StringIO]:
    """Everything that is logged, at debug."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.configure("debug", "json", stream=stream)
    try:
        yield stream
    finally:
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()
        root.handlers[:], root.level = handlers, level


def secrets(value: Any) -> Iterator[str]:
    """Every configured secret."""
    for _, secret in secrets_at(value):
        yield secret


def secrets_at(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every configured secret with the path of its setting."""
    if isinstance(value, SecretStr):
        yield path, value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_at(getattr(value, name), f"{path}.{name}".strip("."))
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from secrets_at(inner, f"{path}.{name}".strip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from secrets_at(inner, path)


def forms(needles: Iterable[str]) -> set[str]:
    """As they are, and as they travel: in an address, in a header of Basic, in JSON."""
    found = set(needles)
    for needle in list(found):
        found |= {quote(needle, safe=""), needle.replace("\n", "\\n")}
        found |= {base64.b64encode(f"{user}{needle}".encode()).decode() for user in ("", "AA:")}
    return found


def found(needles: set[str], hay: str) -> list[str]:
    return [needle[:6] + "…" for needle in needles if needle in hay]


def stored(folder: Path) -> bytes:
    """The database's files as they lie on the disk."""
    return b"".join(path.read_bytes() for path in sorted(folder.glob("bridge.db*")))
