"""The doors under one set of settings, and routes that always lead to the current ones.

A reload builds new doors and puts them in the place of the old in one step: a request is answered by the
old or by the new doors, never by a mixture, and no connection is dropped for it. Paths are the same under
all settings, but for those that a feature brings; a new path counts from the next start.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Final

from aiohttp import web

from bridge.app.telling import about
from bridge.console import Arrival, Console, SourceView, Unread
from bridge.contract import Action, Upstream
from bridge.ingress.api import ApiDoor
from bridge.ingress.http import bodies
from bridge.ingress.http.edge import edge, nowhere
from bridge.ingress.http.limits import InFlight
from bridge.ingress.http.problems import Problem
from bridge.ingress.linking import LinkDoor, Linking
from bridge.ingress.slack import SlackDoor
from bridge.ingress.slack.install import installations_of
from bridge.ingress.slack.reading import StoredJobs
from bridge.ingress.slack.references import References
from bridge.ingress.webhooks import Sources, WebhookDoor
from bridge.ingress.webhooks.declared import BUILT_IN
from bridge.jobs.auditing import Audit
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.links import Links
from bridge.jobs.operating import Operator
from bridge.jobs.store import Store
from bridge.jobs.worker import Worker
from bridge.outbound import Outbound
from bridge.settings import Settings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Place = tuple[str, str]  # method, path
_NOWHERE: Final = edge(nowhere)  # the settings at the start had something there
FORM_BYTES: Final = 20_000  # the longest form of the console is a filter over jobs


class Doors:
    """Slack and its linking page, the API, the webhooks and the console, built from one set of settings."""

    def __init__(
        self,
        settings: Settings,
        *,
        actions: Mapping[str, type[Action]],
        store: Store,
        outbound: Outbound,
        upstreams: Mapping[str, Upstream],
        references: References,
        worker: Callable[[], Worker | None],
        clock: Callable[[], float],
    ) -> None:
        operator, links, audit = Operator(store), Links(store), Audit(store)
        linking = Linking(settings, links, store.vault, outbound, clock=clock)
        self.slack = SlackDoor(
            settings=settings,
            catalogue=actions,
            about={name: about(action) for name, action in actions.items()},
            intake=store,
            reader=StoredJobs(store),
            outbound=outbound,
            upstreams=upstreams,
            references=references,
            vault=store.vault,
            clock=clock,
            installations=installations_of(
                settings,
                open_engine(parse_url(settings.database_url), autocommit=True),
                store.vault,
                outbound,
            ),
            linking=linking,
            audit=audit,
        )
        self.link = LinkDoor(
            settings=settings,
            linking=linking,
            links=links,
            outbound=outbound,
            vault=store.vault,
            clock=clock,
            told=self.slack.accounts.linked,
        )
        self._body_deadline_s = settings.server.body_deadline_s
        # apart from the programs' doors: strangers who hold half forms open keep none of those waiting
        self._half_forms = InFlight(settings.server.max_in_flight)
        in_flight = InFlight(settings.server.max_in_flight)  # for all together
        self.api = ApiDoor(
            settings=settings,
            catalogue=actions,
            intake=store,
            reader=store,
            operator=operator,
            upstreams=upstreams,
            clock=clock,
            audit=audit,
            in_flight=in_flight,
        )
        self.webhooks = WebhookDoor(
            settings=settings,
            catalogue=actions,
            intake=store,
            clock=clock,
            in_flight=in_flight,
        )
        self._console: Callable[[], Console] = lambda: Console(
            settings=settings,
            store=store,
            operator=operator,
            catalogue=actions,
            outbound=outbound,
            clock=clock,
            worker=worker(),
            read=self._read_form,
            sources_view=self._sources,
        )
        self.console: Console | None = None

    def routes(self) -> list[web.RouteDef]:
        """Every route of every door."""
        if self.console is None:
            self.console = self._console()  # it shows the worker, which is built after the doors
        found = [
            *self.slack.routes(),
            *self.link.routes(),
            *self.api.routes(),
            *self.webhooks.routes(),
            *self.console.routes(),
        ]
        return [route for route in found if isinstance(route, web.RouteDef)]

    async def _read_form(self, request: web.Request) -> bytes:
        """A form of the console as every body is read; strangers may send one, too."""
        try:
            return await bodies.read(
                request,
                most=FORM_BYTES,
                deadline_s=self._body_deadline_s,
                waiting=self._half_forms,
            )
        except Problem as problem:
            raise Unread(problem.detail, problem.status, problem.headers) from None

    def _sources(self) -> list[SourceView]:
        """The doors do not know each other: what one saw is handed to the other here."""
        door = self.webhooks
        return [
            SourceView(
                name,
                f"/hooks/{name}",
                ", ".join(check.kind for check in source.checks),
                [Arrival(**asdict(one)) for one in door.arrivals.of(name)],
            )
            for name, source in door.sources.by_name.items()
        ]

    def take_over(self, before: Doors) -> None:
        """These take the place of those before: what those have seen is not forgotten."""
        self.webhooks.arrivals.take_over(before.webhooks.arrivals)
        if self.console is not None and before.console is not None:
            self.console.take_over(before.console)

    async def start(self) -> None:
        await self.slack.start()

    async def close_streams(self) -> None:
        """End the answers that would go on for ever."""
        if self.console is not None:
            await self.console.close()
        await self.api.close()

    async def close(self, budget_s: float) -> None:
        await self.close_streams()
        await self.slack.close(budget_s)


def renewed(before: Sources, after: Sources) -> list[str]:
    """The sources whose secrets are others than before, also where the settings only name a file of them."""

    def secrets(sources: Sources, name: str) -> list[object]:
        return [check.secrets for check in sources.by_name[name].checks]

    return [
        f"webhooks.sources.{name}"
        for name in after.by_name
        if name in before.by_name and name != BUILT_IN  # its secrets are settings themselves
        if secrets(before, name) != secrets(after, name)
    ]


class Switchboard:
    """Routes whose handlers are looked up at each request, so that the doors can be replaced."""

    def __init__(self) -> None:
        self._handlers: dict[Place, Handler] = {}

    def connect(self, doors: Doors) -> list[web.RouteDef]:
        """From now on lead to these doors; the routes to register, the first time."""
        routes = doors.routes()
        self._handlers = {(route.method, route.path): route.handler for route in routes}
        return [
            web.route(route.method, route.path, self._lead((route.method, route.path)))
            for route in routes
        ]

    def _lead(self, place: Place) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            handler = self._handlers.get(place)
            return await (handler or _NOWHERE)(request)

        return handle
