"""Text objects and lengths, in the words Slack uses to refuse them.

https://docs.slack.dev/reference/block-kit/composition-objects/text-object
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def at(reason: str, where: str) -> str:
    """A reason and the spot it was found at."""
    return f"{reason} [json-pointer:{where}]"


def missing(name: str, where: str) -> str:
    """The reason for a field that is not there."""
    return at(f"missing required field: {name}", where)


def length_problems(value: Any, most: int, where: str) -> Iterator[str]:
    """Nothing, or the one reason why a string field is refused; an absent field is fine."""
    if value is None:
        return
    if not isinstance(value, str):
        yield at("must be a string", where)
    elif len(value) > most:
        yield at(f"must be less than {most + 1} characters", where)


def text_problems(text: Any, most: int, where: str, *, plain: bool = False) -> Iterator[str]:
    """The reasons why a text object is refused; `plain` where mrkdwn is not allowed."""
    if not isinstance(text, dict):
        yield at("missing or invalid text object", where)
        return
    kinds = {"plain_text"} if plain else {"plain_text", "mrkdwn"}
    if text.get("type") not in kinds:
        yield at(f"unsupported type: {text.get('type')}", f"{where}/type")
    words = text.get("text")
    if not isinstance(words, str):
        yield missing("text", where)
    elif not words:
        yield at("must be more than 0 characters", f"{where}/text")
    else:
        yield from length_problems(words, most, f"{where}/text")
