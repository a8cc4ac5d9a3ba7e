"""Charts as plain numbers for an SVG: bars that stand on each other, and times on a logarithmic scale. Pure.

Colours and fonts are the stylesheet's; a template only prints what stands here. The width is in units of
the viewBox, so a chart scales with its place.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bridge.console.throughput import STEP_S, Bucket
from bridge.console.wording import STATES
from bridge.contract import JobState

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720.0, 168.0, 44.0, 8.0, 20.0
FLOOR: Final = HEIGHT - BOTTOM
LINE: Final = 14.0  # labels stand no closer
ORDER: Final = (
    JobState.DONE,
    JobState.PENDING,
    JobState.CANCELLED,
    JobState.REFUSED,
    JobState.UNKNOWN,
    JobState.PARKED,
)
TIMES: Final = (0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 86_400.0, 259_200.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a column."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across or a label below."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What a template draws."""

    bars: Sequence[Bar]
    across: Sequence[Tick]
    below: Sequence[Tick]
    lines: Sequence[tuple[str, str]] = ()  # (tone, SVG path)
    tones: Sequence[JobState] = ()
    summary: str = ""


def throughput(day: Sequence[Bucket]) -> Chart:
    """How many jobs ended, and how."""
    top = _round_up(max((bucket.total for bucket in day), default=0))
    wide = (WIDTH - LEFT) / max(1, len(day))
    bars: list[Bar] = []
    for place, bucket in enumerate(day):
        y = FLOOR
        whole = sum(bucket.states.values())
        for state in ORDER:
            count = bucket.states.get(state, 0)
            if not count:
                continue
            height = max(1.0, (FLOOR - TOP) * bucket.total * count / whole / top)
            y -= height
            about = "about " if bucket.sampled else ""
            title = f"{_clock(bucket.start)}: {about}{count:,} {STATES[state].word.lower()}"
            x = LEFT + place * wide + 1
            bars.append(Bar(_n(x), _n(y), _n(wide - 2), _n(height), state.value, title))
    seen = tuple(s for s in ORDER if any(bucket.states.get(s) for bucket in day))
    total = sum(bucket.total for bucket in day)
    busiest = max(day, key=lambda bucket: bucket.total, default=Bucket(0.0))
    summary = f"{total:,} jobs ended in the last 24 hours."
    if total:
        summary += (
            f" The busiest half hour began at {_clock(busiest.start)} UTC with {busiest.total:,}."
        )
    steps = sorted({0, top // 2, top}) if top > 1 else [0, 1]
    across = [Tick(_n(FLOOR - (FLOOR - TOP) * step / top), _short(step)) for step in steps]
    return Chart(bars, across, list(_hours(day, wide)), tones=seen, summary=summary)


def times(day: Sequence[Bucket]) -> Chart:
    """How long jobs took from accepted to final: the middle one, and the slow ones."""
    found = [bucket for bucket in day if bucket.median_s is not None]
    slowest = max((bucket.slow_s or 0.0 for bucket in found), default=1.0)
    quickest = min((bucket.median_s or 0.0 for bucket in found), default=0.1)
    low = max((edge for edge in TIMES if edge <= max(quickest, TIMES[0])), default=TIMES[0])
    high = min((edge for edge in TIMES if edge > slowest), default=TIMES[-1])
    wide = (WIDTH - LEFT) / max(1, len(day))

    def height(value: float) -> float:
        part = math.log(max(value, low) / low) / math.log(high / low) if high > low else 0.0
        return FLOOR - (FLOOR - TOP) * min(1.0, part)

    middle, slow, dots = [], [], []
    pen_up = True
    for place, bucket in enumerate(day):
        if bucket.median_s is None or bucket.slow_s is None:
            pen_up = True
            continue
        x = LEFT + (place + 0.5) * wide
        move = "M" if pen_up else "L"
        pen_up = False
        middle.append(f"{move}{_n(x)} {_n(height(bucket.median_s))}")
        slow.append(f"{move}{_n(x)} {_n(height(bucket.slow_s))}")
        title = (
            f"{_clock(bucket.start)}: half within {seconds(bucket.median_s)},"
            f" 95 of 100 within {seconds(bucket.slow_s)}"
        )
        for value, tone in ((bucket.slow_s, "slow"), (bucket.median_s, "middle")):
            dots.append(Bar(_n(x), _n(height(value)), 2.0, 2.0, tone, title))
    edges = [edge for edge in TIMES if low <= edge <= high]
    across: list[Tick] = []
    for edge in reversed(edges):
        if not across or height(edge) - across[-1].at >= LINE:
            across.append(Tick(_n(height(edge)), seconds(edge)))
    lines = [("slow", " ".join(slow)), ("middle", " ".join(middle))] if found else []
    summary = "Nothing ended in the last 24 hours."
    if found:
        latest = found[-1]
        summary = (
            f"In the half hour from {_clock(latest.start)} UTC, half of the jobs took at most"
            f" {seconds(latest.median_s or 0)}, 95 of 100 at most {seconds(latest.slow_s or 0)}."
        )
    return Chart(dots, across, list(_hours(day, wide)), lines, summary=summary)


def seconds(value: float) -> str:
    """A duration in the largest unit that reads well."""
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 10:
        return f"{value:.1f} s".replace(".0 s", " s")
    if value < 60:
        return f"{value:.0f} s"
    if value < 3600:
        minutes, rest = divmod(round(value), 60)
        return f"{minutes} min" if minutes >= 10 or not rest else f"{minutes} min {rest} s"
    if value < 86_400:
        hours, rest = divmod(round(value / 60), 60)
        return f"{hours} h" if hours >= 10 or not rest else f"{hours} h {rest} min"
    days = value / 86_400
    return f"{days:.1f} d".replace(".0 d", " d")


def _hours(day: Sequence[Bucket], wide: float) -> Iterator[Tick]:
    for place, bucket in enumerate(day):
        if bucket.start % (4 * 3600) < STEP_S:
            yield Tick(_n(LEFT + place * wide), _clock(bucket.start))


def _round_up(value: int) -> int:
    if value <= 4:
        return max(1, value)
    magnitude = 10 ** int(math.log10(value))
    return next(
        int(magnitude * step)
        for step in (1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10)
        if magnitude * step >= value
    )


def _short(value: int) -> str:
    if value >= 10_000:
        return f"{value / 1000:.0f}k"
    return f"{value / 1000:.1f}k".replace(".0k", "k") if value >= 1000 else str(value)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M")


def _n(value: float) -> float:
    return round(value, 1)
