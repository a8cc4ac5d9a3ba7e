"""Signing in: fixed headers, or a token that is renewed ahead of time and once after a refusal.

A token is renewed by one request however many wait for it, and what became of it holds for them all; who
brings an older token later finds a newer one. SuperOffice says "continue to use access tokens until an HTTP 403
error occurs"; 401 is treated alike, and neither has executed anything.
Sources: https://docs.superoffice.com/en/authentication/online/sign-in-user/auth-code-flow.html and
https://docs.superoffice.com/en/developer-portal/best-practices/credential-management.html
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import structlog
from pydantic import SecretStr
from yarl import URL

from bridge.contract import Lost, Unsent, decode_json
from bridge.outbound import Answer, Outbound
from bridge.settings import SuperOffice as Settings
from bridge.upstreams.credential import Credential
from bridge.upstreams.shared import Shared
from bridge.upstreams.superoffice.refusal import Refusal, signed_out
from bridge.upstreams.superoffice.tenant import login_base

log = structlog.get_logger(__name__)

MARGIN_S = 60.0  # a token is renewed this long before it ends

Headers = Mapping[str, str]


class SignIn(Protocol):
    """Whoever gives the headers that sign a request in."""

    async def headers(self) -> Headers:
        """The headers to use now. Raises `Refusal` or `Unsent`."""
        ...

    async def renew(self, used: Headers) -> bool:
        """After a 401 or 403 to these headers: whether there are newer ones to try."""
        ...


class Own:
    """A credential as it was given, the service account's or a person's."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    async def headers(self) -> Headers:
        return self._credential.reveal()

    async def renew(self, used: Headers) -> bool:
        del used
        if self._credential.renew is None:
            return False
        newer = await self._credential.renew()
        if newer is None:
            return False
        self._credential = newer
        return True


class Renewed:
    """Headers that a request to SuperID makes anew: `fetch` gives them and for how long they hold."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[tuple[Credential, float]]],
        clock: Callable[[], float],
        *,
        first: Credential | None = None,
        sliding_s: float = 0.0,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._credential = first
        self._until = float("inf")
        self._sliding_s = sliding_s  # each use makes it hold this long again
        self._replacing = Shared(self._replace)

    async def headers(self) -> Headers:
        if self._credential is None or self._clock() >= self._until:
            await self._replacing()
        if self._sliding_s:
            self._until = self._clock() + self._sliding_s
        return self._held()

    async def renew(self, used: Headers) -> bool:
        if self._credential is not None and self._held() != used:
            return True
        try:
            await self._replacing()
        except Refusal:
            return False
        return True

    async def _replace(self) -> None:
        self._credential, holds_s = await self._fetch()
        self._until = self._clock() + renew_after_s(holds_s)

    def _held(self) -> Headers:
        return self._credential.reveal() if self._credential is not None else {}


class RefreshToken:
    """Gets access tokens for a refresh token, which stays valid until consent is revoked."""

    def __init__(self, settings: Settings, outbound: Outbound) -> None:
        self._settings = settings
        self._outbound = outbound
        self._refresh_token = settings.refresh_token

    async def __call__(self) -> tuple[Credential, float]:
        given = await grant(
            self._settings,
            self._outbound,
            grant_type="refresh_token",
            refresh_token=reveal(self._refresh_token),
        )
        self._refresh_token = given.refresh_token or self._refresh_token
        log.info("superoffice.token_renewed")
        return bearer(given.access_token), given.holds_s


@dataclass(frozen=True, slots=True)
class Granted:
    """What the token endpoint gave. A refresh brings no new refresh token: the old one stays good."""

    access_token: SecretStr
    holds_s: float
    refresh_token: SecretStr | None


async def grant(settings: Settings, outbound: Outbound, **asked: str) -> Granted:
    """Tokens for a code or a refresh token. Raises `Refusal`, or `Unsent` when it cannot be asked."""
    form = asked | {
        "client_id": settings.client_id,
        "client_secret": reveal(settings.client_secret),
    }
    answer = await ask(
        outbound,
        f"{login_base(settings)}/login/common/oauth/tokens",
        # In the body, where the documents' samples use the address: addresses are logged by proxies.
        urlencode(form).encode(),
        "application/x-www-form-urlencoded",
    )
    said = decode_json(answer.body)
    token = said.get("access_token") if isinstance(said, dict) else None
    if answer.status != 200 or not isinstance(token, str) or not token:
        raise signed_out("SuperOffice gave no new access token.")
    newer = said.get("refresh_token")
    kept = SecretStr(newer) if isinstance(newer, str) and newer else None
    return Granted(SecretStr(token), _seconds(said.get("expires_in")), kept)


async def ask(outbound: Outbound, url: str, body: bytes, media_type: str) -> Answer:
    """A question to SuperID. A missing answer is `Unsent`: what waits for it was not sent."""
    headers = {"Accept": "application/json", "Content-Type": media_type}
    route = f"POST {URL(url).path}"
    try:
        answer = await outbound.send(
            "POST", URL(url, encoded=True), headers=headers, body=body, route=route
        )
    except Lost as error:
        raise Unsent(f"sign-in: {error}") from None
    if answer.status >= 500 or answer.status in (408, 429) or 300 <= answer.status < 400:
        raise Unsent(f"sign-in: SuperID answered {answer.status}")
    return answer


def fixed(settings: Settings) -> Credential | None:
    """The sign-in that the settings hold and nothing renews; None when there is none."""
    if settings.access_token:
        return bearer(settings.access_token)
    if settings.ticket:
        return ticket(settings.ticket, settings.app_token)
    if settings.username and settings.password:
        both = f"{settings.username}:{settings.password.get_secret_value()}".encode()
        encoded = base64.b64encode(both).decode()
        return Credential({"Authorization": SecretStr(f"Basic {encoded}")})
    if settings.xsrf_token and settings.cookie:
        return Credential({"X-XSRF-TOKEN": settings.xsrf_token, "Cookie": settings.cookie})
    return None


def bearer(token: SecretStr) -> Credential:
    """The header of an access token."""
    return Credential({"Authorization": SecretStr(f"Bearer {token.get_secret_value()}")})


def ticket(value: SecretStr, app_token: SecretStr | None) -> Credential:
    """The headers of a ticket, verbatim; online it needs the application's token beside it."""
    headers = {"Authorization": SecretStr(f"SOTicket {value.get_secret_value()}")}
    return Credential(headers | ({"SO-AppToken": app_token} if app_token else {}))


def renew_after_s(holds_s: float) -> float:
    """When to renew what holds so long: ahead of its end."""
    return holds_s - min(MARGIN_S, holds_s / 10)


def reveal(secret: SecretStr | None) -> str:
    """A secret in the clear, for a request's body."""
    return secret.get_secret_value() if secret is not None else ""


def _seconds(value: Any) -> float:
    """`expires_in`; the documents say 3600 s in one place and 20 minutes in another."""
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return 1200.0
    return seconds if 0 < seconds <= 30 * 86_400 else 1200.0
