"""`bridge doctor`: every system is asked at once, each for itself; one silence hides no other answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

from bridge.checks import database, public_address, rocketchat, slack, superoffice
from bridge.checks.asking import Clocks
from bridge.checks.report import Report, Row, error
from bridge.contract import Upstream
from bridge.outbound import Outbound
from bridge.settings import Settings
from bridge.upstreams import connect

QUICK_S = 10.0


async def doctor(
    settings: Settings,
    *,
    outbound: Outbound | None = None,
    upstreams: Mapping[str, Upstream] | None = None,
    clock: Callable[[], float] = time.time,
) -> Report:
    """Ask everybody. Clients may be handed in; those that are made here are closed here."""
    if outbound is None:
        limits = settings.outbound.model_copy(update={"total_s": QUICK_S, "read_s": QUICK_S})
        async with Outbound(limits) as own:
            return await doctor(settings, outbound=own, upstreams=upstreams, clock=clock)
    clocks = Clocks(clock)
    if upstreams is None:
        upstreams = {
            name: connect(name, one, outbound, clock) for name, one in settings.connections.items()
        }
    groups = [
        ("Database", asyncio.to_thread(lambda: list(_database(settings)))),
        ("Slack", _rows(slack.look(settings.slack, outbound, clocks))),
        *(
            (f"Connection {name}", _rows(_connection(settings, name, one, outbound, clocks)))
            for name, one in upstreams.items()
        ),
        ("Address", _rows(public_address.look(settings, outbound, clock()))),
    ]
    found = await asyncio.gather(*(_guarded(subject, work) for subject, work in groups))
    return Report.of([*(row for rows in found for row in rows), public_address.tell_time(clocks)])


def _database(settings: Settings) -> Iterator[Row]:
    return database.look(settings.database_url, settings.connections)


def _connection(
    settings: Settings, name: str, upstream: Upstream, outbound: Outbound, clocks: Clocks
) -> AsyncIterator[Row]:
    one = settings.connections[name]
    if one.kind == "rocketchat":
        return rocketchat.look(name, upstream, clocks)
    return superoffice.look(name, one, upstream, outbound, clocks)


async def _rows(rows: AsyncIterator[Row]) -> list[Row]:
    return [row async for row in rows]


async def _guarded(subject: str, work: Awaitable[list[Row]]) -> list[Row]:
    try:
        return await work
    except Exception as problem:  # noqa: BLE001 - a foreign answer of a new shape must not hide the rest
        kind = type(problem).__name__
        return [error(subject, f"The check itself failed ({kind}).", "Report it with this table.")]
