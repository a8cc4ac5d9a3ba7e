"""The sign-in page, the API token, and signing out.

The token is compared in constant time and by its bytes; failures are counted per address before that, so
a guesser learns nothing from the clock and little from trying.
"""

from __future__ import annotations

import hmac
from typing import Final

import structlog
from aiohttp import web

from bridge.console import wording
from bridge.console.pages import page
from bridge.console.roles import Role
from bridge.console.session import Session
from bridge.console.sign_in_limit import SignInLimit
from bridge.console.visit import Gate, Visit, from_elsewhere, see
from bridge.jobs.auditing import Actor, Audit

log = structlog.get_logger()

SIGN_IN: Final = "console.sign_in"


class SigningIn:
    """Pages of those who are not in yet."""

    def __init__(
        self,
        *,
        gate: Gate,
        limit: SignInLimit,
        token: str,
        with_slack: bool,
        audit: Audit,
    ) -> None:
        self._gate = gate
        self._limit = limit
        self._token = token.encode()
        self._with_slack = with_slack
        self._audit = audit

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/console/sign-in", self._gate(self._ask, needs=Role.NOBODY)),
            web.post("/console/sign-in", self._gate(self._answer, needs=Role.NOBODY)),
            web.post("/console/sign-out", self._gate(self._leave, needs=Role.NOBODY)),
        ]

    def refuse(self, visit: Visit, sentence: str, status: int, wait_s: int = 0) -> web.Response:
        """The sign-in page with a reason, and a session whose token its form carries."""
        keeps = visit.role is Role.NOBODY and not from_elsewhere(visit.request)
        values = {
            "csrf": visit.session.csrf,
            "sentence": sentence,
            "with_token": bool(self._token) and keeps,
            "with_slack": self._with_slack,
        }
        response = page("sign_in.html", values, status=status)
        if wait_s:
            response.headers["Retry-After"] = str(wait_s)
        if keeps:
            self._gate.sessions.keep(visit.request, response, visit.session)
        return response

    async def admit(self, visit: Visit, response: web.Response, session: Session) -> None:
        """Let somebody in: their old session ends, a new one begins."""
        request = visit.request
        self._gate.sessions.leave(visit.session)
        self._gate.sessions.keep(request, response, session)
        log.info(
            "console.signed_in", how=session.how, user_id=session.user_id, team_id=session.team_id
        )
        await self._audit.note(session.actor, SIGN_IN, target=self._gate.remote(request))

    async def _ask(self, visit: Visit) -> web.StreamResponse:
        if visit.role > Role.NOBODY:
            return see("/console")
        if from_elsewhere(visit.request):
            return page("onward.html", {"address": "/console"})
        nothing = not self._token and not self._with_slack
        return self.refuse(visit, wording.SIGN_IN["none"] if nothing else "", 200)

    async def _answer(self, visit: Visit) -> web.StreamResponse:
        who = self._gate.remote(visit.request)
        wait_s = self._limit.wait_s(who)
        if wait_s:
            return self.refuse(visit, wording.SIGN_IN["wait"].format(seconds=wait_s), 429, wait_s)
        given = visit.text("token").strip().encode("utf-8", "replace")
        if not self._token or not hmac.compare_digest(given, self._token):
            self._limit.failed(who)
            log.warning("console.sign_in_failed", remote=who)
            stranger = Actor("console", "stranger")
            await self._audit.note(stranger, SIGN_IN, target=who, outcome="denied")
            return self.refuse(visit, wording.SIGN_IN["wrong"], 403)
        response = see("/console")
        await self.admit(visit, response, self._gate.sessions.with_token())
        return response

    async def _leave(self, visit: Visit) -> web.StreamResponse:
        response = see("/console/sign-in")
        self._gate.sessions.end(visit.request, response, visit.session)
        log.info("console.signed_out", how=visit.session.how, user_id=visit.session.user_id)
        if visit.role > Role.NOBODY:
            await self._audit.note(visit.session.actor, "console.sign_out")
        return response
