"""Templates and static files: loaded once, served under names that change with their content.

Autoescape is always on, and foreign text also loses the signs that nobody sees (direction overrides,
zero-width ones), so that what a page shows is what was sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bridge.console import charts, wording
from bridge.console.headers import FOR_EVER, UNSTORED
from bridge.contract import Asker, JobState
from bridge.delivery import mrkdwn
from bridge.delivery.view import iso

HERE: Final = Path(__file__).parent
TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


@cache
def static_files() -> Mapping[str, tuple[str, bytes]]:
    """Name in an address -> (media type, content)."""
    found: dict[str, tuple[str, bytes]] = {}
    for file in sorted((HERE / "static").iterdir()):
        if file.suffix in TYPES:
            content = file.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:12]
            found[f"{file.stem}.{digest}{file.suffix}"] = (TYPES[file.suffix], content)
    return found


def static(name: str) -> str:
    """The address of a static file."""
    stem, _, suffix = name.rpartition(".")
    for found in static_files():
        if found.startswith(f"{stem}.") and found.endswith(f".{suffix}"):
            return f"/console/static/{found}"
    raise LookupError(name)


async def serve_static(request: web.Request) -> web.Response:
    """A static file; a browser may keep it for ever."""
    found = static_files().get(request.match_info["name"])
    if found is None:
        return web.Response(status=404, text="There is no such file.", headers=UNSTORED)
    return web.Response(body=found[1], content_type=found[0], charset="utf-8", headers=FOR_EVER)


def page(name: str, values: Mapping[str, Any], *, status: int = 200) -> web.Response:
    """A rendered page."""
    text = _environment().get_template(name).render(values)
    return web.Response(status=status, text=text, content_type="text/html", headers=UNSTORED)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "seen": seen,
        "moment": moment,
        "iso": iso,
        "duration": charts.seconds,
        "count": count,
        "who": who,
    }
    environment.globals |= {
        "static": static,
        "marks": wording.STATES,
        "JobState": JobState,
        "doors": wording.DOORS,
        "roles": wording.ROLES,
    }
    return environment


def _visible(value: Any) -> Any:
    """Whatever a template prints; text that is markup already was made by a template."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return mrkdwn.clean(value)
    return value


def seen(text: Any, limit: int = 2000) -> str:
    """Foreign text without what nobody sees, addresses masked, cut."""
    clean = mrkdwn.mask(mrkdwn.clean(str(text)[: limit * 2]))
    return clean if len(clean) <= limit else clean[: limit - 1].rstrip() + "…"


def moment(at: float) -> str:
    """Day and time in UTC; the script shows the reader's own time beside it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def count(total: int, most: int = 10_000) -> str:
    """A number, or that there are more than were counted."""
    return f"{total:,}" if total <= most else f"{most:,}+"


def who(asker: Asker) -> str:
    """A person's or program's name as a list shows it."""
    if asker.name:
        return seen(asker.name, 60)
    if asker.user_id:
        return seen(asker.user_id, 60)
    return seen(asker.scope.partition(":")[2] or asker.scope, 60)
