"""As whom a request is made: the person's linked account or the service account, as the connection says.

The upstream clients ask here before each request, so that a link that was removed is not used any more.
When the links cannot be read, nothing is sent: taking the service account instead would act as somebody
else than the person was told. Access tokens of SuperOffice live in memory only; what is stored is the
refresh token.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import structlog
from pydantic import SecretStr

from bridge.contract import LINK_ACCOUNT, FollowUp, Outcome, Refused, Unknown, Unsent
from bridge.jobs.links import Link, Links
from bridge.jobs.writer import StoreDown
from bridge.outbound import Outbound
from bridge.settings import Connection, SuperOffice
from bridge.upstreams import Credential, NoCredential
from bridge.upstreams.superoffice import consent

log = structlog.get_logger()

MOST_TOKENS = 10_000
Key = tuple[str, str, str]
# What the upstream clients say when a request may only be made as the person, and cannot.
NO_ACCOUNT = {
    "not-linked": "People act with their own {upstream} account here, and you have not linked yours.",
    "link-refused": "{upstream} does not accept the account that you have linked any more.",
}
NEXT = "Link it with /bridge link {connection}, then ask again."
LINK_LABEL = "Link your {upstream} account"
UNSEEN = "{problem} So I cannot see what became of this."


@dataclass(frozen=True, slots=True)
class _Token:
    access_token: SecretStr
    until: float
    linked_at: float  # of the link it came from


class Acting:
    """The credentials that the upstream clients ask for."""

    def __init__(
        self,
        links: Links,
        connections: Callable[[], Mapping[str, Connection]],
        outbound: Outbound,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._links = links
        self._connections = connections
        self._outbound = outbound
        self._clock = clock
        self._tokens: OrderedDict[Key, _Token] = OrderedDict()
        self._locks: dict[Key, asyncio.Lock] = {}

    async def __call__(self, connection: str, person: str) -> Credential | None:
        """See `upstreams.Credentials`; `person` is `Asker.person`."""
        settings = self._connections().get(connection)
        if settings is None or settings.act_as == "service":
            return None
        scope, _, user_id = person.rpartition(":")
        try:
            link = await self._links.find(scope, user_id, connection)
        except StoreDown:
            raise Unsent("the linked accounts cannot be read just now") from None
        if link is None:
            if settings.act_as == "person":
                raise NoCredential("not-linked")
            return None
        if link.credential is None:
            log.warning("links.unreadable", user_id=user_id, connection=connection)
            raise NoCredential("link-refused")
        credential = await self._credential(link, link.credential, settings)
        try:
            await self._links.note_use(link, self._clock())
        except StoreDown:
            log.warning("links.use_not_noted", connection=connection)
        return credential

    async def _credential(
        self, link: Link, held: Mapping[str, str], settings: Connection
    ) -> Credential:
        if isinstance(settings, SuperOffice):
            token = await self._token(link, settings)
            return self._bearer(link, settings, token)
        headers = {
            "X-User-Id": SecretStr(held["user_id"]),
            "X-Auth-Token": SecretStr(held["auth_token"]),
        }
        return Credential(headers, name=link.account_name)

    def _bearer(self, link: Link, settings: SuperOffice, token: _Token) -> Credential:
        async def again() -> Credential | None:
            newer = await self._token(link, settings, refused=token)
            return replace(consent.bearer(newer.access_token), name=link.account_name)

        return replace(consent.bearer(token.access_token), renew=again, name=link.account_name)

    async def _token(
        self, link: Link, settings: SuperOffice, refused: _Token | None = None
    ) -> _Token:
        """An access token that is good as far as we know, by one request however many wait for it."""
        key = (link.scope, link.user_id, link.connection)
        async with self._locks.setdefault(key, asyncio.Lock()):
            known = self._tokens.get(key)
            good = known is not None and known.linked_at == link.linked_at
            if known is not None and good and known is not refused and self._clock() < known.until:
                return known
            self._tokens.pop(key, None)
            while len(self._tokens) >= MOST_TOKENS:
                self._locks.pop(self._tokens.popitem(last=False)[0], None)
            fresh = await self._renew(link, settings)
            self._tokens[key] = fresh
            return fresh

    async def _renew(self, link: Link, settings: SuperOffice) -> _Token:
        held = dict(link.credential or {})
        try:
            given = await consent.renew(
                settings, self._outbound, SecretStr(held.get("refresh_token", ""))
            )
        except consent.Refusal:
            log.warning("links.refused", user_id=link.user_id, connection=link.connection)
            raise NoCredential("link-refused") from None
        if given.refresh_token is not None:
            held["refresh_token"] = given.refresh_token.get_secret_value()
            try:
                await self._links.renewed(replace(link, credential=held))
            except StoreDown:  # the old one stays good until the consent is revoked
                log.warning("links.renewal_not_stored", connection=link.connection)
        log.info("links.token_renewed", user_id=link.user_id, connection=link.connection)
        until = self._clock() + consent.renew_after_s(given.holds_s)
        return _Token(given.access_token, until, link.linked_at)


def no_account(code: str, upstream: str, connection: str, *, something_was_sent: bool) -> Outcome:
    """The person must link an account. What may have happened already is not called refused."""
    problem = NO_ACCOUNT[code].format(upstream=upstream)
    next_step = NEXT.format(connection=connection)
    stable = code.replace("-", "_")
    button = (FollowUp(LINK_LABEL.format(upstream=upstream), LINK_ACCOUNT),)
    if something_was_sent:
        return Unknown(stable, UNSEEN.format(problem=problem), next_step, follow_ups=button)
    return Refused(stable, problem, next_step, follow_ups=button)
