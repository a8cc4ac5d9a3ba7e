"""Who is in which user group, for the access rules: asked of Slack beside the requests, never in one.

The rules name only a few groups, so those are asked for and no others
(https://docs.slack.dev/reference/methods/usergroups.users.list). A list is believed for five
minutes at most; a group that was never read, or whose list is older, counts as empty, because access is
denied by default. A group that Slack refuses by name is empty, too, and that is known: asking again helps
nobody until an operator has mended it, so nobody is told to try again.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable

import structlog
from slack_sdk.errors import SlackApiError

from bridge.access import named_usergroups
from bridge.ingress.slack.workspaces import SLACK_FAILS, NotInstalled, Workspaces
from bridge.settings import Access

log = structlog.get_logger()

REFRESH_S = 120.0
BELIEVE_S = 300.0
READ_WITHIN_S = 5.0
# Errors of any method that pass by themselves; https://docs.slack.dev/reference/methods/usergroups.users.list
PASSING = frozenset(
    ("fatal_error", "internal_error", "ratelimited", "request_timeout", "service_unavailable")
)
HINT = (
    "Give the app the scope usergroups:read and install it again, or correct the group's id in the access"
    " rules; until then it counts as empty."
)


class Usergroups:
    """Members of the named groups, by workspace."""

    def __init__(
        self,
        access: Access,
        workspaces: Workspaces,
        *,
        clock: Callable[[], float],
        refresh_s: float = REFRESH_S,
    ) -> None:
        self._groups = frozenset(named_usergroups(access))
        self._workspaces = workspaces
        self._clock = clock
        self._refresh_s = refresh_s
        self._members: dict[tuple[str, str], tuple[frozenset[str], float]] = {}
        self._teams: dict[str, str] = {}
        self._new_team = asyncio.Event()

    def of(self, user_id: str, team_id: str, enterprise_id: str = "") -> frozenset[str]:
        """The named groups this person is in, as far as memory knows; never any I/O."""
        if not self._groups:
            return frozenset()
        if team_id not in self._teams:
            self._teams[team_id] = enterprise_id
            self._new_team.set()
        return frozenset(
            group for group in self._groups if user_id in (self._believed(team_id, group) or ())
        )

    def is_unread(self, team_id: str) -> bool:
        """Whether no list is to be believed of a group that the rules name: then a denial may be wrong."""
        return any(self._believed(team_id, group) is None for group in self._groups)

    async def ready(self, team_id: str, enterprise_id: str = "") -> None:
        """Read what is unread, for at most `READ_WITHIN_S`; for background tasks, never before an ack."""
        missing = [group for group in self._groups if self._believed(team_id, group) is None]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READ_WITHIN_S):
                for group in missing:
                    await self._read(team_id, enterprise_id, group)

    def expect(self, team_id: str, enterprise_id: str = "") -> None:
        """Read this workspace's groups before its first command."""
        if self._groups and team_id:
            self._teams.setdefault(team_id, enterprise_id)

    async def refresh(self) -> None:
        """Read every named group of every known workspace once."""
        for team_id, enterprise_id in list(self._teams.items()):
            for group in self._groups:
                await self._read(team_id, enterprise_id, group)

    async def run(self) -> None:
        """Keep the lists fresh until cancelled."""
        while self._groups:
            self._new_team.clear()
            await self.refresh()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._refresh_s):
                    await self._new_team.wait()

    def forget(self, team_id: str) -> None:
        self._teams.pop(team_id, None)
        for key in [key for key in self._members if key[0] == team_id]:
            del self._members[key]

    def _believed(self, team_id: str, group: str) -> frozenset[str] | None:
        """Who is in it, unless nobody knows (any more)."""
        known = self._members.get((team_id, group))
        return None if known is None or self._clock() - known[1] > BELIEVE_S else known[0]

    async def _read(self, team_id: str, enterprise_id: str, group: str) -> None:
        try:
            client = await self._workspaces.client(team_id, enterprise_id)
            answer = await client.usergroups_users_list(usergroup=group, team_id=team_id)
        except NotInstalled:
            self._members.pop((team_id, group), None)
            return
        except SLACK_FAILS as error:
            # What was read before is believed until it is too old.
            reason, needed = _refusal(error)
            if not reason or reason in PASSING:
                log.warning("slack.usergroup_unread", usergroup=group, error=type(error).__name__)
                return
            log.warning(
                "slack.usergroup_unread",
                usergroup=group,
                team_id=team_id,
                reason=reason,
                needed=needed,
                hint=HINT,
            )
            if not self._believed(team_id, group):
                self._members[team_id, group] = (frozenset(), self._clock())
            return
        self._members[team_id, group] = (frozenset(_texts(answer.get("users"))), self._clock())


def _refusal(error: Exception) -> tuple[str, str]:
    """Slack's name for why not, and the scope it wants; empty when it gave none."""
    if not isinstance(error, SlackApiError):
        return "", ""
    return str(error.response.get("error") or ""), str(error.response.get("needed") or "")


def _texts(value: object) -> Iterable[str]:
    return (str(one) for one in value) if isinstance(value, list) else ()
