"""JSON as an answer over HTTP, on the hot path of every program's door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bridge.contract import encode_json


def json_response(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A compact JSON answer."""
    told = {"Content-Type": "application/json", **(headers or {})}
    return web.Response(status=status, body=encode_json(value).encode(), headers=told)
