"""What `Outbound` promises about answers, missing answers, sizes, redirects and headers, on real sockets."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs
from yarl import URL

from bridge.contract import Lost, Unsent
from bridge.outbound import Malformed, Outbound, TooLarge
from bridge.settings import Outbound as Settings

Serve = Callable[[bytes], Awaitable[str]]
QUICK = Settings(connect_s=2, read_s=0.3, total_s=3, max_answer_bytes=10_000)


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    async with Outbound(QUICK) as client:
        yield client


@pytest.fixture
async def raw() -> AsyncIterator[Serve]:
    """A server that reads one request, writes fixed bytes and closes; `count` of them in one list."""
    servers: list[asyncio.Server] = []

    async def serve(answer: bytes) -> str:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield serve
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def web_server() -> AsyncIterator[TestServer]:
    async def echo(request: web.Request) -> web.Response:
        answer = {
            "method": request.method,
            "path": request.raw_path,
            "headers": dict(request.headers),
            "body": await request.text(),
        }
        return web.json_response(answer, headers={"X-Mixed-Case": "yes"})

    async def huge(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 10_001)

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(20):
            await response.write(b"x" * 1000)
        return response

    async def bomb(_: web.Request) -> web.Response:
        packed = gzip.compress(b"x" * 50_000_000)
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    async def away(_: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "/echo"})

    async def hang(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    app = web.Application()
    routes = {"echo": echo, "huge": huge, "stream": stream, "bomb": bomb, "away": away}
    for path, handler in {**routes, "hang": hang}.items():
        app.router.add_route("*", f"/{path}", handler)
    server = TestServer(app)
    async with server:
        yield server


async def test_an_answer_is_given_whole(outbound: Outbound, web_server: TestServer) -> None:
    answer = await outbound.send(
        "POST",
        web_server.make_url("/echo"),
        headers={"X-Auth-Token": "t"},
        body=b"hello",
        trace="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    assert answer.status == 200
    assert answer.headers["x-mixed-case"] == "yes"
    assert b'"body": "hello"' in answer.body
    assert b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" in answer.body


async def test_a_traceparent_that_is_none_is_left_out(
    outbound: Outbound, web_server: TestServer
) -> None:
    answer = await outbound.send("GET", web_server.make_url("/echo"), trace="x\r\nEvil: 1")
    assert b"raceparent" not in answer.body


async def test_a_redirect_is_an_answer(outbound: Outbound, web_server: TestServer) -> None:
    answer = await outbound.send("GET", web_server.make_url("/away"))
    assert (answer.status, answer.headers["location"]) == (307, "/echo")


@pytest.mark.parametrize("path", ["/huge", "/stream", "/bomb"])
async def test_a_large_answer_is_not_read(
    outbound: Outbound, web_server: TestServer, path: str
) -> None:
    with pytest.raises(TooLarge):
        await outbound.send("GET", web_server.make_url(path))
    larger = await outbound.send("GET", web_server.make_url("/huge"), max_bytes=10_001)
    assert len(larger.body) == 10_001


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_an_answer_that_is_cut_off_is_lost(
    outbound: Outbound, raw: Serve, answer: bytes, method: str
) -> None:
    with pytest.raises(Lost):
        await outbound.send(method, await raw(answer) + "/x", body=b"{}")


async def test_no_answer_in_time_is_lost(outbound: Outbound, web_server: TestServer) -> None:
    with pytest.raises(Lost, match="no answer in time"):
        await outbound.send("GET", web_server.make_url("/hang"))


async def test_nobody_listening_is_unsent(outbound: Outbound) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        port = closed.getsockname()[1]
        with pytest.raises(Unsent, match="no connection could be made"):
            await outbound.send("POST", f"http://127.0.0.1:{port}/", body=b"{}")


async def test_a_host_that_does_not_accept_is_unsent() -> None:
    settings = QUICK.model_copy(update={"connect_s": 0.2})
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:  # fill the backlog, so that a further SYN is dropped
            filler.settimeout(0)
            filler.connect_ex(address)
        async with Outbound(settings) as outbound:
            with pytest.raises(Unsent, match="no connection within"):
                await outbound.send("POST", f"http://127.0.0.1:{address[1]}/", body=b"{}")
        for filler in fillers:
            filler.close()


async def test_no_tls_is_unsent(outbound: Outbound, web_server: TestServer) -> None:
    with pytest.raises(Unsent, match="TLS"):
        await outbound.send("POST", web_server.make_url("/echo").with_scheme("https"))


async def test_a_name_that_does_not_resolve_is_unsent() -> None:
    class NoNames(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            raise socket.gaierror(socket.EAI_NONAME, f"{host}:{port}:{family}")

        async def close(self) -> None:
            pass

    async with Outbound(QUICK, resolver=NoNames()) as outbound:
        for guarded in (False, True):
            with pytest.raises(Unsent, match="the name does not resolve"):
                await outbound.send("GET", "https://nowhere.example/", guarded=guarded)


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "POST"])
async def test_nothing_is_repeated_on_a_connection_that_breaks(
    outbound: Outbound, method: str
) -> None:
    """aiohttp alone would send GET, PUT and DELETE twice here."""
    seen: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            seen.append(head)
            if len(seen) > 1:  # the kept-alive connection breaks under its second request
                writer.transport.abort()
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server:
        assert (await outbound.send(method, url)).body == b"ok"
        with pytest.raises(Lost):
            await outbound.send(method, url)
        assert len(seen) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "a\r\nEvil: 1"),
        ("X-A", "a\nb"),
        ("X-A", "a\x00b"),
        ("X-A", "\ud800"),
        ("X A", "a"),
        ("X-A\r\nEvil", "a"),
    ],
)
async def test_a_header_cannot_break_out_of_its_line(
    outbound: Outbound, web_server: TestServer, name: str, value: str
) -> None:
    with pytest.raises(Malformed) as caught:
        await outbound.send("GET", web_server.make_url("/echo"), headers={name: value})
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, Unsent)
    assert "Evil" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["ftp://h/", "h", "", "http://", "http://h:99999/", "/x", URL("http://h/a b", encoded=True)],
)
async def test_an_unusable_address_is_refused(outbound: Outbound, url: URL | str) -> None:
    with pytest.raises(Malformed):
        await outbound.send("GET", url)


async def test_no_secret_of_an_address_is_told(outbound: Outbound, web_server: TestServer) -> None:
    secret = "/hang?token=CANARY"
    with capture_logs() as lines, pytest.raises(Lost) as caught:
        await outbound.send("POST", f"http://127.0.0.1:{web_server.port}{secret}", route="POST /x")
    with capture_logs() as more:
        await outbound.send("POST", f"http://127.0.0.1:{web_server.port}/echo?token=CANARY")
    assert "CANARY" not in f"{caught.value!r} {caught.value} {lines} {more}"
    assert more[0]["event"] == "outbound.answered"


async def test_cookies_are_not_kept(outbound: Outbound, raw: Serve) -> None:
    url = await raw(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n\r\n")
    answer = await outbound.send("GET", url)
    assert answer.headers["set-cookie"] == "a=1"
    assert outbound._open is not None
    assert len(outbound._open.cookie_jar) == 0
