import ipaddress
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from bridge.signatures.origin import Senders, came_from

OURS = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", ["198.51.100.9"], "192.0.2.1"),  # a stranger's word about itself
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["198.51.100.9, 192.0.2.7, 10.0.0.9"], "192.0.2.7"),
        ("10.0.0.1", ["198.51.100.9", "192.0.2.7"], "192.0.2.7"),  # a proxy adds its own line
        ("::ffff:10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("fd00::1", ['"[2001:db8::7]"'], "2001:db8::7"),
        ("10.0.0.1", ["192.0.2.7, nonsense"], ""),
        (None, ["192.0.2.7"], ""),
    ],
)
def test_the_address_is_the_nearest_hop_that_is_no_proxy_of_ours(
    peer: str | None, forwarded: list[str], address: str
) -> None:
    assert came_from(peer, forwarded, OURS) == address


@pytest.mark.parametrize(
    ("forwarded", "proxies", "expected"),
    [
        ("192.0.2.7", [], "10.0.0.1"),  # nobody is believed unless named
        ("192.0.2.7", ["10.0.0.0/8"], "192.0.2.7"),
        ("1.1.1.1, 192.0.2.7, 10.0.0.9", ["10.0.0.0/8"], "192.0.2.7"),
        ("", ["10.0.0.0/8"], "10.0.0.1"),
        ("nonsense", ["10.0.0.0/8"], ""),
    ],
)
def test_a_request_is_its_senders_also_behind_proxies_that_are_named(
    forwarded: str, proxies: list[str], expected: str
) -> None:
    class Transport:
        def get_extra_info(self, name: str, default: Any = None) -> Any:
            return ("10.0.0.1", 4711) if name == "peername" else default

    request = make_mocked_request(
        "GET", "/", headers={"X-Forwarded-For": forwarded}, transport=Transport()
    )
    assert Senders(proxies).address(request) == expected
