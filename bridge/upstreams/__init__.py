"""Upstream clients: credentials, addresses, headers, limits and error shapes; one class per kind.

An upstream sends one documented request as it stands and reads the answer's error shape. It decides
nothing about repeating, and an action never sees a credential.

May import: contract, outbound, settings.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bridge.contract import Upstream
from bridge.outbound import Outbound
from bridge.settings import Connection
from bridge.upstreams.credential import Credential, Credentials, NoCredential, nobodys
from bridge.upstreams.rocketchat import RocketChat
from bridge.upstreams.superoffice import SuperOffice

__all__ = ["Credential", "Credentials", "NoCredential", "RocketChat", "SuperOffice", "connect"]


def connect(
    name: str,
    settings: Connection,
    outbound: Outbound,
    clock: Callable[[], float] = time.time,
    *,
    credentials: Credentials = nobodys,
) -> Upstream:
    """The client of a configured connection. `ValueError` when a key in its settings is unusable."""
    if settings.kind == "rocketchat":
        return RocketChat(name, settings, outbound, credentials=credentials)
    return SuperOffice(name, settings, outbound, clock, credentials=credentials)
