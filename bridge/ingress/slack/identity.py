"""Slack people and who they are upstream, matched by the e-mail address that Slack verified.

Memory answers at once; Slack is asked (https://docs.slack.dev/reference/methods/users.info) only beside a request. A mention as `<associate>` or
`agent=` becomes the person's upstream name through the directory of that upstream, which the pickers keep;
somebody whose address is nowhere in it stays unresolved and is told so, because a guess would hand a
customer to the wrong person. Guests of other workspaces and unconfirmed addresses are not believed.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bridge.contract import Asker
from bridge.ingress.slack.place import Place
from bridge.ingress.slack.workspaces import SLACK_FAILS, NotInstalled, Workspaces

log = structlog.get_logger()

KEEP_S = 3600.0
MOST = 20_000
NAME_WITHIN_S = 2.0  # a signature is not worth a longer wait


@dataclass(frozen=True, slots=True)
class Person:
    """What Slack says of somebody; all empty when it is not known."""

    user_id: str = ""
    name: str = ""
    email: str = ""
    locale: str = ""


class Identity:
    """People by workspace and id, for an hour."""

    def __init__(self, workspaces: Workspaces, *, clock: Callable[[], float]) -> None:
        self._workspaces = workspaces
        self._clock = clock
        self._people: OrderedDict[tuple[str, str], tuple[Person, float]] = OrderedDict()

    def remembered(self, team_id: str, user_id: str) -> Person:
        """What memory knows; never any I/O."""
        known = self._people.get((team_id, user_id))
        return known[0] if known else Person(user_id)

    def knows(self, team_id: str, user_id: str) -> bool:
        known = self._people.get((team_id, user_id))
        return known is not None and self._clock() - known[1] < KEEP_S

    async def learn(self, place: Place) -> None:
        """Ask Slack about whoever is at this place."""
        await self.person(place.team_id, place.enterprise_id, place.user_id)

    async def name_of(self, asker: Asker) -> str:
        """The asker's name as Slack shows it, asked for when it is not known yet; never for long."""
        if asker.door != "slack":
            return asker.name
        try:
            async with asyncio.timeout(NAME_WITHIN_S):
                found = await self.person(asker.team_id, asker.enterprise_id, asker.user_id)
        except TimeoutError:
            return asker.name
        return found.name or asker.name

    async def person(self, team_id: str, enterprise_id: str, user_id: str) -> Person:
        """Ask Slack unless it is known; a person without what Slack would not say."""
        if self.knows(team_id, user_id):
            return self.remembered(team_id, user_id)
        try:
            client = await self._workspaces.client(team_id, enterprise_id)
            answer = await client.users_info(user=user_id, include_locale=True)
        except NotInstalled:
            return Person(user_id)
        except SLACK_FAILS as error:
            log.warning("slack.person_unread", error=type(error).__name__)
            return self.remembered(team_id, user_id)
        person = _person(user_id, team_id, answer.get("user") or {})
        self._people[team_id, user_id] = (person, self._clock())
        while len(self._people) > MOST:
            self._people.popitem(last=False)
        return person


def _person(user_id: str, team_id: str, user: Mapping[str, Any]) -> Person:
    profile = user.get("profile") or {}
    own = user.get("team_id", team_id) in ("", team_id) and not user.get("is_stranger")
    trusted = own and not user.get("deleted") and user.get("is_email_confirmed") is not False
    return Person(
        user_id=user_id,
        name=str(profile.get("real_name") or user.get("real_name") or user.get("name") or ""),
        email=str(profile.get("email") or "").lower() if trusted else "",
        locale=str(user.get("locale") or ""),
    )
