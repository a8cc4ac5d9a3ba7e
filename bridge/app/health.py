"""Liveness, readiness and metrics: what works, what fails with a sentence, what accepted means, how much."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from bridge import metrics
from bridge.jobs.operating import Operator
from bridge.jobs.store import Store
from bridge.jobs.worker import Worker
from bridge.jobs.writer import StoreDown

STORE_ANSWERS_S = 3.0


class Health:
    """`/healthz` says that the process lives, `/readyz` whether it should be sent requests."""

    def __init__(
        self,
        store: Store,
        worker: Callable[[], Worker | None],
        settings_error: Callable[[], str],
        stranded: Callable[[], str],
    ) -> None:
        self._store = store
        self._worker = worker
        self._settings_error = settings_error
        self._stranded = stranded

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/healthz", self._alive), web.get("/readyz", self._ready)]

    async def _alive(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _ready(self, _: web.Request) -> web.Response:
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
        durable, words = self._store.durability()
        body = {
            "ok": [name for name, sentence in checks.items() if not sentence],
            "failing": {name: sentence for name, sentence in checks.items() if sentence},
            "storage": "durable" if durable else "volatile",
            "storage_detail": words,
        }
        return web.json_response(body, status=503 if failing else 200)

    async def _ask_store(self) -> str:
        try:
            await asyncio.wait_for(self._store.write(lambda _: None), STORE_ANSWERS_S)
        except (StoreDown, TimeoutError) as error:
            return f"The database cannot be written: {error or 'no answer'}."
        return ""


class Metrics:
    """`/metrics` for a scraper; what the store holds is counted then."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/metrics", self._show)]

    async def _show(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(STORE_ANSWERS_S):
                counts, waited_s = await self._operator.count(), await self._operator.waiting_s()
            metrics.jobs_now(counts, waited_s)
        except (StoreDown, TimeoutError):
            pass  # a store that is down is what must be seen now; its last numbers stay
        page, content_type = metrics.render(request.headers.get("Accept", ""))
        return web.Response(body=page, headers={"Content-Type": content_type})
