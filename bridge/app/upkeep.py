"""What a process does beside its work for as long as it lives; whatever breaks one round, the next one comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from bridge.jobs.operating import Bounds, Operator
from bridge.jobs.retention import AT_ONCE
from bridge.jobs.writer import StoreDown
from bridge.settings import Jobs

log = structlog.get_logger()

PRUNE_EVERY_S = 600.0
BETWEEN_PRUNES_S = 1.0  # while more is left, so that requests are not kept waiting for it
NOTE_EVERY_S = 60.0


async def prune(
    operator: Operator,
    settings: Callable[[], Jobs],
    clock: Callable[[], float],
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
) -> None:
    """Remove what is older than the settings of that moment say, for ever."""
    while True:
        gone = 0
        try:
            gone = await operator.prune(Bounds.of(settings(), clock()))
        except StoreDown:
            pass  # the store has said so; the next round does both
        except Exception:
            log.exception("app.upkeep_failed", task="pruning")
        if gone:
            log.info("app.pruned", jobs=gone)
        await sleep(BETWEEN_PRUNES_S if gone == AT_ONCE else PRUNE_EVERY_S)


async def note_connections(
    look: Callable[[], Awaitable[None]],
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
) -> None:
    """Note in the store which connections this process has, for ever."""
    while True:
        try:
            await look()
        except Exception:
            log.exception("app.upkeep_failed", task="connections")
        await sleep(NOTE_EVERY_S)
