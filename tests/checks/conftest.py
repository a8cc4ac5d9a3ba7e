"""The three emulators on real sockets, and settings that point at them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bridge.checks import Report, Row, State, doctor
from bridge.outbound import Outbound
from bridge.sandbox.rocketchat import RocketChat
from bridge.sandbox.slack import Slack
from bridge.sandbox.slack import seed as slack_seed
from bridge.sandbox.superoffice import SuperOffice
from bridge.settings import Outbound as OutboundSettings
from bridge.settings import Settings
from tests.world import serve, settings_for


def tell_scopes(slack: Slack) -> web.Application:
    """Slack tells a token's scopes in a header of every answer; the emulator need not."""
    app = slack.app()

    async def tell(request: web.Request, response: web.StreamResponse) -> None:
        token = slack.tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if token is not None:
            response.headers["x-oauth-scopes"] = ",".join(token.scopes)

    app.on_response_prepare.append(tell)
    return app


class Clinic:
    """Systems that can be made ill, and a doctor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database_url = f"sqlite:///{folder / 'bridge.db'}"
        self.slack = Slack()
        self.rocketchat = RocketChat("C")
        self.superoffice = SuperOffice()
        self.urls: dict[str, str] = {}
        self.changes: dict[str, Any] = {}
        self.now_shift_s = 0.0

    def settings(self) -> Settings:
        return settings_for(
            self.urls["slack"],
            self.urls["rocketchat"],
            self.urls["superoffice"],
            self.database_url,
            **self.changes,
        )

    async def look(self) -> Report:
        import time

        limits = OutboundSettings(connect_s=1, read_s=1, total_s=2)
        async with Outbound(limits) as outbound:
            return await doctor(
                self.settings(), outbound=outbound, clock=lambda: time.time() + self.now_shift_s
            )

    async def row(self, said: str) -> Row:
        """The one row that says this."""
        report = await self.look()
        found = [row for row in report.rows if said in row.said]
        assert len(found) == 1, report.table()
        return found[0]


@pytest.fixture
async def clinic(tmp_path: Path) -> AsyncIterator[Clinic]:
    here = Clinic(tmp_path)
    async with AsyncExitStack() as stack:
        apps = {
            "slack": tell_scopes(here.slack),
            "rocketchat": here.rocketchat.app(),
            "superoffice": here.superoffice.app(),
        }
        for name, app in apps.items():
            here.urls[name] = await serve(app, stack)
        here.slack.tokens[slack_seed.BOT_TOKEN].scopes = list(slack_seed.SCOPES)
        yield here


__all__ = ["Clinic", "State", "clinic"]
