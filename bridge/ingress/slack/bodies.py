"""What a verified body holds, and what Slack wants by it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from yarl import query_to_pairs


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
            form = dict(query_to_pairs(text))
            found = json.loads(form["payload"]) if "payload" in form else form
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found else None
