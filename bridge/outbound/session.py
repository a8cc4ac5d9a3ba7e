"""The one HTTP client of the process: explicit timeouts, no redirects, no retries, bounded answers.

Whether a request that failed may be sent again depends on one fact: was a connection handed to it?
Before that (name, connect, TLS) it is `Unsent`; from then on it is `Lost`, also when a kept-alive
connection turns out to be closed, because nobody can tell whether the other side had read it. aiohttp
by itself repeats idempotent methods once on such a connection (GET, but also DELETE and PUT); a
middleware turns the error into one that aiohttp does not repeat, since only `jobs/` retries
(https://github.com/aio-libs/aiohttp/issues/10790).
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Self

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver
from yarl import URL

from bridge.contract import Lost, Unsent
from bridge.outbound.guard import Guard, NotAllowed, PinnedResolver, pin
from bridge.settings import Outbound as Settings

log = structlog.get_logger(__name__)

# Node closes idle connections after 5 s (server.keepAliveTimeout), and Rocket.Chat runs on Node. Letting
# go a little earlier keeps a write from meeting a connection that is just being closed.
KEEPALIVE_S = 4.0
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
UNPRINTABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
NOT_IN_URL = re.compile(r"[\x00-\x20\x7f-\U0010ffff]")
DEFAULT_HEADERS = {
    "User-Agent": "Deskbridge",
    # aiohttp cannot tell a gzip body that was cut off from a whole one, and answers are small.
    "Accept-Encoding": "identity",
}


class TooLarge(Lost):
    """The answer is larger than allowed and was not read to its end."""


class Malformed(Unsent, ValueError):
    """A header or an address cannot be sent as it is; nothing was sent."""


class _Broken(Exception):
    """A connection that broke under a request, in a shape that aiohttp does not repeat."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status. Header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


