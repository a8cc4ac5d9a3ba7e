"""How a system can misbehave as a whole: each mood is one fault of the emulator, and a sentence about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bridge.sandbox.emulator import Fault

WRITES: Final = "[DP]*"  # DELETE, POST, PUT, PATCH
SLOW_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Mood:
    """One way in which a system misbehaves."""

    label: str
    why: str
    fault: Callable[[], Fault]


WEATHER: Final[Mapping[str, Mood]] = {
    "lost_once": Mood(
        "Answer lost, once",
        "The next change happens, and the connection breaks before its answer arrives.",
        lambda: Fault("reset_after", WRITES, times=1),
    ),
    "lost": Mood(
        "Answers lost",
        "Every change happens, and none of its answers arrives.",
        lambda: Fault("reset_after", WRITES),
    ),
    "hang": Mood(
        "Hangs", "Connections are taken and nothing is ever answered.", lambda: Fault("hang")
    ),
    "slow": Mood(
        "Slow",
        f"Every answer takes {SLOW_S:.0f} seconds.",
        lambda: Fault("latency", seconds=SLOW_S),
    ),
    "down": Mood(
        "Down (503)",
        "Everything is answered with 503. Commands are kept and tried again.",
        lambda: Fault("status", status=503, body="Service Unavailable"),
    ),
    "garbage": Mood(
        "Talks nonsense",
        "Changes happen, and a proxy answers with a web page instead of JSON.",
        lambda: Fault("garbage", WRITES),
    ),
}
SLACK_WEATHER: Final[Mapping[str, Mood]] = {
    "limited": Mood(
        "429, twice",
        "The next two calls are refused with Retry-After: 3.",
        lambda: Fault(
            "status",
            "POST /api/*",
            times=2,
            status=429,
            headers={"Retry-After": "3"},
            body='{"ok":false,"error":"ratelimited"}',
        ),
    ),
    "slow": Mood(
        "Slow",
        f"Slack's API takes {SLOW_S:.0f} seconds; the acknowledgement does not wait for it.",
        lambda: Fault("latency", seconds=SLOW_S),
    ),
    "down": Mood(
        "Down (503)",
        "Commands are acknowledged all the same, and told when Slack is back.",
        lambda: Fault("status", status=503),
    ),
}
