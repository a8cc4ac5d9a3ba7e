"""Problem documents (RFC 9457): every refusal over HTTP, in a sentence that says what to do next.

A refusal is raised where it is found and becomes the answer at the edge of the door. `type` is an
address below `/docs`, which any bridge serves itself, so it can be looked up without the internet.
https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

MEDIA_TYPE: Final = "application/problem+json"

# slug -> (status, title): all the problems that these doors know; `/docs` lists them.
PROBLEMS: Final[Mapping[str, tuple[int, str]]] = {
    "malformed-json": (400, "The body is not usable JSON"),
    "malformed-header": (400, "A header is not usable"),
    "incomplete-body": (400, "The body did not arrive whole"),
    "malformed-query": (400, "A query parameter is not usable"),
    "unauthenticated": (401, "Not signed in"),
    "not-verified": (401, "The sender is not believed"),
    "not-covered": (403, "The key does not cover this"),
    "not-found": (404, "There is nothing here"),
    "unknown-action": (404, "There is no such action"),
    "unknown-job": (404, "There is no such job"),
    "no-file": (404, "No file belongs to the job"),
    "unknown-source": (404, "There is no such source"),
    "wrong-method": (405, "The method is not allowed here"),
    "too-slow": (408, "The body took too long"),
    "key-conflict": (409, "The idempotency key belongs to another request"),
    "not-possible": (409, "The job's state does not allow it"),
    "file-gone": (410, "The file is not there any more"),
    "too-large": (413, "The body is too large"),
    "not-json": (415, "The body is not declared as JSON"),
    "invalid-fields": (422, "Some fields are not usable"),
    "which-connection": (422, "The connection is not clear"),
    "not-mapped": (422, "The payload could not be mapped"),
    "too-many-requests": (429, "Too many requests"),
    "internal": (500, "Something went wrong in the bridge"),
    "file-not-fetched": (502, "The file could not be fetched"),
    "not-configured": (503, "This door is not set up"),
    "not-stored": (503, "The bridge cannot store anything now"),
    "maybe-stored": (503, "It is not known whether it was stored"),
    "busy": (503, "The bridge is busy"),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One unusable field: where it stands in the body (RFC 6901, as a URI fragment), and why."""

    pointer: str
    detail: str


@dataclass(slots=True, eq=False)
class Problem(Exception):
    """A refusal on its way to the client."""

    slug: str
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.detail

    @property
    def status(self) -> int:
        return PROBLEMS[self.slug][0]

    def document(self) -> dict[str, Any]:
        status, title = PROBLEMS[self.slug]
        document: dict[str, Any] = {
            "type": f"/docs#problem-{self.slug}",
            "title": title,
            "status": status,
            "detail": self.detail,
            **self.more,
        }
        if self.errors:
            document["errors"] = [
                {"pointer": error.pointer, "detail": error.detail} for error in self.errors
            ]
        return document

    def response(self) -> web.Response:
        return web.Response(
            status=self.status,
            body=json.dumps(self.document(), ensure_ascii=False).encode("utf-8", "replace"),
            content_type=MEDIA_TYPE,
            headers=self.headers,
        )


def pointer(*path: int | str) -> str:
    """A JSON pointer as a URI fragment."""
    return "#" + "".join(
        "/" + _quoted(str(part).replace("~", "~0").replace("/", "~1")) for part in path
    )


def _quoted(part: str) -> str:
    from urllib.parse import quote

    return quote(part, safe="~!$&'()*+,;=:@", errors="replace")
