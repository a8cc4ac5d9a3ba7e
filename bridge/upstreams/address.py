"""From a documented route and raw values to an address that can only be that route.

Values are checked against an allow-list first, then each is percent-encoded as one segment, and the
address is handed on as already encoded: yarl would otherwise resolve `..` and `%2e%2e` into the path
above (measured with yarl 1.25: `URL(".../TransferTo/%2e%2e/z")` becomes `.../z`). A segment that is
only dots is refused, because `%2E%2E` means `..` to every server that follows RFC 3986, section 6.2.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from yarl import URL

PLACEHOLDER = re.compile(r"\{(\w+)\}")
ID = re.compile(r"[A-Za-z0-9]{1,64}")
INT32 = re.compile(r"[0-9]{1,10}")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class BadPath(ValueError):
    """A value that may not enter a path; the text names the field, never the value."""


def is_id(value: str) -> bool:
    """Whether this may be an id of Rocket.Chat's."""
    return bool(ID.fullmatch(value))


def is_int32(value: str) -> bool:
    """Whether this may be an id of SuperOffice's, which the documents type as int32."""
    return bool(INT32.fullmatch(value)) and int(value) < 2**31


def is_segment(value: str) -> bool:
    """Free text that stays one segment once it is percent-encoded."""
    return 0 < len(value) <= 255 and bool(value.strip(". ")) and not CONTROL.search(value)


def fill(route: str, values: Mapping[str, str], *, free: frozenset[str], numeric: bool) -> str:
    """The path of a request: ids by allow-list, and free text only where `free` says so.

    Args:
        route: The documented pattern, e.g. `/api/v1/omnichannel/{rid}/request-transcript`.
        values: The raw values of its placeholders.
        free: The placeholders that may hold any text.
        numeric: Whether every other placeholder is an int32; otherwise it is an id.

    Raises:
        BadPath: A value is missing or may not enter a path.
    """

    def one(match: re.Match[str]) -> str:
        name = match[1]
        value = values.get(name, "")
        allowed = is_segment if name in free else is_int32 if numeric else is_id
        if not allowed(value):
            raise BadPath(f"{name} has characters that the address cannot carry.")
        return quote(value, safe="")

    return PLACEHOLDER.sub(one, route)


def join(base: str, path: str, query: Mapping[str, str]) -> URL:
    """The address below a base, exactly as encoded here.

    Documented routes begin with `/api`; a base that already ends with it is not doubled.
    """
    base = base.rstrip("/")
    if base.endswith("/api") and path.startswith("/api/"):
        path = path.removeprefix("/api")
    url = URL(base + path, encoded=True)
    return url.with_query(dict(query)) if query else url
