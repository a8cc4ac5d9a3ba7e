"""Dates as SuperOffice writes them: no offset unless asked, no colon in the offset when asked, and a year 1 for "none".

Docs: api/web-services/so-timezone.md and endpoints/http-headers.md. Without `SO-TimeZone: X,
includeTZOffset` a date-time is in the tenant's base time zone and does not say so.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bridge.sandbox.superoffice.switches import Switches

NO_DATE: Final = "0001-01-01T00:00:00"  # INFER for a chat that has not ended

# The header takes "the id or the name" of SuperOffice's own time zone table; these stand for that table.
_ZONES: Final = {
    "no": "Europe/Oslo",
    "261": "Europe/Oslo",
    "gb": "Europe/London",
    "us": "America/New_York",
    "utc": "UTC",
}


def _zone(code: str, base: str) -> tzinfo:
    for name in (_ZONES.get(code.lower(), code), base):
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue  # unknown to this machine: as if the header were not there
    return UTC


class Dates:
    """The date style of one answer, as its request's SO-TimeZone asks."""

    def __init__(self, so_time_zone: str, switches: Switches) -> None:
        code, _, option = (part.strip() for part in so_time_zone.partition(","))
        self._zone = _zone(code or switches.base_time_zone, switches.base_time_zone)
        self._offset = option.lower() == "includetzoffset"
        self._generated = switches.date_style == "generated"

    def show(self, at: float | None) -> str:
        """A moment in the asked zone, or the year 1."""
        if at is None:
            return NO_DATE
        when = datetime.fromtimestamp(at, self._zone)
        if self._generated:
            text = when.strftime("%Y-%m-%dT%H:%M:%S.%f0%z")
            return f"{text[:-2]}:{text[-2:]}"
        return when.strftime("%Y-%m-%dT%H:%M:%S%z" if self._offset else "%Y-%m-%dT%H:%M:%S")


def show_utc(at: float) -> str:
    """A stamp that is always UTC, with the seven digits of .NET: `2026-02-23T09:52:01.9342965Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
