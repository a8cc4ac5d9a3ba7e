"""What `slack_sdk` takes for an aiohttp session is the bridge's own way out.

The SDK knows Slack's methods, the upload in three steps and the shape of a `response_url` post; but by
itself it follows redirects, repeats requests, reads answers of any size and cannot say whether a request
left. `Outbound` can, so the SDK's one call on its session, `request(...)`, is answered from there, and
`Unsent` and `Lost` pass through the SDK unchanged.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, cast
from urllib.parse import urlencode

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient
from yarl import URL

from bridge.outbound import Answer, Outbound

# The SDK logs addresses and bodies at debug level, and a response_url is a credential.
_quiet = logging.getLogger("bridge.delivery.slack_sdk")
_quiet.setLevel(logging.INFO)


class TokenFor(Protocol):
    """Looks up the bot token of a workspace; None when the app is not installed there."""

    async def __call__(self, team_id: str, enterprise_id: str) -> str | None:
        """Return the token."""
        ...


class _Response:
    """An answer in the shape the SDK reads: an async context with a status and a body."""

    content_type = "application/json"  # the SDK then asks for `json()`, whatever came

    def __init__(self, answer: Answer) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self._body = answer.body

    async def text(self) -> str:
        return self._body.decode("utf-8", "replace")

    async def json(self) -> dict[str, Any]:
        """The object that came; empty for anything else, so that `ok` is missing."""
        try:
            value = json.loads(self._body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class _Exchange:
    """`async with session.request(...)`: sends when it is entered."""

    def __init__(self, outbound: Outbound, method: str, url: str, options: dict[str, Any]) -> None:
        self._outbound = outbound
        self._method = method
        self._url = url
        self._options = options

    async def __aenter__(self) -> _Response:
        body, content_type = _encoded(self._options)
        headers = {str(k): str(v) for k, v in (self._options.get("headers") or {}).items()}
        if content_type and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = content_type
        url = URL(self._url)
        if self._options.get("params"):
            url = url.update_query({k: str(v) for k, v in self._options["params"].items()})
        answer = await self._outbound.send(
            self._method, url, headers=headers, body=body, route=f"{self._method} slack"
        )
        return _Response(answer)

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Nothing to release: the answer was read to its end."""


class _Session:
    """The two things the SDK uses of a session."""

    closed = False

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    def request(self, method: str, url: str, **options: Any) -> _Exchange:
        return _Exchange(self._outbound, method, url, options)


def web_client(outbound: Outbound, api_url: str, token: str) -> AsyncWebClient:
    """The Web API for one token; it repeats nothing."""
    return AsyncWebClient(
        token=token,
        base_url=api_url,
        session=cast("aiohttp.ClientSession", _Session(outbound)),
        logger=_quiet,
        retry_handlers=[],
    )


def webhook_client(outbound: Outbound, response_url: str) -> AsyncWebhookClient:
    """One `response_url`; it repeats nothing."""
    return AsyncWebhookClient(
        response_url,
        session=cast("aiohttp.ClientSession", _Session(outbound)),
        logger=_quiet,
        retry_handlers=[],
    )


def _encoded(options: dict[str, Any]) -> tuple[bytes | None, str]:
    """The body's bytes and their type, as aiohttp would have made them."""
    if options.get("json") is not None:
        return json.dumps(options["json"]).encode(), "application/json"
    data = options.get("data")
    if isinstance(data, Mapping):
        return urlencode(data).encode(), "application/x-www-form-urlencoded"
    if isinstance(data, str):
        return data.encode(), "text/plain; charset=utf-8"
    if isinstance(data, bytes):
        return data, "application/octet-stream"
    return None, ""
