"""Where a request came from: the socket's peer, or what proxies of ours say about it.

`X-Forwarded-For` is written by whoever asks and continued by each proxy, so it is read from its end, and
only as long as the hop before was a proxy that the settings name. All lines of the header count, in order.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Protocol

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Lines(Protocol):
    """The headers of a request: each may come several times."""

    def getall(self, name: str, default: tuple[()], /) -> Sequence[str]: ...


class Request(Protocol):
    """What of a request says where it came from; the server's own has more."""

    @property
    def remote(self) -> str | None: ...

    @property
    def headers(self) -> Lines: ...


class Senders:
    """Whose request it is: what a limit counts by and a log line names."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._proxies = [ipaddress.ip_network(entry, strict=False) for entry in trusted_proxies]

    def address(self, request: Request) -> str:
        """The sender's address, also behind proxies of ours; empty when it cannot be known."""
        forwarded = request.headers.getall("X-Forwarded-For", ())
        return came_from(request.remote, forwarded, self._proxies)


def came_from(peer: str | None, forwarded: Sequence[str], trusted: Iterable[Network]) -> str:
    """The address of whoever sent it; empty when it cannot be known."""
    networks = list(trusted)
    address = parse_address(peer or "")
    hops = [hop.strip() for value in forwarded for hop in value.split(",") if hop.strip()]
    while address is not None and is_in(address, networks) and hops:
        address = parse_address(hops.pop())
    return str(address) if address is not None else ""


def parse_address(text: str) -> Address | None:
    """An address as headers and sockets write it, IPv4 also where it is dressed as IPv6."""
    try:
        address = ipaddress.ip_address(text.strip().strip('"').removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_in(address: Address, networks: Iterable[Network]) -> bool:
    """Whether one of the networks holds the address."""
    return any(address in one for one in networks if one.version == address.version)


def too_wide(networks: Iterable[Network]) -> list[Network]:
    """Ranges that, taken together, are wider than any private network: who lists those trusts strangers."""
    networks = list(networks)
    v4 = ipaddress.collapse_addresses(one for one in networks if one.version == 4)
    v6 = ipaddress.collapse_addresses(one for one in networks if one.version == 6)
    return [*(one for one in v4 if one.prefixlen < 8), *(one for one in v6 if one.prefixlen < 7)]
