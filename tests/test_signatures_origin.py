import ipaddress

import pytest

from bridge.signatures.origin import came_from

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
