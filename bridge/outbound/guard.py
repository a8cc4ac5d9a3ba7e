"""The SSRF guard: which addresses a callback may reach, and how the vetted one is the one dialled.

A callback's address comes from whoever launched the job, so it may name the bridge's own network. A
name is resolved once; every address it stands for must be public; and the connection is made to those
addresses and to no others, so a name that changes between the check and the connection (DNS
rebinding) gains nothing. Operators open intranets by host or CIDR in `outbound.allow`.
See https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
and https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (SSRF).
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from contextvars import ContextVar

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bridge.contract import Unsent

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# WHATWG reads a host whose last label is a number as an IPv4 address (2130706433, 0x7f.1, 127.1), and
# so does getaddrinfo: https://url.spec.whatwg.org/#ends-in-a-number-checker
NUMERIC = re.compile(r"(^|\.)(\d+|0x[0-9a-f]*)$", re.IGNORECASE)
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # all that IANA has given out for hosts
# What `is_global` of Python 3.11 still lets through although no callback belongs there.
REFUSED: tuple[Network, ...] = (
    ipaddress.IPv4Network("168.63.129.16/32"),  # Azure's platform address, public by number only
    ipaddress.IPv4Network("192.0.0.0/24"),  # protocol assignments; Oracle's metadata lives here
    ipaddress.IPv4Network("192.88.99.0/24"),  # 6to4 relays
    ipaddress.IPv6Network("2001::/23"),  # protocol assignments: Teredo, ORCHID, benchmarking
    ipaddress.IPv6Network("2002::/16"),  # 6to4 wraps any IPv4 address
    ipaddress.IPv6Network("3fff::/20"),  # documentation
)

_vetted: ContextVar[Sequence[ResolveResult]] = ContextVar("vetted", default=())


class NotAllowed(Unsent):
    """The guard refused the address: nothing was sent, and nothing will be until someone changes it."""


def is_public(address: Address) -> bool:
    """Whether an address is a public host's, also when it wraps an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in GLOBAL_UNICAST:
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in REFUSED if network.version == address.version)
    )


class Guard:
    """Vets the address of a callback: scheme, port, userinfo, and every IP address behind the name."""

    def __init__(self, allow: Iterable[str], resolver: AbstractResolver) -> None:
        self._resolver = resolver
        self._hosts: set[str] = set()
        self._networks: list[Network] = []
        for entry in allow:
            try:
                self._networks.append(ipaddress.ip_network(entry.strip(), strict=False))
            except ValueError:
                self._hosts.add(entry.strip().lower().rstrip("."))

    async def vet(self, url: URL) -> list[ResolveResult]:
        """The addresses that may be dialled for this URL. Raises `NotAllowed`; `OSError` without DNS."""
        host, port = (url.raw_host or "").lower().rstrip("."), url.port or 0
        if url.scheme not in ("http", "https") or not host:
            raise NotAllowed("The address is no https address. Give one that begins with https://.")
        if url.raw_user is not None or url.raw_password is not None:
            raise NotAllowed("The address carries a user name or a password. Leave them out.")
        found = await self._look_up(host, port)
        addresses = [ipaddress.ip_address(entry["host"]) for entry in found]
        opened = [self._is_opened(address) for address in addresses]
        if host in self._hosts or (opened and all(opened)):
            return found
        if not addresses or not all(
            ok or is_public(address) for ok, address in zip(opened, addresses, strict=True)
        ):
            raise NotAllowed(
                f"{host} is not a public address. If it is yours, an operator can open it with"
                " BRIDGE_OUTBOUND_ALLOW."
            )
        if url.scheme != "https":
            raise NotAllowed("The address must be https.")
        if port != 443:
            raise NotAllowed(f"Port {port} is not allowed; use 443.")
        return found

    async def _look_up(self, host: str, port: int) -> list[ResolveResult]:
        if "%" in host:  # an IPv6 zone names an interface of this machine
            raise NotAllowed(
                "The address names a network interface. Leave out the % and what follows."
            )
        try:
            literal = ipaddress.ip_address(host)
        except ValueError:
            if NUMERIC.search(host):
                raise NotAllowed(
                    f"{host} is a disguised IP address. Give the host by its name."
                ) from None
            return await self._resolver.resolve(host, port, family=socket.AF_UNSPEC)
        return [
            ResolveResult(
                hostname=host,
                host=str(literal),
                port=port,
                family=socket.AF_INET if literal.version == 4 else socket.AF_INET6,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    def _is_opened(self, address: Address) -> bool:
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(
            address in network for network in self._networks if network.version == address.version
        )


def pin(addresses: Sequence[ResolveResult]) -> None:
    """From here on, this task's guarded connections go to these addresses."""
    _vetted.set(addresses)


class PinnedResolver(AbstractResolver):
    """Knows no name: it answers with the addresses that were vetted for this task's request."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family
        addresses = [{**entry, "hostname": host, "port": port} for entry in _vetted.get()]
        if not addresses:
            raise OSError(None, "no vetted address")
        return addresses  # type: ignore[return-value]  # the same keys, spread into new dicts

    async def close(self) -> None:
        """Nothing to close."""
