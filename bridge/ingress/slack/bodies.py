"""What a verified body holds, and what Slack wants by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import chain
from typing import Any, Final
from urllib.parse import parse_qsl

from yarl import query_to_pairs

UNREADABLE: Final = "\ufffd"  # what yarl makes of bytes that are no UTF-8


def kind_of(body: Mapping[str, Any]) -> str:
    """What Slack wants, as a metric names it."""
    if "command" in body:
        return "command"
    return {
        "event_callback": "event",
        "url_verification": "event",
        "block_suggestion": "options",
    }.get(str(body.get("type")), "interaction")


def parse(raw: bytes) -> dict[str, Any] | None:
    """A verified body as an object: JSON for events, a form for commands, a form's `payload` else."""
    try:
        text = raw.decode()
        if text.lstrip().startswith("{"):
            found = json.loads(text)
        else:
            form = _form(text)
            found = json.loads(form["payload"]) if "payload" in form else form
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found else None


def _form(text: str) -> dict[str, str]:
    """The fields. Raises `ValueError` where they are no UTF-8: guessed words would be sent upstream."""
    pairs = query_to_pairs(text)  # quicker than the standard library, but it never refuses
    if UNREADABLE in "".join(chain.from_iterable(pairs)):  # unless the person wrote this very sign
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    return dict(pairs)
