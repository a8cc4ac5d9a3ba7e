"""Facts as short fields: what a team needs to see, in words, and nothing that the sentence said already.

An outcome's facts are made for programs: ids, flags and stages have their place in the job's JSON. A
person sees those that `words.FACTS` has a label for, as long as the message has not said them yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bridge.delivery import mrkdwn, words

MOST = 6  # a phone shows them one below the other
VALUE = 200


def fields(
    facts: Mapping[str, Any], said: str, personal: frozenset[str], *, masked: bool
) -> Iterator[str]:
    """Each fact worth a field, as escaped mrkdwn."""
    left = MOST
    for name, label in words.FACTS.items():
        shown = _shown(name, facts.get(name), said, personal=name in personal, masked=masked)
        if shown and left:
            left -= 1
            yield f"*{label}*\n{shown}"


def hide(value: Any) -> Any:
    """A personal value as others may see it: enough to recognise it, too little to use it."""
    if isinstance(value, str):
        if mrkdwn.is_addresses(value):
            return mrkdwn.mask(value)
        return f"{value[:1]}***" if value else ""
    if isinstance(value, Mapping):
        return {key: hide(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [hide(item) for item in value]
    return value if value is None or isinstance(value, bool) else "***"


def _shown(name: str, value: Any, said: str, *, personal: bool, masked: bool) -> str:
    if name.endswith("_at") and (moment := _moment(value)) is not None:
        return mrkdwn.date(moment)
    if isinstance(value, (list, tuple)):
        value = ", ".join(str(item) for item in value if isinstance(item, (str, int)))
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    text = str(hide(str(value)) if personal else value).strip()
    if masked:
        text = mrkdwn.mask(text)
    if not text or text in said:
        return ""
    if text.startswith(("https://", "http://")):
        return mrkdwn.link(text)
    return mrkdwn.code(text, VALUE) if name in words.FACTS_IN_CODE else mrkdwn.safe(text, VALUE)


def _moment(value: Any) -> float | None:
    if isinstance(value, (int, float)):
        return float(value) if 0 < value < 1e11 else None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None
