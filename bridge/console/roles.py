"""Who may look and who may act: the API token is an operator, people of Slack are what the settings say.

An entry is `user:U…` or `team:T…` (an Enterprise organisation's `E…` counts as a team). Roles are decided
anew with every request, so a name taken from the settings loses its rights with the reload and not
when its session ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """What somebody may do here; each may do what those before it may."""

    NOBODY = 0
    VIEWER = 1
    OPERATOR = 2

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Staff:
    """The people of Slack who may come in."""

    operators: Sequence[str] = ()
    viewers: Sequence[str] = ()

    def role(self, user_id: str, *team_ids: str) -> Role:
        """The highest role that an entry gives to this person."""
        mine = {f"user:{user_id}"} if user_id else set()
        mine |= {f"team:{team_id}" for team_id in team_ids if team_id}
        if mine.intersection(self.operators):
            return Role.OPERATOR
        return Role.VIEWER if mine.intersection(self.viewers) else Role.NOBODY

    def problems(self) -> Iterator[str]:
        """Entries that match nobody, in sentences."""
        for entry in (*self.operators, *self.viewers):
            kind, _, value = entry.partition(":")
            if kind not in ("user", "team") or not value:
                yield f"{entry!r} is neither user:U… nor team:T…."
