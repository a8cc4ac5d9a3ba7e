"""Liveness, readiness and metrics: what works, what fails with a sentence, what accepted means, how much.

These doors are open to strangers, so however many ask at once, the store is asked once for all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Callable, Collection

from aiohttp import web
from pydantic import SecretStr

from bridge import metrics
from bridge.jobs.operating import Operator
from bridge.jobs.store import Store
from bridge.jobs.worker import Worker
from bridge.jobs.writer import StoreDown, touch
from bridge.upstreams.shared import Shared

STORE_ANSWERS_S = 3.0
NOBODY_S = 180.0  # a working process says once a minute that it is there
COUNT_EVERY_S = 15.0
WITHHELD = "Ask again with BRIDGE_METRICS_TOKEN in `Authorization: Bearer …` to read what it is."


class Health:
    """`/healthz` says that the process lives, `/readyz` whether it should be sent requests."""

    def __init__(
        self,
        store: Store,
        operator: Operator,
        worker: Callable[[], Worker | None],
        settings_error: Callable[[], str],
        stranded: Callable[[], str],
        slack: Callable[[], str],
        token: Callable[[], SecretStr | None],
    ) -> None:
        self._store = store
        self._operator = operator
        self._worker = worker
        self._settings_error = settings_error
        self._stranded = stranded
        self._slack = slack
        self._token = token
        self._storing = Shared(self._touch)
        self._seen_at: float | None = None

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/healthz", self._alive), web.get("/readyz", self._ready)]

    async def _alive(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _ready(self, request: web.Request) -> web.Response:
        worker = self._worker()
        checks = {"store": await self._ask_store(), "shutdown": "", "worker": "", "settings": ""}
        if self._store.draining:
            checks["shutdown"] = "The process is stopping."
        if worker is not None and worker.stalled:
            checks["worker"] = "The worker's heartbeat is late."
        failing = {name: sentence for name, sentence in checks.items() if sentence}
        error = self._settings_error()
        if error:  # the last good settings still serve, so this alone does not make it unready
            checks["settings"] = f"The settings could not be reloaded: {error}"
        checks["connections"] = self._stranded()  # only a person can mend it: ready all the same
        checks["slack"] = self._slack()  # the other doors serve: ready all the same
        where = "in this process"
        if worker is None:  # what is accepted is kept until there is one: ready all the same
            where, checks["worker"] = self._elsewhere()
        durable, words = self._store.durability()
        told = _may(request, self._token())  # sentences name connections and settings
        body = {
            "ok": [name for name, sentence in checks.items() if not sentence],
            "failing": {name: said if told else WITHHELD for name, said in checks.items() if said},
            "workers": where,
            "storage": "durable" if durable else "volatile",
            "storage_detail": words,
        }
        return web.json_response(body, status=503 if failing else 200)

    async def _ask_store(self) -> str:
        try:
            await asyncio.wait_for(self._storing(), STORE_ANSWERS_S)
        except (StoreDown, TimeoutError) as error:
            return f"The database cannot be written: {error or 'no answer'}."
        return ""

    async def _touch(self) -> None:
        await self._store.write(touch, alone=True)
        if self._worker() is None:
            self._seen_at = await self._operator.worker_seen()

    def _elsewhere(self) -> tuple[str, str]:
        """Where the workers are, and the sentence when there seems to be none."""
        said = "What is accepted waits until there is one: start `bridge worker`."
        if self._seen_at is None:
            return "none seen", f"No worker has been seen yet. {said}"
        ago = max(0, round(self._store.clock() - self._seen_at))
        late = f"No worker has been seen for {ago} s. {said}" if ago > NOBODY_S else ""
        return f"elsewhere, seen {ago} s ago", late


class Metrics:
    """`/metrics` for a scraper; what the store holds is counted then."""

    def __init__(
        self,
        operator: Operator,
        connections: Collection[str],
        token: Callable[[], SecretStr | None],
    ) -> None:
        self._operator = operator
        self._connections = connections
        self._token = token
        self._counting = Shared(self._count)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/metrics", self._show)]

    async def _show(self, request: web.Request) -> web.Response:
        if not _may(request, self._token()):
            challenge = {"WWW-Authenticate": 'Bearer realm="metrics"'}
            said = "Send BRIDGE_METRICS_TOKEN in the header `Authorization: Bearer …`.\n"
            return web.Response(status=401, text=said, headers=challenge)
        await self._counted()
        page, content_type = metrics.render(request.headers.get("Accept", ""))
        return web.Response(body=page, headers={"Content-Type": content_type})

    async def keep_up(self) -> None:
        """Count for ever, for what is sent by OTLP: nobody comes for that."""
        while True:
            await self._counted()
            await asyncio.sleep(COUNT_EVERY_S)

    async def _counted(self) -> None:
        # a store that is down is what must be seen now; its last numbers stay
        with contextlib.suppress(StoreDown, TimeoutError):
            await asyncio.wait_for(self._counting(), STORE_ANSWERS_S)

    async def _count(self) -> None:
        metrics.worker_seen(await self._operator.worker_seen())
        held = await self._operator.open_breakers()
        for connection in self._connections:  # another worker may have closed what this one opened
            metrics.breaker(connection, is_open=connection in held)
        metrics.jobs_now(await self._operator.count(), await self._operator.waiting_s())


def _may(request: web.Request, token: SecretStr | None) -> bool:
    """Whether somebody who asks is the scraper or an operator; without a token everybody is."""
    if token is None:
        return True
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    wanted = token.get_secret_value().encode()
    fits = hmac.compare_digest(given.strip().encode("utf-8", "replace"), wanted)
    return fits and scheme.lower() == "bearer"
