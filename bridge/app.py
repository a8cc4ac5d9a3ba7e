"""The composition root: the only room that knows every room.

It builds them from the settings, hands them to one another, starts them in order and stops them in
the reverse one. What a request passes can be read here top to bottom: door, store, worker, upstream,
delivery.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import structlog
from aiohttp import web

from bridge.actions import catalogue
from bridge.console import Console
from bridge.contract import Action, Job, JobState, Outcome, ReplyTo, Upstream
from bridge.delivery import (
    ActionInfo,
    CallbackDelivery,
    File,
    Renderer,
    SlackDelivery,
    Telling,
    notices,
)
from bridge.ingress.api import ApiDoor
from bridge.ingress.slack import SlackDoor
from bridge.ingress.slack.install import installations_of
from bridge.ingress.slack.reading import StoredJobs
from bridge.ingress.slack.references import References
from bridge.ingress.webhooks import WebhookDoor
from bridge.jobs.attempt import Claimed, Manners, Runner
from bridge.jobs.database import DatabaseError, is_sqlite, open_engine, parse_url
from bridge.jobs.limits import Limits
from bridge.jobs.migrate import current, head, migrate
from bridge.jobs.operating import Operator
from bridge.jobs.pace import Window
from bridge.jobs.store import Store
from bridge.jobs.telling import Teller
from bridge.jobs.worker import Worker
from bridge.jobs.writer import StoreDown
from bridge.outbound import Outbound
from bridge.settings import Settings
from bridge.signatures import Secret
from bridge.surfaces import leaves
from bridge.upstreams import connect
from bridge.vault import Vault

log = structlog.get_logger()

HOUSEKEEPING_S = 600.0
DAY_S = 86_400.0


def version() -> str:
    """The release."""
    return importlib.metadata.version("deskbridge")


def personal_fields(action_id: str) -> frozenset[str]:
    """The fields of an action that are masked wherever a job is shown."""
    action = catalogue().get(action_id)
    return about(action).personal if action is not None else frozenset()


@asynccontextmanager
async def attached_store(settings: Settings) -> AsyncIterator[Store]:
    """The configured store beside whatever process works it; for the command line."""
    store = Store(settings.database_url, actions=catalogue(), vault=Vault(key_material(settings)))
    await asyncio.to_thread(prepare_database, settings.database_url)
    await store.open(works=False)
    try:
        yield store
    finally:
        await store.close()


def prepare_database(database_url: str) -> None:
    """Migrate the embedded store; Postgres is migrated by `bridge migrate`, once per release."""
    url = parse_url(database_url)
    engine = open_engine(url)
    if is_sqlite(url):
        migrate(engine)
        return
    with engine.connect() as connection:
        found = current(connection)
    if found != head():
        raise DatabaseError(
            f"The database is at revision {found or 'none'}, this release expects {head()}."
            " Run: bridge migrate"
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
        self.settings = settings
        self.clock = clock
        self.serves, self.works = serves, works
        self.actions = actions or catalogue()
        self.about = {name: about(action) for name, action in self.actions.items()}
        self._keys = key_material(settings)
        self.vault = Vault(self._keys)
        self.outbound = Outbound(settings.outbound)
        self.upstreams: Mapping[str, Upstream] = {
            name: connect(name, connection, self.outbound, clock)
            for name, connection in settings.connections.items()
        }
        self.store = Store(
            settings.database_url,
            actions=self.actions,
            vault=self.vault,
            clock=clock,
            join_window_s=settings.jobs.join_window_s,
            windows_assumed={name: assumed(one) for name, one in settings.connections.items()},
        )
        self.operator = Operator(self.store)
        self.references = References(self._keys, clock=clock)
        self.slack_door = SlackDoor(
            settings=settings,
            catalogue=self.actions,
            about=self.about,
            intake=self.store,
            reader=StoredJobs(self.store),
            outbound=self.outbound,
            upstreams=self.upstreams,
            references=self.references,
            vault=self.vault,
            clock=clock,
            installations=installations_of(
                settings,
                open_engine(parse_url(settings.database_url), autocommit=True),
                self.vault,
                self.outbound,
            ),
        )
        self.api_door = ApiDoor(
            settings=settings,
            catalogue=self.actions,
            intake=self.store,
            reader=self.store,
            operator=self.operator,
            clock=clock,
        )
        self.webhook_door = WebhookDoor(
            settings=settings, catalogue=self.actions, intake=self.store, clock=clock
        )
        self.slack_delivery = SlackDelivery(
            settings.slack,
            self.outbound,
            Renderer(self._about, self.references.sign, settings.slack.in_channel),
            self.slack_door.workspaces.token_for,
            clock=clock,
        )
        self.callback_delivery = CallbackDelivery(
            self.outbound,
            [Secret(id="webhooks", value=settings.webhooks.secret)]
            if settings.webhooks.secret
            else [],
            personal_fields,
            public_url=settings.server.public_url,
            clock=clock,
        )
        self.worker = self._worker() if works else None
        self.console = Console(
            settings=settings,
            store=self.store,
            operator=self.operator,
            catalogue=self.actions,
            outbound=self.outbound,
            clock=clock,
            operators=settings.console.operators,
            viewers=settings.console.viewers,
            worker=self.worker,
        )
        self._housekeeper: asyncio.Task[None] | None = None
        self.draining = False

    # -- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Everything up, the worker last. Raises `DatabaseError` with what to do."""
        await asyncio.to_thread(prepare_database, self.settings.database_url)
        await self.store.open()
        if self.serves:
            await self.slack_door.start()
        if self.worker is not None:
            await self.worker.start()
        self._housekeeper = asyncio.create_task(self._keep_house())
        durable, words = self.store.durability()
        note = log.info if durable else log.warning
        note("app.started", storage=words, serves=self.serves, works=self.works)

    async def drain(self) -> None:
        """Refuse new work with 503 while what runs ends within the budget; give back the rest."""
        budget_s = self.settings.jobs.drain_s
        deadline = time.monotonic() + budget_s
        self.refuse_work()
        log.info("app.stopping", budget_s=budget_s)
        if self._housekeeper is not None:
            self._housekeeper.cancel()
            await asyncio.gather(self._housekeeper, return_exceptions=True)
        if self.serves:
            await self.console.close()
            await self.api_door.close()
        if self.worker is not None:
            await self.worker.stop(max(0.0, deadline - time.monotonic() - 2.0))
        if self.serves:
            await self.slack_door.close(max(1.0, deadline - time.monotonic()))

    async def stop(self) -> None:
        """Drain, if that was not done, and close everything."""
        if not self.draining:
            await self.drain()
        await self.store.close()
        await self.outbound.close()
        log.info("app.stopped")

    def refuse_work(self) -> None:
        """From now on new work is answered with 503 and Retry-After."""
        self.draining = self.store.draining = True

    def listening(self, port: int) -> None:
        """Say where; also the sign for whoever started this process."""
        log.info("app.listening", host=self.settings.server.host, port=port)

    def web_app(self) -> web.Application:
        """The doors as one aiohttp application."""
        app = web.Application(client_max_size=self.settings.server.max_body_bytes)
        app.add_routes(self.slack_door.routes())
        app.add_routes(self.api_door.routes())
        app.add_routes(self.webhook_door.routes())
        app.add_routes(self.console.routes())
        app.add_routes([web.get("/healthz", self._healthz), web.get("/readyz", self._readyz)])
        return app

    # -- health ------------------------------------------------------------------------------------

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _readyz(self, _: web.Request) -> web.Response:
        """What works, what fails with a sentence, and whether accepted means kept."""
        durable, words = self.store.durability()
        checks: dict[str, str] = {"store": "", "shutdown": "", "worker": ""}
        try:
            await asyncio.wait_for(self.store.write(lambda _: None), 3.0)
        except (StoreDown, TimeoutError) as error:
            checks["store"] = f"The database cannot be written: {error or 'no answer'}."
        if self.draining:
            checks["shutdown"] = "The process is stopping."
        if self.worker is not None and self.worker.stalled:
            checks["worker"] = "The worker's heartbeat is late."
        failing = {name: sentence for name, sentence in checks.items() if sentence}
        body = {
            "ok": [name for name in checks if name not in failing],
            "failing": failing,
            "storage": "durable" if durable else "volatile",
            "storage_detail": words,
        }
        return web.json_response(body, status=503 if failing else 200)

    # -- inside ------------------------------------------------------------------------------------

    def _worker(self) -> Worker:
        jobs = self.settings.jobs
        limits = Limits(
            self.store,
            breaker_failures=jobs.breaker_failures,
            breaker_probe_s=jobs.breaker_probe_s,
        )
        teller = Teller(
            store=self.store,
            ways={"slack": self._tell_slack, "callback": self._tell_callback},
            progress=self._show_progress,
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
                manners=self._manners,
                still_mine=still_mine,
            )

        return Worker(
            store=self.store,
            runner=runner,
            limits=limits,
            teller=teller,
            actions=self.actions,
            connections=frozenset(self.upstreams),
            phrase=self._phrase,
            settings=jobs,
        )

    async def _keep_house(self) -> None:
        jobs = self.settings.jobs
        while True:
            now = self.clock()
            try:
                gone = await self.operator.prune(
                    done_before=now - jobs.keep_done_days * DAY_S,
                    parked_before=now - jobs.keep_parked_days * DAY_S,
                    keys_before=now - jobs.keep_keys_s,
                )
                if gone:
                    log.info("app.pruned", jobs=gone)
            except StoreDown:
                pass
            await asyncio.sleep(HOUSEKEEPING_S)

    async def _tell_slack(self, job: Job, *, repeated: bool, file: File | None) -> Telling:
        return await self.slack_delivery.tell(job, job.reply_to, repeated=repeated, file=file)

    async def _tell_callback(self, job: Job, *, repeated: bool, file: File | None) -> Telling:
        del repeated  # the receiver tells repeats apart by webhook-id
        return await self.callback_delivery.tell(job, job.reply_to.callback_url, file=file)

    async def _show_progress(self, job: Job) -> ReplyTo:
        pending = job.state is JobState.PENDING
        message = notices.pending(job) if pending else notices.waiting(job, job.run_at)
        return await self.slack_delivery.progress(job, job.reply_to, message)

    def _manners(self, job: Job) -> Manners:
        connection = self.settings.connections.get(job.connection)
        if connection is None or connection.kind != "rocketchat":
            return Manners()
        signature = job.asker.name if connection.sign_comments else ""
        return Manners(signature, connection.default_comment)

    def _phrase(self, outcome: Outcome) -> Outcome:
        """Say commands by the names they have here."""
        names = self.settings.slack.commands
        if not names or not outcome.next_step:
            return outcome

        def renamed(match: re.Match[str]) -> str:
            return names.get(match[1], match[0])

        return replace(outcome, next_step=_COMMAND.sub(renamed, outcome.next_step))

    def _about(self, action_id: str) -> ActionInfo:
        return self.about.get(action_id) or ActionInfo(title=action_id)


