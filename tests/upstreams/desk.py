"""Clients of the emulated SuperOffice, by how they sign in, and a clock that stands until it is moved."""

from __future__ import annotations

from typing import Any

from aiohttp.test_utils import TestServer

from bridge.contract import Request
from bridge.outbound import Outbound
from bridge.sandbox.superoffice import CLIENT_ID, CLIENT_SECRET, TENANT, login_of
from bridge.sandbox.superoffice import SuperOffice as Emulator
from bridge.settings import SuperOffice as Settings
from bridge.upstreams import SuperOffice
from tests.clock import Clock

ME = Request("GET", "/api/v1/User/currentPrincipal")
TRANSFER = "/api/v1/ChatSession/{chatSessionId}/TransferTo/{toAssociate}"
AA = login_of("AA")


class Desk:
    """Clients of the emulated SuperOffice, by how they sign in."""

    def __init__(self, server: TestServer, outbound: Outbound, clock: Clock) -> None:
        self.base = str(server.make_url("/")).rstrip("/")
        self.outbound = outbound
        self.clock = clock

    def onsite(self, **settings: Any) -> SuperOffice:
        url = f"{self.base}/SuperOffice/api"
        return SuperOffice("so", Settings(url=url, **settings), self.outbound, self.clock)

    def online(self, **settings: Any) -> SuperOffice:
        given = {"tenant": TENANT, "login_url": self.base} | settings
        return SuperOffice("so", Settings(**given), self.outbound, self.clock)

    def refreshing(self, **settings: Any) -> SuperOffice:
        return self.online(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            refresh_token=AA.refresh_token,
            **settings,
        )


def transfer(to: str, session: int = 648) -> Request:
    path = {"chatSessionId": str(session), "toAssociate": to}
    return Request("POST", TRANSFER, path, write=True)


def calls(emulator: Emulator, part: str) -> int:
    return sum(part in exchange.path for exchange in emulator.exchanges)
