"""Small SVG charts without a library: bars side by side, and curves over named places.

Each brings its own card and both palettes, so it reads in light and dark pages, and a title and a
description for those who do not see it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, LABELS, EDGE = 760, 290, 16
BAR, GAP = 16, 14
PLOT = 240
STYLE = """
.card{fill:#ffffff;stroke:#d0d7de}.text{fill:#1f2328}.faint{fill:#59636e}.line{stroke:#d0d7de}
.s0{fill:#0b57d0}.s1{fill:#8c959f}.s2{fill:#b35900}.s3{fill:#7a3fb3}.s4{fill:#1a7f37}
.c0{stroke:#0b57d0}.c1{stroke:#8c959f}.c2{stroke:#b35900}.c3{stroke:#7a3fb3}.c4{stroke:#1a7f37}
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.head{font-size:15px;font-weight:600}.curve{fill:none;stroke-width:2}
@media (prefers-color-scheme:dark){
.card{fill:#161b22;stroke:#3d444d}.text{fill:#f0f6fc}.faint{fill:#9198a1}.line{stroke:#3d444d}
.s0{fill:#6ea8fe}.s1{fill:#7d8590}.s2{fill:#e09b5a}.s3{fill:#c297f0}.s4{fill:#57ab5a}
.c0{stroke:#6ea8fe}.c1{stroke:#7d8590}.c2{stroke:#e09b5a}.c3{stroke:#c297f0}.c4{stroke:#57ab5a}}
"""
COLOURS, STEPS = 5, 4


@dataclass(frozen=True, slots=True)
class Bars:
    """One group of bars, from the top: (whose, how much)."""

    label: str
    values: Sequence[tuple[str, float]] = field(default_factory=list)


def bars(title: str, unit: str, groups: Sequence[Bars]) -> str:
    """Horizontal bars; each value stands at the end of its bar."""
    names = list(dict.fromkeys(name for group in groups for name, _ in group.values))
    most = max((value for group in groups for _, value in group.values), default=0.0) or 1.0
    room = WIDTH - LABELS - EDGE - 90
    top, parts = 64, _legend(names)
    for group in groups:
        middle = top + BAR * len(group.values) / 2
        parts.append(_text(LABELS - 10, middle + 4, group.label, anchor="end"))
        for name, value in group.values:
            long = max(1.5, room * value / most)
            parts.append(
                f'<rect class="s{names.index(name) % COLOURS}" x="{LABELS}" y="{top + 2}"'
                f' width="{long:.1f}" height="{BAR - 3}" rx="2"/>'
            )
            parts.append(
                _text(LABELS + long + 6, top + BAR - 4, f"{_short(value)} {unit}", "faint")
            )
            top += BAR
        top += GAP
    said = "; ".join(
        f"{group.label}: "
        + ", ".join(f"{name} {_short(value)} {unit}" for name, value in group.values)
        for group in groups
    )
    return _svg(title, said, top, parts)


def curves(
    title: str, unit: str, places: Sequence[str], series: Mapping[str, Sequence[float]]
) -> str:
    """One line per series over evenly spaced places, from zero up."""
    step = _step(max((value for values in series.values() for value in values), default=0.0))
    most = STEPS * step
    left, right, top = 70, WIDTH - 60, 74
    bottom = top + PLOT
    parts = _legend(list(series))

    def x(place: int) -> float:
        return left + (right - left) * place / max(1, len(places) - 1)

    def y(value: float) -> float:
        return bottom - PLOT * value / most

    for number in range(STEPS + 1):
        value = step * number
        parts.append(
            f'<line class="line" x1="{left}" x2="{right}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        )
        parts.append(
            _text(left - 8, y(value) + 4, f"{_short(value)} {unit}", "faint", anchor="end")
        )
    for number, place in enumerate(places):
        parts.append(_text(x(number), bottom + 20, place, "faint", anchor="middle"))
    for number, values in enumerate(series.values()):
        points = [(x(place), y(value)) for place, value in enumerate(values)]
        path = " ".join(f"{at:.1f},{up:.1f}" for at, up in points)
        parts.append(f'<polyline class="curve c{number % COLOURS}" points="{path}"/>')
        parts += [
            f'<circle class="s{number % COLOURS}" cx="{at:.1f}" cy="{up:.1f}" r="3.5"/>'
            for at, up in points
        ]
    said = "; ".join(
        f"{name}: "
        + ", ".join(
            f"{_short(value)} {unit} at {place}"
            for place, value in zip(places, values, strict=True)
        )
        for name, values in series.items()
    )
    return _svg(title, said, bottom + 36, parts)


def _step(most: float) -> float:
    """A round distance between lines, so that the highest value fits below the last."""
    needed = (most or 1.0) / STEPS
    power = 10.0 ** math.floor(math.log10(needed))
    return next(power * part for part in (1, 2, 2.5, 5, 10) if power * part >= needed)


def _svg(title: str, said: str, height: float, parts: Iterable[str]) -> str:
    inside = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img"'
        f' aria-labelledby="title desc">\n<title id="title">{escape(title)}</title>\n'
        f'<desc id="desc">{escape(said)}</desc>\n<style>{STYLE}</style>\n'
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:.0f}" rx="8"/>\n'
        f"{_text(EDGE, 28, title, 'text head')}\n{inside}\n</svg>\n"
    )


def _legend(names: Sequence[str]) -> list[str]:
    parts, left = [], float(EDGE)
    for number, name in enumerate(names):
        parts.append(
            f'<rect class="s{number % COLOURS}" x="{left:.0f}" y="41" width="11" height="11" rx="2"/>'
        )
        parts.append(_text(left + 16, 51, name, "faint"))
        left += 34 + 7.0 * len(name)
    return parts


def _text(x: float, y: float, words: str, kind: str = "text", *, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
