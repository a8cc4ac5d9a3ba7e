"""The Slack door put together: routes for HTTP, the Bolt app behind them, start, drain and close.

Bolt is used for its dispatch, its ack formats and its OAuth flow. Its verifier, its parser and its
authorize are not: the gate verifies raw bytes first, bodies are parsed here (Bolt's parser reads a command
whose text holds the word "payload" as empty), and authorize answers from memory. With
`process_before_response` a listener is awaited in place instead of polled for each 10 ms; so listeners do
no I/O before the ack but the one commit. Whatever breaks, the person gets a 200 with a plain sentence.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bridge import metrics, tracing
from bridge.contract import Action, Upstream
from bridge.delivery.client import web_client
from bridge.delivery.render import ActionInfo
from bridge.ingress.linking import Linking
from bridge.ingress.slack.accounts import Accounts
from bridge.ingress.slack.background import BackgroundTasks
from bridge.ingress.slack.bodies import kind_of, parse
from bridge.ingress.slack.buttons import Buttons
from bridge.ingress.slack.chooser import Chooser
from bridge.ingress.slack.colleagues import Colleagues
from bridge.ingress.slack.commands import Commands, failed, shown
from bridge.ingress.slack.forms import Forms
from bridge.ingress.slack.gate import Gate
from bridge.ingress.slack.identity import Identity
from bridge.ingress.slack.install import Install, oauth_flow
from bridge.ingress.slack.launching import Launching
from bridge.ingress.slack.mentions import Mentions
from bridge.ingress.slack.pickers import Pickers
from bridge.ingress.slack.reading import Reader
from bridge.ingress.slack.references import References
from bridge.ingress.slack.shortcuts import Shortcuts
from bridge.ingress.slack.socket_mode import SocketMode
from bridge.ingress.slack.telling import Telling
from bridge.ingress.slack.usergroups import Usergroups
from bridge.ingress.slack.wishes import Wishes
from bridge.ingress.slack.workspaces import Workspaces
from bridge.jobs.auditing import Audit
from bridge.jobs.intake import Intake
from bridge.outbound import Outbound
from bridge.settings import Settings
from bridge.surfaces.usage import ROOT, name_of
from bridge.vault import Vault

if TYPE_CHECKING:
    from bridge.ingress.slack.installations import StoredInstallations

log = structlog.get_logger()

EVENTS = "/slack/events"
# Bolt logs whole bodies at these levels' lower neighbours; ours are logged by the door itself.
_quiet = logging.getLogger("bridge.ingress.slack.bolt")
_quiet.setLevel(logging.CRITICAL)


class SlackDoor:
    """Slack's way in."""

    def __init__(  # noqa: PLR0913 - the composition root names each part once
        self,
        *,
        settings: Settings,
        catalogue: Mapping[str, type[Action]],
        about: Mapping[str, ActionInfo],
        intake: Intake,
        reader: Reader,
        outbound: Outbound,
        upstreams: Mapping[str, Upstream],
        references: References,
        vault: Vault,
        clock: Callable[[], float],
        installations: StoredInstallations | None = None,
        linking: Linking | None = None,
        audit: Audit | None = None,
    ) -> None:
        slack = settings.slack
        self._gate = Gate(
            [one.get_secret_value() if one else "" for one in _signing_secrets(settings)],
            clock=clock,
            server=settings.server,
        )
        self.background = BackgroundTasks()  # drained
        self._upkeep = BackgroundTasks()  # cut short
        self.workspaces = Workspaces(
            outbound=outbound,
            token=slack.bot_token.get_secret_value() if slack.bot_token else "",
            installations=installations,
            api_url=slack.api_url,
            clock=clock,
        )
        self.usergroups = Usergroups(settings.access, self.workspaces, clock=clock)
        self.identity = Identity(self.workspaces, clock=clock)
        self.pickers = Pickers(upstreams, background=self._upkeep, clock=clock)
        launching = Launching(
            settings=settings,
            intake=intake,
            usergroups=self.usergroups,
            identity=self.identity,
            upkeep=self._upkeep,
            background=self.background,
            audit=audit,
            clock=clock,
        )
        telling = Telling(
            outbound=outbound,
            workspaces=self.workspaces,
            api_url=slack.api_url,
            hosts=slack.response_hosts,
        )
        forms = Forms(
            catalogue=catalogue,
            launching=launching,
            pickers=self.pickers,
            workspaces=self.workspaces,
            vault=vault,
            clock=clock,
        )
        chooser = Chooser(
            catalogue=catalogue,
            launching=launching,
            forms=forms,
            workspaces=self.workspaces,
            vault=vault,
        )
        self.accounts = Accounts(
            linking=linking,
            connections=settings.connections,
            catalogue=catalogue,
            launching=launching,
            identity=self.identity,
            telling=telling,
            background=self.background,
            root=name_of(ROOT, slack.commands),
        )
        wishes = Wishes(
            catalogue=catalogue,
            names=slack.commands,
            launching=launching,
            colleagues=Colleagues(self.identity, self.pickers),
            forms=forms,
            chooser=chooser,
            reader=reader,
            accounts=self.accounts,
            about=about,
        )
        flow = oauth_flow(settings, installations, outbound) if installations else None
        self._install = Install(
            flow=flow,
            installations=installations,
            workspaces=self.workspaces,
            usergroups=self.usergroups,
            trusted_proxies=settings.server.trusted_proxies,
            clock=clock,
            linking=linking,
            audit=audit,
        )
        self._installations = installations
        self.app = AsyncApp(
            name="bridge",
            logger=_quiet,
            process_before_response=True,
            raise_error_for_unhandled_request=True,
            client=web_client(outbound, slack.api_url, ""),
            before_authorize=Commands(wishes=wishes, telling=telling, background=self.background),
            authorize=self.workspaces.authorize,  # type: ignore[arg-type]  # Bolt takes its own class too
            oauth_flow=flow,
            request_verification_enabled=False,  # the gate has verified the raw bytes
            ssl_check_enabled=False,  # the gate again; Bolt's own is inverted with a token
        )
        self.app.error(self._broken)
        self._mentions = Mentions(
            wishes=wishes, telling=telling, background=self.background, root=wishes.root
        )
        self._mentions.register(self.app)
        forms.register(self.app)
        chooser.register(self.app)
        Shortcuts(
            catalogue=catalogue,
            chooser=chooser,
            forms=forms,
            launching=launching,
            telling=telling,
            background=self.background,
        ).register(self.app)
        Buttons(
            catalogue=catalogue,
            references=references,
            reader=reader,
            launching=launching,
            forms=forms,
            accounts=self.accounts,
            telling=telling,
            background=self.background,
            names=slack.commands,
        ).register(self.app)
        self._install.register(self.app)
        self._socket: SocketMode | None = None
        if slack.app_token:
            self._socket = SocketMode(
                app_token=slack.app_token.get_secret_value(),
                web=web_client(outbound, slack.api_url, ""),
                dispatch=self.dispatch,
            )

    def routes(self) -> list[web.RouteDef]:
        """The routes of this door."""
        return [web.post(EVENTS, self._receive), *self._install.routes()]

    @property
    def problem(self) -> str:
        """Why nothing comes from Slack, for a person; empty while nothing is known to be wrong."""
        return self._socket.problem if self._socket is not None else ""

    async def start(self) -> None:
        """Prepare what commands will need; never waits for Slack."""
        if self._installations is not None:
            await self._installations.create_tables()
        self._upkeep.start("warm", self._warm())
        if self._socket is not None:
            self._upkeep.start("socket", self._socket.run())
        else:  # a reload may have given it up
            metrics.slack_socket(down=False)

    async def close(self, budget_s: float = 10.0) -> None:
        """Stop hearing, finish what runs within the budget, say what was cut short."""
        await self._upkeep.drain(0)
        if self._socket is not None:
            await self._socket.close()
        cut = await self.background.drain(budget_s)
        if cut:
            log.warning("slack.closed_early", errands=cut)

    async def dispatch(self, body: dict[str, Any]) -> BoltResponse:
        """Answer one verified payload, whichever way it came."""
        # A request of this mode takes the parsed body as it is; the mode means nothing else here.
        return await self.app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))

    async def _receive(self, request: web.Request) -> web.Response:
        with tracing.span("ingress.request", door="slack") as stage:
            tracing.enter(stage.traceparent)
            return await self._answer(request)

    async def _answer(self, request: web.Request) -> web.Response:
        started = time.perf_counter()
        admitted = await self._gate.admit(request)
        if isinstance(admitted, web.Response):
            return admitted
        body = parse(admitted)
        if body is None:
            return self._gate.refuse(request, 400, "unreadable body")
        answer = await self.dispatch(body)
        if answer.status >= 500:
            self._gate.forget(request)
        metrics.slack_acked(kind_of(body), time.perf_counter() - started)
        return web.Response(
            status=answer.status,
            body=answer.body.encode(),
            headers=answer.first_headers_without_set_cookie(),
        )

    async def _warm(self) -> None:
        await self.workspaces.warm()
        for team_id in self.workspaces.teams():
            self.usergroups.expect(team_id)
        await self.usergroups.run()

    async def _broken(self, error: Exception, body: dict[str, Any]) -> BoltResponse:
        """Something raised, or nothing was there to answer: a 200 that a person can read."""
        if isinstance(error, BoltUnhandledRequestError):
            log.info("slack.unhandled", kind=str(body.get("type") or ""))
            return BoltResponse(status=200, body="")
        error_id = secrets.token_hex(4)
        log.error("slack.broken", error_id=error_id, error=type(error).__name__)
        if body.get("type") == "event_callback":
            return BoltResponse(status=503, body="")  # Slack sends events again
        if body.get("type") == "view_submission":
            return BoltResponse(status=200, body=Forms.broken(body, error_id))
        if "command" in body:
            return BoltResponse(status=200, body=json.dumps(shown(failed(error_id))))
        return BoltResponse(status=200, body="")


def _signing_secrets(settings: Settings) -> tuple[SecretStr | None, SecretStr | None]:
    return settings.slack.signing_secret, settings.slack.signing_secret_previous