_COMMAND = re.compile(r"(?<![\w/])/([a-z]+)\b")


def about(action: type[Action]) -> ActionInfo:
    """What the delivery must know of an action."""
    personal = frozenset(leaf.path[0] for leaf in leaves.leaves(action) if leaf.personal)
    return ActionInfo(action.title, action.confirm, action.in_channel, personal)


def assumed(connection: Any) -> Window:
    """The pace of a route nothing is known about: Rocket.Chat's default is a guess, others a word."""
    guessed = connection.kind == "rocketchat" and connection.pace_limit > 0
    return Window(
        connection.pace_limit,
        connection.pace_window_s,
        source="assumed" if guessed else "configured",
    )


def key_material(settings: Settings) -> list[str]:
    """Secrets from which keys are derived: the configured ones, else what the process has anyway."""
    if settings.encryption_key is not None:
        value = settings.encryption_key.get_secret_value()
        return [part.strip() for part in value.split(",") if part.strip()]
    slack, api, hooks = settings.slack, settings.api, settings.webhooks
    candidates = (slack.signing_secret, slack.signing_secret_previous, api.token, hooks.secret)
    found = [secret.get_secret_value() for secret in candidates if secret is not None]
    if not found:
        log.warning("app.temporary_key", hint="Set BRIDGE_ENCRYPTION_KEY to keep replies readable.")
    return found or [secrets.token_urlsafe(32)]
