"""What an upstream route still allows: one fixed window per (connection, route), learnt from headers.

Pure arithmetic; the store keeps the windows and shares them between workers and over restarts.
Rocket.Chat counts calls per route pattern in fixed windows that start with the first call, tells
`X-RateLimit-Limit`, `-Remaining` and `-Reset` (epoch milliseconds), and sends none of them to an
account that bypasses the limiter: https://developer.rocket.chat/apidocs (rate limiting).
"""

from __future__ import annotations

import email.utils
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

GUARD_S = 0.03  # nothing is sent so close to a window's end that it might count in the next
PROGRAM_SHARE = 10  # of so many starts in a row at least one goes to programs, if any wait
MOST_CALLS = 1_000_000  # a larger limit limits nothing
LONGEST_WAIT_S = 3600.0  # what asks for more is a mistake: a date as seconds, a wrong unit
SKEW_S = 60.0  # so much the clocks of two workers may differ
_LONGEST_NUMBER = 15  # digits
_WAIT = re.compile(r"wait (\d+) seconds")


@dataclass(frozen=True, slots=True)
class Window:
    """The calls left until `resets_at`. `calls` 0: no limit is known, only a wait until `resets_at`.

    `assumed` windows give way to what the upstream's headers say, or do not say; `configured` ones
    are an operator's word and stay.
    """

    calls: int
    window_s: float
    used: int = 0
    resets_at: float = 0.0
    source: Literal["assumed", "configured", "learnt"] = "assumed"

    @property
    def unlimited(self) -> bool:
        return self.calls <= 0

    def at(self, now: float) -> Window:
        """This window, or a fresh one when it is over. A fresh one starts with its first call."""
        if self.unlimited or now < self.resets_at + GUARD_S:
            return self
        return replace(self, used=0, resets_at=0.0)

    def probe_wait_s(self, now: float) -> float:
        """Of an open breaker: seconds until its next probe; none once the clock was set back."""
        wait_s = self.resets_at - now
        return max(0.0, wait_s) if wait_s <= self.window_s + SKEW_S else 0.0

    def free(self, now: float) -> int:
        """How many calls may be sent now."""
        if self.unlimited:
            return 0 if now < self.resets_at else MOST_CALLS
        window = self.at(now)
        if window.resets_at and now > window.resets_at - GUARD_S:
            return 0
        return max(0, window.calls - window.used)

    def take(self, count: int, now: float) -> Window:
        """The window after `count` more calls."""
        if self.unlimited:
            return self
        window = self.at(now)
        resets_at = window.resets_at or now + window.window_s
        return replace(window, used=window.used + count, resets_at=resets_at)

    def give_back(self, count: int, resets_at: float) -> Window:
        """The window after `count` taken calls turned out not to be needed."""
        same = abs(self.resets_at - resets_at) < self.window_s / 2  # headers move it a little
        if self.unlimited or not same:
            return self
        return replace(self, used=max(0, self.used - count))

    def wait_s(self, now: float, ahead: int = 0) -> float:
        """Seconds until a call may be sent when `ahead` others go first."""
        if self.unlimited:
            return max(0.0, self.resets_at - now)
        window = self.at(now)
        position = window.used + ahead
        if position < window.calls and self.free(now):
            return 0.0
        first = max(0.0, (window.resets_at or now) + GUARD_S - now)
        return first + max(0, position // window.calls - 1) * window.window_s

    def learn(
        self,
        status: int,
        headers: Mapping[str, str],
        text: str,
        now: float,
        most: int = 0,
    ) -> Window:
        """The window as the upstream's answer describes it; `most` is the operator's limit, if any."""
        limit = _number(headers.get("x-ratelimit-limit"))
        reset_ms = _number(headers.get("x-ratelimit-reset"))
        if limit and reset_ms is not None:
            calls = min(limit, most or MOST_CALLS)
            told_at = reset_ms / 1000 + _clock_offset_s(headers, now)
            resets_at = min(told_at, now + LONGEST_WAIT_S)
            remaining = _number(headers.get("x-ratelimit-remaining")) or 0
            used = calls if status == 429 else calls - remaining
            first = status != 429 and remaining == limit - 1
            near = abs(resets_at - self.resets_at) < max(0.05, self.window_s / 2)
            if self.source == "learnt" and not near and resets_at < self.resets_at:
                return replace(self, calls=calls)  # a late answer about a window that is over
            return Window(
                calls=calls,
                window_s=max(0.1, resets_at - now) if first else self.window_s,
                used=max(used, self.used if near or self.source != "learnt" else 0),
                resets_at=resets_at,
                source="learnt",
            )
        if status == 429:  # where no limit is known, only the wait is kept
            return replace(self, used=self.calls, resets_at=now + asked_wait_s(headers, text))
        silent = not any(name.startswith("x-ratelimit-") for name in headers)
        guessed = self.source != "configured" and not most
        if status < 400 and silent and guessed and not self.unlimited:
            # this account bypasses the limiter, or does so by now
            return replace(self, calls=0, used=0, resets_at=0.0, source="learnt")
        return self


def current(stored: Window | None, default: Window, now: float) -> Window:
    """The window that counts now: what the settings say, and beside it what was learnt.

    Of an operator's limit and a learnt one the lower counts. A wait that cannot be is dropped: the
    clock was set back since, or an earlier release believed it.
    """
    if stored is None:
        return default
    ruled = default.source == "configured" and not default.unlimited
    learnt = stored.source == "learnt"
    if (ruled or not learnt) and stored.unlimited != default.unlimited:
        return default
    if learnt:
        calls = min(stored.calls, default.calls) if ruled else stored.calls
        window = replace(stored, calls=calls, window_s=min(stored.window_s, LONGEST_WAIT_S))
    else:
        window = replace(default, used=stored.used, resets_at=stored.resets_at)
    if window.resets_at > now + max(window.window_s, LONGEST_WAIT_S):
        return replace(window, used=0, resets_at=0.0)
    return replace(window, used=min(window.used, window.calls))


def asked_wait_s(headers: Mapping[str, str], text: str) -> float:
    """The wait a 429 asks for: Retry-After, else the number in Rocket.Chat's sentence, else 5 s."""
    after: float | None = _number(headers.get("retry-after"))
    if after is None:
        said = _WAIT.search(text)
        after = float(said[1]) if said else 5.0
    return min(float(after), LONGEST_WAIT_S)


def _number(value: str | None) -> int | None:
    text = (value or "").strip()
    plain = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if plain else None


def _clock_offset_s(headers: Mapping[str, str], now: float) -> float:
    """Ours minus the upstream's clock, when they differ by more than the Date header's coarseness."""
    date = email.utils.parsedate_tz(headers.get("date", ""))
    if date is None:
        return 0.0
    try:
        offset = now - email.utils.mktime_tz(date)
    except (OverflowError, ValueError):  # no such year
        return 0.0
    return offset if abs(offset) > 5 else 0.0
