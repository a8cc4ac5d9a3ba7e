"""Bodies from strangers: read within a deadline and a bound, parsed once, refused before they can harm.

aiohttp has no deadline on a body of its own (a half-sent one is held for minutes) and hands out what
it has decompressed, so the bound is counted on that. JSON is taken as RFC 8259 has it: no NaN, no
number beyond a double, no lone surrogate (which no database stores), and no deeper than people write it.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import aiohttp
from aiohttp import web
from aiohttp.http import HttpProcessingError

from bridge.ingress.http.problems import Problem

MAX_DEPTH: Final = 32  # the deepest payload of the known senders has eight levels
_UNBOUNDED: Final = nullcontext()


async def read(
    request: web.Request,
    *,
    most: int,
    deadline_s: float,
    waiting: AbstractContextManager[None] = _UNBOUNDED,
) -> bytes:
    """The whole body, decompressed. Raises `Problem`.

    `waiting` bounds how many are waited for, at a door that does not bound its requests already: a body
    that is here passes also while strangers hold as many half ones as may be.
    """
    if (request.content_length or 0) > most:
        raise _too_large(most)
    stream = request.content
    if stream.is_eof() and not stream.exception():  # it came along with its headers
        body = stream.read_nowait(-1)
        if len(body) > most:
            raise _too_large(most)
        return body
    try:
        with waiting:
            async with asyncio.timeout(deadline_s):
                return await _read(stream, most)
    except TimeoutError:
        raise Problem(
            "too-slow",
            f"The body was not here after {deadline_s:g} seconds. Send it again, in one go.",
            headers={"Connection": "close"},
        ) from None
    except (web.RequestPayloadError, aiohttp.ClientError, HttpProcessingError, ConnectionError):
        raise Problem(
            "incomplete-body",
            "The body broke off or is not compressed as its Content-Encoding says. Send it again.",
            headers={"Connection": "close"},
        ) from None


async def _read(stream: aiohttp.StreamReader, most: int) -> bytes:
    parts = bytearray()
    while True:
        chunk = await stream.readany()
        if not chunk:
            return bytes(parts)
        parts += chunk
        if len(parts) > most:
            raise _too_large(most)


def _too_large(most: int) -> Problem:
    return Problem(
        "too-large",
        f"A body may have at most {most} bytes, counted when it is decompressed. Send less at once.",
        headers={"Connection": "close"},  # the rest of it is not waited for
    )


def parse(raw: bytes) -> Any:
    """The JSON value. Raises `Problem`."""
    try:
        text = raw.decode()
        value = _DECODER.decode(text)
    except UnicodeDecodeError:
        raise _malformed("It is not UTF-8.") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        at = getattr(error, "pos", None)
        raise _malformed(
            f"It breaks at character {at}." if at is not None else str(error)
        ) from None
    # Both looks are needed only by bodies that could fail them; most cannot.
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and _is_deep(value):
        raise _too_deep()
    if "\\u" in text and not _is_storable(value):
        raise _malformed(
            "It holds half of a surrogate pair (\\ud800 to \\udfff), which is no text."
        )
    return value


def is_json(media_type: str) -> bool:
    """Whether a Content-Type says JSON; `application/json`, `…+json`, or nothing at all."""
    essence = media_type.partition(";")[0].strip().lower()
    return not essence or essence == "application/json" or essence.endswith("+json")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("It holds a number that is too large.")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"It holds {name}, which JSON does not have.")


_DECODER: Final = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)


def _malformed(why: str) -> Problem:
    return Problem("malformed-json", f"The body is no JSON document. {why}"[:300])


def _too_deep() -> Problem:
    return Problem("malformed-json", f"The body nests deeper than {MAX_DEPTH} levels. Flatten it.")


def _is_deep(value: Any) -> bool:
    level: Sequence[Any] = [value]
    for _ in range(MAX_DEPTH + 1):
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                deeper += item.values()
            elif isinstance(item, list):
                deeper += item
        if not deeper:
            return False
        level = [item for item in deeper if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _is_storable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
