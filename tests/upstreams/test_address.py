"""A value never leaves its segment, whatever it holds, and the bytes on the wire are those we built."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bridge.outbound import Outbound
from bridge.settings import Outbound as OutboundSettings
from bridge.upstreams.address import BadPath, fill, is_segment, join

TRANSFER = "/api/v1/ChatSession/{chatSessionId}/TransferTo/{toAssociate}"
FREE = frozenset(("toAssociate",))


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("5", "5"),
        ("anna@example.com", "anna%40example.com"),
        ("a/b", "a%2Fb"),
        ("%2e%2e", "%252e%252e"),
        ("%2F", "%252F"),
        ("../x", "..%2Fx"),
        ("a b+c", "a%20b%2Bc"),
        ("Chloé Çelik", "Chlo%C3%A9%20%C3%87elik"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
        ("a?b#c&d=e;f", "a%3Fb%23c%26d%3De%3Bf"),
        ("a\\b:*<>", "a%5Cb%3A%2A%3C%3E"),
        ("a..b", "a..b"),
        (".hidden", ".hidden"),
    ],
)
async def test_free_text_arrives_as_one_segment(value: str, encoded: str) -> None:
    seen: list[str] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(request.raw_path)
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", note)
    server = TestServer(app)
    path = fill(TRANSFER, {"chatSessionId": "648", "toAssociate": value}, free=FREE, numeric=True)
    async with server, Outbound(OutboundSettings()) as outbound:
        base = str(server.make_url("/Cust12345/api"))
        await outbound.send("POST", join(base, path, {}))
    assert seen == [f"/Cust12345/api/v1/ChatSession/648/TransferTo/{encoded}"]


@pytest.mark.parametrize(
    "value", ["", ".", "..", "...", ". .", " ", "a\r\nb", "a\x00b", "a\x7fb", "\ud800", "x" * 256]
)
def test_free_text_that_may_not_enter(value: str) -> None:
    with pytest.raises(BadPath, match="toAssociate") as caught:
        fill(TRANSFER, {"chatSessionId": "1", "toAssociate": value}, free=FREE, numeric=True)
    assert not value.strip(". ") or value not in str(caught.value)


@pytest.mark.parametrize(
    "value", ["", "..", "a/b", "a b", "%2e%2e", "a.b", "a-b", "ä", "x" * 65, "a\n", "\u0661"]
)
def test_an_id_is_letters_and_digits(value: str) -> None:
    with pytest.raises(BadPath):
        fill("/api/v1/livechat/transcript/{rid}", {"rid": value}, free=frozenset(), numeric=False)


@pytest.mark.parametrize(
    "value", ["", "-1", "2147483648", "1.0", "1e3", " 1", "\u0661", "0x1", "1\n"]
)
def test_a_session_is_an_int32(value: str) -> None:
    with pytest.raises(BadPath):
        fill(TRANSFER, {"chatSessionId": value, "toAssociate": "5"}, free=FREE, numeric=True)


def test_a_missing_value_is_refused() -> None:
    with pytest.raises(BadPath, match="rid"):
        fill("/api/v1/livechat/transcript/{rid}", {}, free=frozenset(), numeric=False)


@given(st.text(max_size=300))
def test_no_text_leaves_its_segment(value: str) -> None:
    if not is_segment(value):
        return
    path = fill(TRANSFER, {"chatSessionId": "1", "toAssociate": value}, free=FREE, numeric=True)
    url = join("https://so.example/api", path, {})
    assert url.raw_path.count("/") == 6
    assert url.raw_path.isascii()
    # a server that decodes once more and then resolves dots still finds six segments
    assert URL(str(url)).raw_path.startswith("/api/v1/ChatSession/1/TransferTo/")
    assert url.host == "so.example"
    assert not url.raw_query_string
    assert not url.raw_fragment


def test_a_query_is_encoded_whatever_it_holds() -> None:
    query = {"roomName": "a&b=c#d +%ü", "agents[]": "x"}
    url = join("https://rc.example/chat/", "/api/v1/livechat/rooms", query)
    assert url.raw_path == "/chat/api/v1/livechat/rooms"
    assert dict(URL(str(url), encoded=True).query) == query
    assert url.raw_query_string.isascii()
    assert "#" not in url.raw_query_string


@pytest.mark.parametrize(
    ("base", "address"),
    [
        ("https://so.example/SuperOffice/api", "https://so.example/SuperOffice/api/v1/x"),
        ("https://so.example/SuperOffice/api/", "https://so.example/SuperOffice/api/v1/x"),
        ("https://rc.example", "https://rc.example/api/v1/x"),
        ("https://rc.example/", "https://rc.example/api/v1/x"),
    ],
)
def test_a_base_with_or_without_api(base: str, address: str) -> None:
    assert str(join(base, "/api/v1/x", {})) == address