class Outbound:
    """The client. Sessions open with the first request; `close()` when the process ends."""

    def __init__(self, settings: Settings, *, resolver: AbstractResolver | None = None) -> None:
        self.settings = settings
        self._resolver = resolver
        self._guard: Guard | None = None
        self._open: aiohttp.ClientSession | None = None
        self._guarded: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        for session in (self._open, self._guarded):
            if session is not None:
                await session.close()
        self._open = self._guarded = None

    async def send(
        self,
        method: str,
        url: URL | str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        route: str = "",
        guarded: bool = False,
        max_bytes: int | None = None,
        trace: str = "",
    ) -> Answer:
        """Send one request once and read its answer, a redirect being an answer like any other.

        Args:
            method: The HTTP method.
            url: A `yarl.URL` is sent exactly as it is; text is parsed and quoted first.
            headers: Sent as they are; a value that would break out of its line is refused.
            body: The request's bytes, or none.
            route: The documented pattern, for the log; never the address itself.
            guarded: The address is a stranger's: only public https addresses, or those opened.
            max_bytes: The longest answer that is read; `outbound.max_answer_bytes` by default.
            trace: A W3C traceparent to pass on.

        Raises:
            Unsent: The request surely was not sent; `NotAllowed` and `Malformed` are its kinds.
            Lost: It may have been sent but no whole answer came; `TooLarge` is its kind.
        """
        target = _check_url(url)
        sent_headers = _check_headers({**DEFAULT_HEADERS, **(headers or {})})
        if TRACEPARENT.fullmatch(trace):
            sent_headers["traceparent"] = trace
        progress = SimpleNamespace(connected=False)
        started = time.monotonic()
        try:
            session = await self._session_for(target, guarded=guarded)
            answer = await self._exchange(
                session, method, target, sent_headers, body, progress, max_bytes
            )
        except NotAllowed:
            raise
        except (aiohttp.ClientError, OSError, TimeoutError, _Broken) as error:
            cause = error.__cause__ if isinstance(error, _Broken) and error.__cause__ else error
            reason = self._explain(cause, connected=progress.connected)
            log.debug("outbound.failed", method=method, route=route, reason=reason)
            kind = Lost if progress.connected else Unsent
            # aiohttp's errors carry the whole address, and a callback's address is a secret
            raise kind(f"{target.host}: {reason}") from None
        log.debug(
            "outbound.answered",
            method=method,
            route=route,
            status=answer.status,
            bytes=len(answer.body),
            seconds=round(time.monotonic() - started, 4),
        )
        return answer

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        body: bytes | None,
        progress: SimpleNamespace,
        max_bytes: int | None,
    ) -> Answer:
        limit = self.settings.max_answer_bytes if max_bytes is None else max_bytes
        response = await session.request(
            method,
            url,
            headers=headers,
            data=body,
            allow_redirects=False,
            trace_request_ctx=progress,
        )
        try:
            plain = "Content-Encoding" not in response.headers
            if plain and (response.content_length or 0) > limit and method != "HEAD":
                raise TooLarge(f"{url.host}: the answer is larger than {limit} bytes")
            content = bytearray()
            async for chunk in response.content.iter_any():  # already decompressed
                content += chunk
                if len(content) > limit:
                    raise TooLarge(f"{url.host}: the answer is larger than {limit} bytes")
            names = {name.lower() for name in response.headers}
            joined = {name: ", ".join(response.headers.getall(name)) for name in names}
            return Answer(response.status, joined, bytes(content))
        finally:
            if response.content.at_eof():
                response.release()
            else:
                response.close()

    async def _session_for(self, url: URL, *, guarded: bool) -> aiohttp.ClientSession:
        if not guarded:
            if self._open is None:
                # as many connections as there are jobs: `jobs.concurrency` is the limit
                self._open = self._make_session(
                    aiohttp.TCPConnector(
                        limit=0, keepalive_timeout=KEEPALIVE_S, resolver=self._resolver
                    )
                )
            return self._open
        if self._guard is None:
            self._guard = Guard(self.settings.allow, self._resolver or aiohttp.ThreadedResolver())
        async with asyncio.timeout(self.settings.connect_s):
            pin(await self._guard.vet(url))
        if self._guarded is None:
            # its own pool, never reused: a connection that was not vetted for this request is none of its
            self._guarded = self._make_session(
                aiohttp.TCPConnector(
                    limit=0, force_close=True, use_dns_cache=False, resolver=PinnedResolver()
                )
            )
        return self._guarded

    def _make_session(self, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        tracing = aiohttp.TraceConfig()
        tracing.on_connection_create_end.append(_mark_connected)
        tracing.on_connection_reuseconn.append(_mark_connected)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            middlewares=(_send_once,),
            skip_auto_headers=("Content-Type",),  # a request without a body has no type
            trace_configs=[tracing],
            timeout=aiohttp.ClientTimeout(
                total=self.settings.total_s,
                connect=self.settings.connect_s,
                sock_read=self.settings.read_s,
            ),
        )

    def _explain(self, error: BaseException, *, connected: bool) -> str:
        """One sentence in our own words: aiohttp's own would carry the address."""
        if not connected:
            if isinstance(error, TimeoutError):
                return f"no connection within {self.settings.connect_s:g} s"
            if isinstance(error, aiohttp.ClientSSLError | aiohttp.ClientConnectorCertificateError):
                return "no TLS connection (certificate or protocol not accepted)"
            if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
                return "the name does not resolve"
            return "no connection could be made"
        if isinstance(error, TimeoutError):
            return "no answer in time"
        if isinstance(error, aiohttp.ClientPayloadError):
            return "the answer was cut off"
        if isinstance(error, aiohttp.ClientResponseError):
            return "the answer is no HTTP"
        return "the connection broke before the answer"


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Broken from error


async def _mark_connected(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    context.trace_request_ctx.connected = True


def _check_url(url: URL | str) -> URL:
    try:
        target = URL(url) if isinstance(url, str) else url
        usable = target.scheme in ("http", "https") and bool(target.host)
    except ValueError:
        usable, target = False, URL()
    if not usable or NOT_IN_URL.search(target.raw_path_qs):
        raise Malformed("The address is no usable http address.")
    return target


def _check_headers(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name):
            raise Malformed("A header's name has a character that HTTP does not allow.")
        if UNPRINTABLE.search(value) or not _encodable(value):
            raise Malformed(f"The header {name} holds a character that HTTP does not allow.")
    return dict(headers)


def _encodable(value: str) -> bool:
    try:
        return bool(value.encode()) or not value
    except UnicodeEncodeError:  # lone surrogates
        return False
