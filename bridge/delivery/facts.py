"""Facts as short fields: what a team needs to see, in words, and nothing that the sentence said already.

An outcome's facts are made for programs. Of these a person sees only plain values that the message has
not said yet, never ids of other things, with the name made readable (`closed_by` is "Closed by"). So a
new action's facts show up without an edit here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bridge.delivery import mrkdwn, words

MOST = 6  # a phone shows them one below the other
VALUE = 200
_FOR_PROGRAMS = ("_id", "_ids", "_key", "_token", "_code")
_MOMENTS = ("_at", "_since", "_until")


def fields(
    facts: Mapping[str, Any], said: str, personal: frozenset[str], *, masked: bool
) -> Iterator[str]:
    """Each fact worth a field, as escaped mrkdwn."""
    left = MOST
    for name, value in facts.items():
        if not left or name.startswith("_") or name.endswith(_FOR_PROGRAMS):
            continue
        shown = _shown(name, value, said, personal=name in personal, masked=masked)
        if shown:
            left -= 1
            yield f"*{_label(name)}*\n{shown}"


def hide(value: Any) -> Any:
    """A personal value as others may see it: enough to recognise it, too little to use it."""
    if isinstance(value, str):
        masked = mrkdwn.mask(value)
        return masked if masked != value else f"{value[:1]}***" if value else ""
    if isinstance(value, Mapping):
        return {key: hide(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [hide(item) for item in value]
    return value if value is None or isinstance(value, bool) else "***"


def _shown(name: str, value: Any, said: str, *, personal: bool, masked: bool) -> str:
    if isinstance(value, bool):
        return ""  # the sentence says it in a better way than "Verified: yes"
    if name.endswith(_MOMENTS):
        at = _moment(value)
        if at is not None:
            return mrkdwn.date(at)
    if isinstance(value, (list, tuple)):
        value = ", ".join(str(item) for item in value if isinstance(item, (str, int)))
    if not isinstance(value, (str, int, float)):
        return ""
    text = str(hide(str(value)) if personal else value).strip()
    if masked:
        text = mrkdwn.mask(text)
    if not text or text in said:
        return ""
    if text.startswith(("https://", "http://")):
        return mrkdwn.link(text)
    return mrkdwn.safe(text, VALUE)


def _moment(value: Any) -> float | None:
    if isinstance(value, (int, float)):
        return float(value) if 0 < value < 1e11 else None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


def _label(name: str) -> str:
    if name == "url" or name.endswith("_url"):
        return words.LINK
    text = name.replace("_", " ").strip()
    return mrkdwn.safe(text[:1].upper() + text[1:], 40)
