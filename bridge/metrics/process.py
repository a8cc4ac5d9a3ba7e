"""What a process says of itself: version, storage, reloads, and how late its event loop is."""

from __future__ import annotations

import asyncio
import time

from prometheus_client import Info

from bridge.metrics.collectors import QUICK, REGISTRY, gauge, histogram

_LAG = histogram("event_loop_lag_seconds", "How late the event loop ran what was due.", (), QUICK)
_ABOUT = Info("bridge", "Version, and whether accepted jobs survive this host.", registry=REGISTRY)
_RELOAD_FAILED = gauge("reload_failed", "1 while the last reload of the settings was refused.")


def about(version: str, *, durable: bool) -> None:
    """What this process is."""
    _ABOUT.info({"version": version, "storage": "durable" if durable else "volatile"})


def reloaded(*, failed: bool) -> None:
    """The settings were, or could not be, read again."""
    _RELOAD_FAILED.set(failed)


async def watch_event_loop(every_s: float = 0.25) -> None:
    """Measure for ever how late a wake-up comes; run it as a task."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(every_s)
        _LAG.observe(max(0.0, time.monotonic() - before - every_s))
