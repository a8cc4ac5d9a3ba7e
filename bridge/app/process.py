"""One process: built from the settings, started in order, reloaded, drained and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping

import structlog
from aiohttp import web

from bridge import checks, metrics, tracing
from bridge.actions import catalogue
from bridge.app.doors import Doors, Switchboard, renewed
from bridge.app.headers import hardening
from bridge.app.health import Health, Metrics
from bridge.app.routes import whole
from bridge.app.storage import assumed, await_database, key_material
from bridge.app.telling import DeliveryChannels, version
from bridge.app.upkeep import note_connections, prune
from bridge.contract import Action, Upstream
from bridge.ingress.slack.references import References
from bridge.jobs.acting import Acting
from bridge.jobs.attempt import Claimed, Runner
from bridge.jobs.auditing import Actor, Audit
from bridge.jobs.limits import Limits
from bridge.jobs.links import Links
from bridge.jobs.operating import Operator
from bridge.jobs.pace import Window
from bridge.jobs.served import ServedConnections
from bridge.jobs.store import Store
from bridge.jobs.telling import Teller
from bridge.jobs.worker import Worker
from bridge.jobs.writer import StoreDown
from bridge.outbound import Outbound
from bridge.settings import Reloader, Settings
from bridge.upstreams import Credential, connect
from bridge.vault import Vault

log = structlog.get_logger()

CLOSING_S = 2.0  # of the drain's budget: what the doors and the store need after the worker
NOTHING_NEW = (
    "No setting is another one than before. A reload reads the settings file and the files of secrets again;"
    " variables are read when a process starts: restart it, which is safe at any moment."
)


class Bridge:
    """One process: doors, store, and unless told otherwise a worker."""

    def __init__(
        self,
        settings: Settings,
        *,
        serves: bool = True,
        works: bool = True,
        clock: Callable[[], float] = time.time,
        actions: Mapping[str, type[Action]] | None = None,
    ) -> None:
        """Raises `SettingsError` with everything that `bridge check` calls an error."""
        self.settings = settings
        self.clock = clock
        self.serves, self.works = serves, works
        self.actions = actions or catalogue()
        checks.refuse(settings, self.actions)
        keys = key_material(settings)
        self.outbound = Outbound(settings.outbound)
        self.upstreams: dict[str, Upstream] = {}
        self._windows: dict[str, Window] = {}
        self._connect(settings)
        self.store = Store(
            settings.database_url,
            actions=self.actions,
            vault=Vault(keys),
            clock=clock,
            join_window_s=settings.jobs.join_window_s,
            windows_assumed=self._windows,
        )
        self._acting = Acting(
            Links(self.store), lambda: self.settings.connections, self.outbound, clock=clock
        )
        self.served = ServedConnections(self.store, self.upstreams.keys())
        self.operator = Operator(self.store)
        self.references = References(keys, clock=clock)
        self.reloader = Reloader(settings, also=lambda new: checks.refuse(new, self.actions))
        self._delivery_channels = DeliveryChannels(
            self.outbound, self.actions, sign=self.references.sign, clock=clock
        )
        self._serve_with(settings, self._doors(settings))
        self._switchboard = Switchboard()
        self.worker = self._worker() if works else None
        self._health = Health(
            self.store,
            self.operator,
            lambda: self.worker,
            lambda: self.reloader.error,
            lambda: self.served.sentence,
            lambda: self.doors.slack.problem,
            lambda: self.settings.server.metrics_token,
        )
        self._metrics = Metrics(
            self.operator, self.upstreams.keys(), lambda: self.settings.server.metrics_token
        )
        self._upkeep: list[asyncio.Task[None]] = []

    # -- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Everything up, the worker last. Raises `DatabaseError` with what to do."""
        tracing.start(metrics.REGISTRY)
        await await_database(self.settings.database_url)
        await self.store.open()
        if self.serves:
            await self.doors.start()
        if self.worker is not None:
            await self.worker.start()
        upkeep = [
            prune(self.operator, lambda: self.settings.jobs, self.clock),
            note_connections(self._look),
            metrics.watch_event_loop(),
        ]
        if tracing.is_asked_for("metrics"):
            upkeep.append(self._metrics.keep_up())
        self._upkeep = [asyncio.create_task(work) for work in upkeep]
        durable, words = self.store.durability()
        metrics.about(version(), durable=durable)
        metrics.reloaded(failed=False)
        for connection in self.upstreams:
            metrics.breaker(connection, is_open=False)
        note = log.info if durable else log.warning
        note("app.started", storage=words, serves=self.serves, works=self.works)

    async def reload(self) -> None:
        """Take over changed settings as a whole, or keep the last good ones and say why."""
        change = self.reloader.reload()
        settings = self.reloader.current
        if change is None or (new := await self._opened(settings)) is None:
            metrics.reloaded(failed=True)
            log.error("app.reload_refused", problem=self.reloader.error)
            await self._noted_reload("refused", self.reloader.error)
            return
        old = self.doors
        self._connect(settings)
        self._serve_with(settings, new)
        self._switchboard.connect(new)
        new.take_over(old)
        metrics.reloaded(failed=False)
        await self._look()
        changed = [*change.changed, *renewed(old.webhooks.sources, new.webhooks.sources)]
        if changed:
            log.info("app.reloaded", changed=changed, restart=list(change.needs_restart))
        else:
            log.warning("app.reloaded", changed=[], hint=NOTHING_NEW)
        await self._noted_reload("done", ", ".join(changed))
        if self.serves:
            await old.close(settings.jobs.drain_s)

    async def _opened(self, settings: Settings) -> Doors | None:
        """The doors for these settings, started; None when they cannot be, and the reloader knows it."""
        doors = self._doors(settings)
        try:
            if self.serves:
                await doors.start()
        except Exception:  # whatever it was, what is in force stays in force
            log.exception("app.doors_not_opened")
            self.reloader.take_back(self.settings)
            await doors.close(0.0)
            return None
        return doors

    async def _noted_reload(self, outcome: str, detail: str) -> None:
        who = Actor("process", "SIGHUP")
        await Audit(self.store).note(who, "settings.reload", outcome=outcome, detail=detail)

    async def drain(self) -> None:
        """Refuse new work with 503 while what runs ends within the budget; give back the rest."""
        budget_s = self.settings.jobs.drain_s
        deadline = time.monotonic() + budget_s
        self.store.draining = True
        log.info("app.stopping", budget_s=budget_s)
        for task in self._upkeep:
            task.cancel()
        await asyncio.gather(*self._upkeep, return_exceptions=True)
        if self.serves:
            await self.doors.close_streams()
        if self.worker is not None:
            await self.worker.stop(max(0.0, deadline - time.monotonic() - CLOSING_S))
        if self.serves:
            await self.doors.close(max(1.0, deadline - time.monotonic()))

    async def stop(self) -> None:
        """Drain, if that was not done, and close everything."""
        if not self.store.draining:
            await self.drain()
        await self.store.close()
        await self.outbound.close()
        await asyncio.to_thread(tracing.stop)  # it sends what is left, and waits a moment for that
        log.info("app.stopped")

    def listening(self, port: int) -> None:
        """Say where, also the sign for whoever started this process; and what `bridge check` doubts."""
        log.info("app.listening", host=self.settings.server.host, port=port)
        for row in checks.check(self.settings, actions=self.actions).doubts:
            log.warning("app.doubt", subject=row.subject, problem=row.said, hint=row.todo)

    def web_app(self) -> web.Application:
        """The doors as one aiohttp application; where none are served, how the process is."""
        app = web.Application(client_max_size=self.settings.server.max_body_bytes)
        app.on_response_prepare.append(hardening(lambda: self.settings.server.public_url))
        routes = [*self._health.routes(), *self._metrics.routes()]
        if self.serves:
            routes = [*self._switchboard.connect(self.doors), *routes]
        app.add_routes(whole(routes, lambda: self.settings.log.access))
        return app

    # -- inside ------------------------------------------------------------------------------------

    def _connect(self, settings: Settings) -> None:
        """Bring the clients in step with the configured connections; unchanged ones stay."""
        before = self.settings.connections
        for name in [name for name in self.upstreams if name not in settings.connections]:
            del self.upstreams[name], self._windows[name]
        for name, connection in settings.connections.items():
            if name not in self.upstreams or before.get(name) != connection:
                self.upstreams[name] = connect(
                    name, connection, self.outbound, self.clock, credentials=self._credentials
                )
            self._windows[name] = assumed(connection)  # a pace set to the default is a word, too

    async def _credentials(self, connection: str, person: str) -> Credential | None:
        """The clients are made before the store that holds people's links."""
        return await self._acting(connection, person)

    def _doors(self, settings: Settings) -> Doors:
        return Doors(
            settings,
            actions=self.actions,
            store=self.store,
            outbound=self.outbound,
            upstreams=self.upstreams,
            references=self.references,
            worker=lambda: self.worker,
            clock=self.clock,
        )

    def _serve_with(self, settings: Settings, doors: Doors) -> None:
        """Take these settings and doors for the current ones, in telling, too."""
        self.settings, self.doors = settings, doors
        slack = doors.slack
        self._delivery_channels.use(
            settings, token_for=slack.workspaces.token_for, name_of=slack.identity.name_of
        )

    def _worker(self) -> Worker:
        jobs = self.settings.jobs
        limits = Limits(
            self.store,
            breaker_failures=jobs.breaker_failures,
            breaker_probe_s=jobs.breaker_probe_s,
        )
        teller = Teller(
            store=self.store,
            ways={
                "slack": self._delivery_channels.slack,
                "callback": self._delivery_channels.callback,
            },
            progress=self._delivery_channels.progress,
            upstreams=self.upstreams,
            lease_s=jobs.lease_s,
            poll_s=jobs.poll_s,
        )

        def runner(still_mine: Callable[[Claimed], bool]) -> Runner:
            return Runner(
                store=self.store,
                upstreams=self.upstreams,
                actions=self.actions,
                limits=limits,
                manners=self._delivery_channels.manners,
                still_mine=still_mine,
            )

        return Worker(
            store=self.store,
            runner=runner,
            limits=limits,
            teller=teller,
            actions=self.actions,
            connections=self.served,
            phrase=self._delivery_channels.phrase,
            settings=jobs,
        )

    async def _look(self) -> None:
        # a worker that hangs, in a process that does not, is none
        works = self.worker is not None and not self.worker.stalled
        with contextlib.suppress(StoreDown):  # the store has said so
            await self.served.look(works=works)
