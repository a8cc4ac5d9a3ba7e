"""What the engine counts where a room's own code should stay free of it."""

from __future__ import annotations

import functools
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, func, or_, select, text

from bridge import metrics
from bridge.contract import Job
from bridge.jobs import windows
from bridge.jobs.intake import Accepted, KeyConflict, Launch
from bridge.jobs.rows import split_channel
from bridge.jobs.tables import CLAIMABLE, DUE, jobs, listed_state, pace
from bridge.jobs.windows import BREAKER

Accept = TypeVar("Accept", bound=Callable[..., Awaitable[list[Accepted]]])


def accepts(accept: Accept) -> Accept:
    """Count how storing a wish ended, and how long it took."""

    @functools.wraps(accept)
    async def counted(store: Any, launches: Sequence[Launch], **how: Any) -> list[Accepted]:
        started = time.perf_counter()
        result = "not_stored"  # or nobody knows, or the sender has gone: nothing was promised
        try:
            accepted = await accept(store, launches, **how)
            result = "stored"
            if accepted and accepted[0].repeated:
                result = "repeated"
            elif accepted and accepted[0].joined:
                result = "joined"
            return accepted
        except KeyConflict:
            result = "conflict"
            raise
        finally:
            metrics.accepted(launches[0].asker.door, result, time.perf_counter() - started)

    return cast("Accept", counted)


def by_state(db: Connection) -> dict[str, int]:
    """Unfinished and parked jobs; what is pending may have ended all the same."""
    query = (
        select(listed_state.label("state"), func.count().label("total"))
        .where(
            listed_state.in_(("queued", "running", "waiting", "pending", "parked")),
            or_(jobs.c.finished_at.is_(None), listed_state == "parked"),
        )
        .group_by(listed_state)
    )
    return {row.state: row.total for row in db.execute(query)}


def waiting_s(db: Connection, now: float) -> float:
    """For how long the oldest job could have been started; 0 when none waits.

    A job whose route has no call left, or whose connection's breaker is open, could not be started: it
    counts from the moment that ended. When a later attempt became possible is not kept once it is
    queued, so only first attempts count there.
    """
    oldest = select(jobs.c.channel, func.min(jobs.c.tried_since))
    oldest = oldest.where(text(CLAIMABLE), jobs.c.attempts == 0).group_by(jobs.c.channel)
    queued = {split_channel(channel): since for channel, since in db.execute(oldest)}
    breakers = {(connection, BREAKER) for connection, _ in queued}
    stored = windows.read(db, {*queued, *breakers}, lock=False)

    def held_until(place: windows.Place) -> float:
        window, breaker = stored.get(place), stored.get((place[0], BREAKER))
        spent = window is not None and (window.unlimited or window.used >= window.calls)
        return max(
            window.resets_at if window is not None and spent else 0.0,
            breaker.resets_at if breaker is not None else 0.0,  # 0: it is closed
        )

    found = [max(since, held_until(place)) for place, since in queued.items()]
    due = db.scalar(select(func.min(jobs.c.run_at)).where(text(DUE)))
    waited: float = now - min([*found, now if due is None else due])
    return max(0.0, waited)


def open_breakers(db: Connection) -> frozenset[str]:
    """The connections whose calls are held back, whichever worker found out."""
    held = select(pace.c.connection).where(pace.c.route == BREAKER, pace.c.resets_at > 0)
    return frozenset(db.scalars(held))


def told(job: Job, kind: str, values: Mapping[str, Any], *, ambiguous: bool) -> None:
    """Count one try to tell somebody, by the columns that it leaves behind."""
    if values["state"] == "told":
        metrics.delivered(kind, str(values["how"]))
        waited_s = values["told_at"] - max(job.created_at, job.tried_since)
        metrics.final_message(job.action, waited_s, person=job.asker.is_person)
    elif values["state"] == "due":
        metrics.delivered(kind, "ambiguous" if ambiguous else "later")
    else:
        metrics.delivered(kind, "kept")
