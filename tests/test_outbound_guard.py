"""The SSRF table, and the proof that only a vetted address is dialled."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from bridge.contract import Unsent
from bridge.outbound import NotAllowed, Outbound
from bridge.outbound.guard import is_public
from bridge.settings import Outbound as Settings


class Names(AbstractResolver):
    """A resolver with a script: each look-up of a name takes the next list of addresses."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family
        self.asked += 1
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass


@pytest.fixture
async def inside() -> AsyncIterator[TestServer]:
    """A server of the bridge's own network that must not be reached."""

    async def secret(_: web.Request) -> web.Response:
        return web.Response(text="inside")

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", secret)
    server = TestServer(app)
    async with server:
        yield server


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "0.0.0.0"),
        *("169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("192.88.99.1", "198.18.0.1", "192.0.2.1", "224.0.0.1", "224.0.1.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001::1"),
        *("fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "100::1"),
        *("2001:db8::1", "3fff::1", "5f00::1", "fe80::1%eth0"),
    ],
)
def test_addresses_that_are_nobody_elses_business(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_addresses_of_the_public_internet(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1%25eth0]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://017700000001/",
        "https://127.0.0.1./",
        "https://1.2.3.4.5/",
        "https://①②⑦.0.0.1/",
        "https://100.64.0.1/",
        "https://user@public.example/",
        "https://user:secret@public.example/",
        "https://:secret@public.example/",
        "https://public.example@127.0.0.1/",
        "http://public.example/",
        "https://public.example:8443/",
        "https://public.example:22/",
        "http://public.example:443/",
    ],
)
async def test_refused_before_anything_is_sent(url: str) -> None:
    async with Outbound(Settings(), resolver=Names(["93.184.216.34"])) as outbound:
        with pytest.raises(NotAllowed) as caught:
            await outbound.send("POST", url, guarded=True)
        assert isinstance(caught.value, Unsent)
        assert "secret" not in str(caught.value)
        assert outbound._guarded is None  # no session was even opened


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::1"], ["64:ff9b::a00:1"], ["fe80::1%1"], []],
)
async def test_a_name_is_as_good_as_its_worst_address(addresses: list[str]) -> None:
    async with Outbound(Settings(), resolver=Names(addresses)) as outbound:
        with pytest.raises(NotAllowed, match="BRIDGE_OUTBOUND_ALLOW"):
            await outbound.send("POST", "https://hook.example/", guarded=True)


@pytest.mark.parametrize("allow", ["hook.example", "127.0.0.0/8", "127.0.0.1", "HOOK.example."])
async def test_an_operator_opens_the_intranet(inside: TestServer, allow: str) -> None:
    names = Names(["127.0.0.1"])
    async with Outbound(Settings(allow=[allow]), resolver=names) as outbound:
        url = f"http://hook.example:{inside.port}/x"
        answer = await outbound.send("POST", url, guarded=True)
    assert answer.body == b"inside"


async def test_an_opened_network_does_not_open_others(inside: TestServer) -> None:
    async with Outbound(Settings(allow=["10.0.0.0/8"]), resolver=Names(["127.0.0.1"])) as outbound:
        with pytest.raises(NotAllowed):
            await outbound.send("POST", f"http://hook.example:{inside.port}/", guarded=True)


async def test_a_literal_of_an_opened_network(inside: TestServer) -> None:
    settings = Settings(allow=["127.0.0.1/32", "::1/128"])
    async with Outbound(settings) as outbound:
        answer = await outbound.send("GET", f"http://127.0.0.1:{inside.port}/", guarded=True)
    assert answer.body == b"inside"


async def test_a_name_that_changes_after_the_check_gains_nothing(inside: TestServer) -> None:
    """First an opened address where nobody listens, then the inside: only the first is dialled."""
    names = Names(["127.0.0.2"], ["127.0.0.1"])
    async with Outbound(Settings(allow=["127.0.0.2/32"]), resolver=names) as outbound:
        url = f"http://rebinding.example:{inside.port}/"
        with pytest.raises(Unsent, match="no connection could be made"):
            await outbound.send("POST", url, guarded=True)
        assert names.asked == 1
        with pytest.raises(NotAllowed):
            await outbound.send("POST", url, guarded=True)


async def test_a_pooled_connection_of_ours_does_not_serve_a_stranger(inside: TestServer) -> None:
    async with Outbound(Settings(), resolver=Names(["127.0.0.1"])) as outbound:
        url = f"http://chat.internal:{inside.port}/"
        assert (await outbound.send("GET", url)).body == b"inside"
        with pytest.raises(NotAllowed):
            await outbound.send("GET", url, guarded=True)
