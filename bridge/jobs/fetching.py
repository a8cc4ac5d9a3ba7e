"""Fetching the file that belongs to a job's answer.

Nothing keeps files here: each time one is wanted, the documented read that the outcome names is made
again, as whoever asked for the job. A page of a proxy, or of a sign-in, never comes under a file's name.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge.contract import FileRef, Job, Lost, Response, Upstream
from bridge.delivery.results import File

MAGIC: Mapping[str, bytes] = {"application/pdf": b"%PDF-"}
GONE = (404, 410)


class FileGone(Lost):
    """The upstream has the file no more, or cannot be reached from here any more."""


async def fetch(upstreams: Mapping[str, Upstream], job: Job, ref: FileRef) -> File:
    """The file, whole. Raises `FileGone`, `Lost` or `Unsent`."""
    upstream = upstreams.get(job.connection)
    if upstream is None:
        raise FileGone(f"the connection {job.connection} is not configured any more")
    response = await upstream.send(ref.request, person=job.asker.person, trace=job.trace)
    if response.status in GONE:
        raise FileGone(f"the upstream answered {response.status}")
    if not response.ok:
        raise Lost(f"the upstream answered {response.status}")
    if not _is_what_it_says(ref, response):
        raise Lost(f"what came is no {ref.media_type}")
    return File(ref.name, ref.media_type, response.body)


def _is_what_it_says(ref: FileRef, response: Response) -> bool:
    said = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    named = said in ("", "application/octet-stream", ref.media_type)
    return named and response.body.startswith(MAGIC.get(ref.media_type, b""))
