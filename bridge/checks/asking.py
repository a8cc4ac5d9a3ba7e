"""Asking a system one question: its answer, or a sentence why there is none; and what its clock says."""

from __future__ import annotations

import email.utils
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from bridge.contract import Lost, Unsent, decode_json

T = TypeVar("T")
SKEW_WARNING_S = 30.0
SKEW_ERROR_S = 240.0  # Slack and Standard Webhooks believe a stamp for 300 s


class HasHeaders(Protocol):
    """An answer of the way out, or a response of an upstream."""

    @property
    def headers(self) -> Mapping[str, str]: ...


@dataclass(slots=True)
class Clocks:
    """How far other clocks are ahead of ours, by whose they are."""

    now: Callable[[], float]
    ahead_s: dict[str, float] = field(default_factory=dict)

    def heed(self, whose: str, answer: HasHeaders) -> None:
        """Take the `Date` of an answer (RFC 9110, section 6.6.1)."""
        try:
            moment = email.utils.parsedate_to_datetime(answer.headers.get("date", ""))
        except (TypeError, ValueError):
            return
        self.ahead_s[whose] = moment.timestamp() - self.now()


@dataclass(frozen=True, slots=True)
class Silence:
    """There was no answer; `why` is half a sentence."""

    why: str


async def ask(question: Awaitable[T]) -> T | Silence:
    """The answer, or why there is none."""
    try:
        return await question
    except (Unsent, Lost) as problem:
        return Silence(str(problem).rstrip(".") or type(problem).__name__)


def as_json(body: bytes) -> dict[str, Any]:
    """An object, whatever came."""
    found = decode_json(body)
    return found if isinstance(found, dict) else {}
