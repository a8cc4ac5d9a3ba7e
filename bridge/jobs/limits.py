"""The pace and the circuit breaker as a worker uses them: ask before a call, learn from its answer.

What is known to be unlimited costs nothing; everything else is decided by the store, for all workers.
"""

from __future__ import annotations

import structlog

from bridge import metrics
from bridge.contract import Response
from bridge.jobs import windows
from bridge.jobs.pace import Window, current
from bridge.jobs.store import Store
from bridge.jobs.writer import StoreDown

log = structlog.get_logger()

_HEADERS = (
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "retry-after",
    "date",
)
ASK_AGAIN_S = 0.5  # when the store is down
TRUST_S = 60.0  # how long "unlimited" is believed without asking the store again


class Limits:
    """One worker's view of pace and breakers."""

    def __init__(
        self,
        store: Store,
        *,
        breaker_failures: int,
        breaker_probe_s: float,
    ) -> None:
        self._store = store
        self._failures_to_open = breaker_failures
        self._probe_s = breaker_probe_s
        self._unlimited: dict[windows.Place, float] = {}  # until when it is believed
        self._limited: set[windows.Place] = set()  # a limit was met although none is configured
        self._failures: dict[str, int] = {}

    def default(self, connection: str, _route: str) -> Window:
        """What holds for a route until something is learnt: the same for all of a connection."""
        return self._store.windows_assumed.get(connection, Window(0, 1.0, source="configured"))

    async def take(self, connection: str, route: str, share: float = 1.0) -> float:
        """Take one call; 0 when it may be sent now, else the seconds to wait before asking again."""
        now = self._store.clock()
        if self._unlimited.get((connection, route), 0.0) > now:
            return 0.0
        default = self.default(connection, route)
        if default.unlimited and (connection, route) not in self._limited:
            return 0.0
        try:
            taken = await self._store.take_call(
                windows.Take(connection, route, now, default, share)
            )
        except StoreDown:
            return ASK_AGAIN_S  # nothing is sent that could not be stored
        if taken.window.unlimited and taken.wait_s <= 0:
            self._unlimited[(connection, route)] = now + TRUST_S
        return taken.wait_s

    async def wait_s(self, connection: str, route: str) -> float:
        """Seconds until a call of this route may be sent."""
        now = self._store.clock()
        try:
            window = await self._store.read(lambda db: windows.peek(db, (connection, route)))
        except StoreDown:
            return ASK_AGAIN_S
        return current(window, self.default(connection, route), now).wait_s(now)

    async def answered(self, connection: str, route: str, response: Response) -> None:
        """Learn from an answer: the pace from its headers, the breaker from its status."""
        if response.status >= 500:
            await self.failed(connection)
        else:
            await self._worked(connection)
        now = self._store.clock()
        limited = response.status == 429
        told = "x-ratelimit-limit" in response.headers
        if not limited and not told and self._unlimited.get((connection, route), 0.0) > now:
            return
        if limited:
            log.warning("jobs.pace_exceeded", connection=connection, route=route)
        said = windows.Learn(
            connection,
            route,
            200 if _was_counted(response) else response.status,
            {name: response.headers[name] for name in _HEADERS if name in response.headers},
            response.error_text[:300],
            now,
            self.default(connection, route),
        )
        try:
            window = await self._store.learn_window(said)
        except StoreDown:
            return  # an answer is worth more than what it teaches about the pace
        except Exception:  # so it is when a mistake of ours keeps us from learning
            log.exception("jobs.pace_not_learnt", connection=connection, route=route)
            return
        if window.unlimited and not limited and window.free(now):
            self._unlimited[(connection, route)] = now + TRUST_S
        else:
            self._unlimited.pop((connection, route), None)
            self._limited.add((connection, route))

    def is_open(self, connection: str) -> bool:
        """Whether this connection's breaker is open, as far as this worker knows."""
        return self._failures.get(connection, 0) >= self._failures_to_open

    def probing(self, connection: str) -> None:
        """A job was claimed as the probe of an open breaker (opened here or elsewhere)."""
        self._failures[connection] = max(self._failures.get(connection, 0), self._failures_to_open)
        metrics.breaker(connection, is_open=True)

    async def forget(self, connection: str) -> None:
        """It is not configured any more: its breaker must not hold up what is left of its jobs."""
        await self._worked(connection)

    async def failed(self, connection: str) -> None:
        """The upstream did not answer or broke; enough of that in a row opens the breaker."""
        failures = self._failures.get(connection, 0) + 1
        self._failures[connection] = failures
        if failures < self._failures_to_open:
            return
        if failures == self._failures_to_open:
            log.warning("jobs.breaker_opened", connection=connection, probe_s=self._probe_s)
        await self._set_breaker(connection, self._store.clock() + self._probe_s)

    async def _worked(self, connection: str) -> None:
        if self.is_open(connection):
            log.info("jobs.breaker_closed", connection=connection)
            await self._set_breaker(connection, 0.0)
            self._store.wake()
        self._failures[connection] = 0

    async def _set_breaker(self, connection: str, resets_at: float) -> None:
        metrics.breaker(connection, is_open=resets_at > 0)
        window = Window(self._failures_to_open, self._probe_s, 0, resets_at, "configured")
        now = self._store.clock()
        try:
            await self._store.write(
                lambda db: windows.write(db, {(connection, windows.BREAKER): window}, now)
            )
        except StoreDown:
            return  # the breaker still works within this process


def _was_counted(response: Response) -> bool:
    """Whether the limiter surely stood before this answer: a refusal by the action itself.

    Some versions check fields before the limiter; sign-in and permissions come before it in all.
    """
    fields = ("invalid-params", "error-invalid-params")
    return (
        response.status == 400 and bool(response.error_code) and response.error_code not in fields
    )
