"""The gate before the Slack door: bytes come in, verified bytes or a short refusal come out.

Nothing is parsed before the signature over the raw bytes is checked, so unsigned garbage costs one
HMAC at most and never a traceback. What is refused is logged in one line without body or signature:
Bolt's own verifier logs both, answers 500 to odd headers and parses first.
A signed request that was already seen is refused too; another process is guarded by the idempotency key
that the commands carry into the store. How many half bodies are waited for is bounded, apart from the
other doors: a flood at those keeps no person waiting. The signature:
https://docs.slack.dev/authentication/verifying-requests-from-slack; `ssl_check`, unsigned, for distributed apps:
https://docs.slack.dev/interactivity/implementing-slash-commands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import structlog
from aiohttp import web
from pydantic import SecretStr

from bridge import metrics
from bridge.ingress.http import bodies
from bridge.ingress.http.limits import InFlight
from bridge.ingress.http.problems import Problem
from bridge.ingress.http.seen import Seen
from bridge.settings import Server
from bridge.signatures import Reason, Rejected, Secret, SlackCheck, Verified
from bridge.signatures.origin import Senders

log = structlog.get_logger()

SSL_CHECK_BYTES = 4096  # Slack's certificate check carries only ssl_check and the old token
_SSL_CHECK = re.compile(rb"(?:^|&)ssl_check=1(?:&|$)")


class Gate:
    """Reads a request with a deadline and a bound, and checks that it is Slack's and new."""

    def __init__(
        self,
        secrets: Sequence[str],
        *,
        clock: Callable[[], float],
        server: Server,
    ) -> None:
        """`secrets`: the signing secret and, while it is being rotated, the previous one."""
        named = zip(("current", "previous"), secrets, strict=False)
        self._check = SlackCheck(
            secrets=tuple(
                Secret(id=name, value=SecretStr(secret)) for name, secret in named if secret.strip()
            )
        )
        self._clock = clock
        self._seen = Seen(clock)
        self._server = server
        self._senders = Senders(server.trusted_proxies)
        self._waiting = InFlight(server.max_in_flight)

    async def admit(self, request: web.Request) -> bytes | web.Response:
        """The verified raw body, or the answer that refuses the request."""
        headers = request.headers
        # Without the body only the headers can be judged; what they lack, no body will mend.
        hopeless = self._check.hopeless(headers, self._clock())
        if hopeless is not None and hopeless.reason is Reason.NO_SECRET:
            return self.refuse(request, hopeless.status, hopeless)
        raw = await self._read(
            request, SSL_CHECK_BYTES if hopeless else self._server.max_body_bytes
        )
        if raw is None and hopeless is not None:
            return self.refuse(request, hopeless.status, hopeless)
        if raw is None:
            return self.refuse(request, 413, "too large")
        if isinstance(raw, web.Response):
            return raw
        verdict = self._check.verify(raw, headers, self._clock())
        if isinstance(verdict, Verified):
            if not self._seen.is_new(verdict.replay_key):
                return self.refuse(request, 401, "replayed")
            self._seen.remember(verdict.replay_key)
            metrics.verified("slack", verdict.secret_id)
            return raw
        if len(raw) <= SSL_CHECK_BYTES and _SSL_CHECK.search(raw):
            # Slack's certificate check is not always signed; it is told nothing and does nothing.
            return web.Response(status=200)
        return self.refuse(request, verdict.status, verdict)

    def forget(self, request: web.Request) -> None:
        """The admitted request failed: Slack sends an event again at once, with the same signature."""
        self._seen.forget(request.headers.get("X-Slack-Signature", ""))

    async def _read(self, request: web.Request, limit: int) -> bytes | web.Response | None:
        try:
            return await bodies.read(
                request,
                most=limit,
                deadline_s=self._server.body_deadline_s,
                waiting=self._waiting,
            )
        except Problem as problem:
            if problem.slug == "too-large":
                return None
            reason = problem.slug.replace("-", " ")
            return self.refuse(request, problem.status, reason, problem.headers)

    def refuse(
        self,
        request: web.Request,
        status: int,
        why: Rejected | str,
        headers: Mapping[str, str] | None = None,
    ) -> web.Response:
        """The short answer to what is not believed, after one line and one count."""
        reason = why if isinstance(why, str) else why.reason.value
        log.warning(
            "slack.refused",
            status=status,
            reason=reason,
            detail="" if isinstance(why, str) else why.detail,
            remote=self._senders.address(request),
        )
        metrics.slack_rejected(reason)
        return web.json_response({"error": reason}, status=status, headers=headers)
