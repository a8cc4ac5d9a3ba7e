"""What became of one try to tell somebody: told, to be tried later, unclear, or not possible.

The engine keeps `uses` with the job whatever the result, because a `response_url` is used up by tries
too. `Ambiguous` is told again marked as repeated; `NotTold` is kept for the list of one's own requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

How = Literal["response_url", "update", "channel", "ephemeral", "direct", "callback"]


@dataclass(frozen=True, slots=True)
class File:
    """A file to bring with the answer."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """It was told; `ts` and `channel` when Slack said where. `file` says where the file went, if one."""

    how: How
    channel: str = ""
    ts: str = ""
    uses: int = 0  # of the response_url, all tries counted
    file: Literal["", "thread", "direct", "not_brought"] = ""
    problem: str = ""  # why the file was not brought


@dataclass(frozen=True, slots=True)
class TryLater:
    """Surely nothing was told; the same may be tried after this time."""

    after_s: float | None
    reason: str
    uses: int = 0


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """It was sent, but whether it can be read is unknown: tell again, marked as repeated."""

    reason: str
    uses: int = 0


@dataclass(frozen=True, slots=True)
class NotTold:
    """No way is open. `reason` is Slack's own name for it where there is one; `needed` a missing scope."""

    reason: str
    uses: int = 0
    needed: str = ""


Telling = Told | TryLater | Ambiguous | NotTold
