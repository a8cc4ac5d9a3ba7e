"""The console as `app` sees it: build it from what the process has, add its routes, close it at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from aiohttp import web

from bridge.console import wording
from bridge.console.acting import Acting
from bridge.console.headers import UNSTORED
from bridge.console.live import Streams
from bridge.console.pages import serve_static
from bridge.console.roles import Role, Staff
from bridge.console.session import Sessions
from bridge.console.showing import Showing, SourcesView
from bridge.console.sign_in_limit import SignInLimit
from bridge.console.signing_in import SigningIn
from bridge.console.signing_in_slack import SlackSigningIn
from bridge.console.story import Stories
from bridge.console.visit import Gate, Read, Visit, see
from bridge.contract import Action
from bridge.jobs.auditing import Audit
from bridge.jobs.operating import Operator
from bridge.jobs.store import Store
from bridge.jobs.worker import Worker
from bridge.outbound import Outbound
from bridge.settings import Settings
from bridge.signatures.origin import Senders

log = structlog.get_logger()


class Console:
    """The operator's pages below /console."""

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        operator: Operator,
        catalogue: Mapping[str, type[Action]],
        outbound: Outbound,
        clock: Callable[[], float],
        read: Read,
        sources_view: SourcesView | None = None,
        worker: Worker | None = None,
    ) -> None:
        """`read` brings a form's body within the bounds of all doors, and raises `Unread`."""
        token = settings.api.token.get_secret_value() if settings.api.token else ""
        staff = Staff(settings.console.operators, settings.console.viewers)
        for problem in staff.problems():
            log.warning("console.setting_ignored", problem=problem)
        sessions = Sessions(
            vault=store.vault,
            staff=staff,
            token=token,
            https=settings.server.public_url.startswith("https://"),
            clock=clock,
        )
        audit = Audit(store)
        senders = Senders(settings.server.trusted_proxies)
        gate = Gate(sessions, store, audit, clock, read, senders)
        with_slack = settings.console_by_slack
        self._sessions = sessions
        self._gate = gate
        self._streams = Streams(store)
        self._sign_in = SigningIn(
            gate=gate,
            limit=SignInLimit(clock),
            token=token,
            with_slack=with_slack,
            audit=audit,
        )
        self._slack = (
            SlackSigningIn(
                settings=settings,
                gate=gate,
                staff=staff,
                sign_in=self._sign_in,
                outbound=outbound,
                vault=store.vault,
                clock=clock,
            )
            if with_slack
            else None
        )
        self._showing = Showing(
            settings=settings,
            gate=gate,
            store=store,
            operator=operator,
            stories=Stories(catalogue),
            clock=clock,
            sources_view=sources_view,
            worker=worker,
        )
        self._acting = Acting(gate=gate, operator=operator, showing=self._showing, clock=clock)

    def routes(self) -> list[web.AbstractRouteDef]:
        """Everything below /console; the last one catches what is not there."""
        return [
            web.get("/", _onward),
            web.get("/console/static/{name}", serve_static),
            web.get("/console/stream", self._gate(self._stream, needs=Role.VIEWER)),
            *self._sign_in.routes(),
            *(self._slack.routes() if self._slack is not None else []),
            *self._showing.routes(),
            *self._acting.routes(),
            web.get("/console/{rest:.*}", self._gate(self._nothing, needs=Role.VIEWER)),
        ]

    def take_over(self, before: Console) -> None:
        """The console of the settings before is replaced by this one."""
        self._sessions.take_over(before._sessions)

    async def close(self) -> None:
        """End the event streams, so that the process can end."""
        await self._streams.close()

    async def _stream(self, visit: Visit) -> web.StreamResponse:
        if self._streams.full:
            return web.Response(status=503, text=wording.TOO_MANY_STREAMS, headers=UNSTORED)
        session = visit.session
        return await self._streams.serve(
            visit.request, lambda: self._sessions.role(session) >= Role.VIEWER
        )

    async def _nothing(self, visit: Visit) -> web.StreamResponse:
        return self._gate.message(visit, wording.NOT_FOUND, 404)


async def _onward(_: web.Request) -> web.StreamResponse:
    """Whoever types the bridge's bare address is a person."""
    return see("/console")
