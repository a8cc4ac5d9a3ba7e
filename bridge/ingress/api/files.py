"""The file of a job, for programs: a transcript that is too large for a callback, or wanted again.

It is fetched from the upstream each time and passed on whole, so only a few at once: each may be as
large as `outbound.max_file_bytes`. A hanging upstream holds these places only, and none of the door's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

import structlog
from aiohttp import web

from bridge.contract import Job, Lost, Unsent, Upstream
from bridge.ingress.api.callers import Caller
from bridge.ingress.api.following import has_ended
from bridge.ingress.http.limits import InFlight
from bridge.ingress.http.problems import Problem
from bridge.jobs.fetching import FileGone, fetch

log = structlog.get_logger(__name__)

AT_ONCE: Final = 4
HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",  # a stranger's content, at our address
}


class Files:
    """Brings files of ended jobs."""

    def __init__(self, upstreams: Mapping[str, Upstream]) -> None:
        self._upstreams = upstreams
        self._in_flight = InFlight(AT_ONCE)

    async def bring(self, job: Job, caller: Caller) -> web.Response:
        """The file's bytes. Raises `Problem`."""
        caller.require(job.action, job.connection)
        if not has_ended(job):
            detail = f"The job is {job.state.value}. Ask for its file when it has ended."
            raise Problem("not-possible", detail)
        ref = job.outcome.file if job.outcome else None
        if ref is None:
            raise Problem("no-file", "No file belongs to this job; its outcome says what happened.")
        try:
            with self._in_flight:
                file = await fetch(self._upstreams, job, ref)
        except FileGone as error:
            raise Problem(
                "file-gone",
                f"The file {ref.name} is not there any more: {error}. Launch the action again to have"
                " it made anew.",
            ) from None
        except (Lost, Unsent, OSError) as error:
            raise Problem(
                "file-not-fetched",
                f"The file {ref.name} could not be fetched: {error}. Ask again in a while.",
                headers={"Retry-After": "30"},
            ) from None
        log.info("ingress.file_brought", job_id=job.id, scope=caller.asker.scope)
        headers = {**HEADERS, "Content-Disposition": _attachment(file.name)}
        return web.Response(body=file.content, content_type=file.media_type, headers=headers)


def _attachment(name: str) -> str:
    """https://www.rfc-editor.org/rfc/rfc6266: never shown in place; any script in the name."""
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in name[:-4])
    ending = name[-4:] if name[-4:].isascii() and name[-3:].isalnum() else ""
    return f"attachment; filename=\"{plain}{ending}\"; filename*=UTF-8''{quote(name, safe='')}"
