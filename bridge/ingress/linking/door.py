"""The linking page: show it, take a token or send to SuperOffice, check whose it is, keep it, say so.

Opening the page changes nothing, so whatever looks at links ahead of people does no harm; the ticket is
spent by the very transaction that stores the link. An account with another e-mail address than Slack
verified is refused unless the connection allows it: otherwise somebody could send their own link around
and wait for a colleague to put an account behind it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import structlog
from aiohttp import web

from bridge.contract import Lost, Unsent, upstream_name
from bridge.ingress.http import bodies
from bridge.ingress.http.limits import Limits
from bridge.ingress.http.problems import Problem
from bridge.ingress.linking import accounts, pages, words
from bridge.ingress.linking.accounts import Account
from bridge.ingress.linking.form import Form, read_form
from bridge.ingress.linking.linking import PATH, Linking
from bridge.ingress.linking.tickets import KEEP_S, BadTicket, Ticket
from bridge.ingress.linking.visits import Visit, Visits
from bridge.jobs.links import Link, Links, TicketUsed
from bridge.jobs.writer import StoreDown
from bridge.outbound import Outbound
from bridge.settings import RocketChat, Settings, SuperOffice
from bridge.signatures.origin import Senders
from bridge.upstreams.superoffice import consent
from bridge.vault import Vault

log = structlog.get_logger()

VIEWS_PER_MINUTE = 60  # from one address
TRIES_PER_MINUTE = 5  # with one ticket: each asks an upstream
CALLBACK = f"{PATH}/callback"
Handler = Callable[[web.Request], Awaitable[web.Response]]


class _Told(Exception):
    """Nothing was linked; a page that says why."""

    def __init__(self, said: tuple[str, str], status: int, **values: str) -> None:
        super().__init__(said[0])
        self.response = pages.message(said, status, **values)


class LinkDoor:
    """The page's routes."""

    def __init__(
        self,
        *,
        settings: Settings,
        linking: Linking,
        links: Links,
        outbound: Outbound,
        vault: Vault,
        clock: Callable[[], float],
        told: Callable[[Ticket, str], None],
    ) -> None:
        """`told` tells the person in Slack, after the answer."""
        self._settings = settings
        self._linking = linking
        self._links = links
        self._outbound = outbound
        self._clock = clock
        self._told = told
        self._limits = Limits(clock)
        self._senders = Senders(settings.server.trusted_proxies)
        self._public_url = settings.server.public_url.rstrip("/")
        secure = self._public_url.startswith("https:")
        self._visits = Visits(vault, secure=secure, keep_s=KEEP_S)

    def routes(self) -> Sequence[web.RouteDef]:
        return (
            web.get(f"{PATH}/style.css", pages.style),
            web.get(CALLBACK, self._guarded(self._come_back)),
            web.get(f"{PATH}/{{ticket}}", self._guarded(self._show)),
            web.post(f"{PATH}/{{ticket}}", self._guarded(self._take_token)),
            web.get(f"{PATH}/{{ticket}}/onward", self._guarded(self._send_onward)),
        )

    # -- the steps ---------------------------------------------------------------------------------

    async def _show(self, request: web.Request) -> web.Response:
        ticket = await self._ticket(request.match_info["ticket"])
        if isinstance(self._settings.connections[ticket.connection], SuperOffice):
            onward = f"{PATH}/{request.match_info['ticket']}/onward"
            who = ticket.name or ticket.user_id
            return pages.page("consent.html", name=who, connection=ticket.connection, onward=onward)
        return self._form(request, ticket)

    async def _take_token(self, request: web.Request) -> web.Response:
        ticket = await self._ticket(request.match_info["ticket"])
        settings = self._settings.connections[ticket.connection]
        if not isinstance(settings, RocketChat):
            raise _Told(words.BAD, 404)
        server = self._settings.server
        form = read_form(await bodies.read(request, most=5000, deadline_s=server.body_deadline_s))
        visit = self._visits.of_ticket(request, ticket.id)
        alien = request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin"
        if alien or visit is None or not visit.is_form_of(form.csrf):
            raise _Told(words.OTHER_BROWSER, 403)
        self._limits.take(f"ticket {ticket.id}", TRIES_PER_MINUTE)
        if not form.user_id or not form.token.get_secret_value():
            return self._form(request, ticket, form, words.NEEDED)
        account = await accounts.of_rocketchat(
            ticket.connection, settings, self._outbound, form.user_id, form.token
        )
        if account is None:
            log.info("linking.refused", user_id=ticket.user_id, connection=ticket.connection)
            sentence = words.NOT_TAKEN.format(upstream=upstream_name(settings.kind))
            return self._form(request, ticket, form, sentence)
        problem = self._not_theirs(ticket, account)
        if account.id != form.user_id:
            problem = words.OTHER_USER
        if problem:
            return self._form(request, ticket, form, problem)
        credential = {"user_id": account.id, "auth_token": form.token.get_secret_value()}
        return await self._link(ticket, visit, account, credential)

    async def _send_onward(self, request: web.Request) -> web.Response:
        ticket = await self._ticket(request.match_info["ticket"])
        settings = self._settings.connections[ticket.connection]
        if not isinstance(settings, SuperOffice):
            raise _Told(words.BAD, 404)
        visit = self._visits.begin(request.match_info["ticket"], ticket.id)
        there = consent.address(
            settings,
            redirect_uri=f"{self._public_url}{CALLBACK}",
            state=visit.state,
            verifier=visit.verifier,
        )
        response = web.Response(status=303, headers={**pages.HEADERS, "Location": there})
        self._visits.keep(response, visit)
        return response

    async def _come_back(self, request: web.Request) -> web.Response:
        visit = self._visits.of_state(request, request.query.get("state", ""))
        if visit is None:
            raise _Told(words.OTHER_BROWSER, 403)
        ticket = await self._ticket(visit.ticket)
        settings = self._settings.connections[ticket.connection]
        code = request.query.get("code", "")
        if not isinstance(settings, SuperOffice) or not code:
            raise _Told(words.DENIED, 403)
        self._limits.take(f"ticket {ticket.id}", TRIES_PER_MINUTE)
        refused = _Told(words.REFUSED, 403, upstream=upstream_name(settings.kind))
        try:
            given = await consent.exchange(
                settings,
                self._outbound,
                code=code,
                redirect_uri=f"{self._public_url}{CALLBACK}",
                verifier=visit.verifier,
            )
        except consent.Refusal:
            log.info("linking.refused", user_id=ticket.user_id, connection=ticket.connection)
            raise refused from None
        account = await accounts.of_superoffice(
            ticket.connection, settings, self._outbound, given.access_token
        )
        if account is None or given.refresh_token is None:
            raise refused
        problem = self._not_theirs(ticket, account)
        if problem:
            raise _Told((words.REFUSED[0], problem), 403, upstream=upstream_name(settings.kind))
        credential = {"refresh_token": given.refresh_token.get_secret_value()}
        return await self._link(ticket, visit, account, credential)

    # -- inside ------------------------------------------------------------------------------------

    async def _ticket(self, text: str) -> Ticket:
        """The ticket, while it may be used. Raises `_Told`."""
        try:
            ticket = self._linking.tickets.read(text)
        except BadTicket as error:
            raise _Told(*((words.LATE, 410) if error.late else (words.BAD, 404))) from None
        obstacle = self._linking.obstacle(ticket.connection)
        if obstacle:
            raise _Told((words.LATE[0], obstacle), 409)
        if await self._links.is_used(ticket.id):
            raise _Told(words.USED, 410)
        return ticket

    def _not_theirs(self, ticket: Ticket, account: Account) -> str:
        """Why this account may not be linked by this person; empty when it may."""
        if not self._settings.connections[ticket.connection].link_same_email:
            return ""
        if ticket.email and ticket.email.lower() in account.emails:
            return ""
        log.warning("linking.other_email", user_id=ticket.user_id, connection=ticket.connection)
        if not ticket.email:
            return words.NO_EMAIL
        return words.OTHER_PERSON.format(name=ticket.name or ticket.user_id)

    async def _link(
        self, ticket: Ticket, visit: Visit, account: Account, credential: dict[str, str]
    ) -> web.Response:
        link = Link(
            scope=ticket.scope,
            user_id=ticket.user_id,
            connection=ticket.connection,
            account_id=account.id,
            account_name=account.name,
            linked_at=self._clock(),
            credential=credential,
        )
        try:
            await self._links.put(link, ticket.id)
        except TicketUsed:
            raise _Told(words.USED, 410) from None
        about = {"connection": link.connection, "account": account.name}
        upstream = upstream_name(self._settings.connections[link.connection].kind)
        self._told(ticket, words.TOLD.format(upstream=upstream, **about))
        response = pages.message(words.DONE, 200, **about)
        self._visits.end(response, visit)
        return response

    def _form(
        self, request: web.Request, ticket: Ticket, form: Form | None = None, problem: str = ""
    ) -> web.Response:
        """The form, with what was wrong the time before; the token is never sent back."""
        visit = self._visits.of_ticket(request, ticket.id)
        visit = visit or self._visits.begin(request.match_info["ticket"], ticket.id)
        response = pages.page(
            "token.html",
            422 if problem else 200,
            name=ticket.name or ticket.user_id,
            connection=ticket.connection,
            problem=problem,
            csrf=visit.csrf,
            user_id=form.user_id if form else "",
        )
        self._visits.keep(response, replace(visit, ticket=request.match_info["ticket"]))
        return response

    def _guarded(self, handler: Handler) -> Handler:
        """The handler within the rate, its refusals as pages."""

        async def handle(request: web.Request) -> web.Response:
            try:
                self._limits.take(f"from {self._senders.address(request)}", VIEWS_PER_MINUTE)
                return await handler(request)
            except _Told as told:
                return told.response
            except Problem as problem:
                status = problem.status
                response = pages.message(words.BUSY if status == 429 else words.BAD, status)
                response.headers.update(problem.headers)
                return response
            except StoreDown:
                return pages.message(words.DOWN, 503)
            except (Unsent, Lost) as error:
                log.warning("linking.not_asked", reason=type(error).__name__)
                return pages.message(words.AWAY, 503)

        return handle
