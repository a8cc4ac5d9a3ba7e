"""A whole bridge with a linking page between the emulators, and a browser that follows links into it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from bridge.app.process import Bridge
from bridge.jobs.links import Link, Links
from bridge.sandbox.rocketchat import RocketChat
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import Slack
from bridge.sandbox.slack import seed as slack
from bridge.sandbox.superoffice import CLIENT_ID, CLIENT_SECRET, TENANT, SuperOffice, login_of
from tests.clock import Clock
from tests.world import World, serve, settings_for

PUBLIC_URL = "http://bridge.example"  # what people are told; the browser knows where that is
INES_ID = "iNf3aRo9SeKq5TzWd"
INES_TOKEN = "sandbox-ines-token-5Rf8Tg3Yh6Uj9Ik2Lo4Np7Qa"
TOM_ID, TOM_TOKEN = "tOk6mRo2LbVx8YcPn", "sandbox-tom-token-8Ik3Lo6Np9Qa2Ws5Ed4Rf7Tg3"
INES_EMAIL = "ines.faro@desk.example"
ROOM = rooms.OPEN_SERVED
_ADDRESS = re.compile(r"http://bridge\.example/link/[^|>\"'\\ ]+")
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


class Town(World):
    """The world, with what these tests ask of it."""

    clock: Clock

    @property
    def links(self) -> Links:
        return Links(self.bridge.store)

    async def says(self, user: str, text: str, channel: str = slack.SUPPORT) -> str:
        """Type `/bridge text` and read the answer."""
        receipt = await self.slack.command(user, channel, "/bridge", text)
        await self.bridge.doors.slack.background.idle()
        seen = self.slack.messages(channel, user)
        return str(seen[-1].blocks) if seen and not receipt.shown else receipt.shown

    async def address(self, user: str, connection: str, channel: str = slack.SUPPORT) -> str:
        """The one-time address that `/bridge link` gives."""
        said = await self.says(user, f"link {connection}", channel)
        found = _ADDRESS.search(said)
        assert found, said
        return found[0]

    async def linked(self, user: str, connection: str) -> Link | None:
        return await self.links.find(f"slack:{slack.TEAM}", user, connection)

    async def ends(self, command: str, text: str, count: int) -> Any:
        """Anna asks for it; how the newest job ends."""
        await self.slack.command(slack.ANNA, slack.SUPPORT, command, text)
        return (await self.finished(count))[0]


@dataclass
class Page:
    """What a browser got."""

    status: int
    text: str
    headers: Any

    @property
    def csrf(self) -> str:
        found = _CSRF.search(self.text)
        return found[1] if found else ""


class Browser:
    """A person's browser: cookies, no script, and redirects one by one."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self.session = session

    async def get(self, address: str) -> Page:
        async with self.session.get(self._there(address), allow_redirects=False) as answer:
            return Page(answer.status, await answer.text(), answer.headers)

    async def post(
        self, address: str, form: dict[str, str], headers: dict[str, str] | None = None
    ) -> Page:
        async with self.session.post(
            self._there(address), data=form, headers=headers, allow_redirects=False
        ) as answer:
            return Page(answer.status, await answer.text(), answer.headers)

    async def give_token(self, address: str, user_id: str, token: str) -> Page:
        """Open the page and fill the form."""
        form = await self.get(address)
        fields = {"csrf": form.csrf, "user_id": user_id, "token": token}
        return await self.post(address, fields)

    async def consent(self, address: str, who: str) -> Page:
        """Open the page, go to SuperOffice, sign in there as `who`, and come back."""
        assert "/onward" in (await self.get(address)).text
        back = await self.consented(address, who)
        return await self.get(back)

    async def consented(self, address: str, who: str) -> str:
        """Sign in at SuperOffice; the address it sends back to."""
        onward = await self.get(f"{address}/onward")
        assert onward.status == 303
        there = URL(onward.headers["Location"])
        async with self.session.get(
            there.update_query(sign_in_as=who), allow_redirects=False
        ) as answer:
            return str(answer.headers["Location"])

    def _there(self, address: str) -> URL:
        return URL(address.replace(PUBLIC_URL, self._url), encoded=True)


@asynccontextmanager
async def browser(town: Town) -> AsyncIterator[Browser]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(town.url, session)


@asynccontextmanager
async def town(folder: Path, **settings: Any) -> AsyncIterator[Town]:
    """Everything up; Anna of Slack is Ines of Rocket.Chat and Anna of SuperOffice."""
    here = Town()
    here.clock = Clock(1_750_000_000.0)
    async with AsyncExitStack() as stack:
        here.rocketchat = RocketChat("C", here.clock)
        here.superoffice = SuperOffice(here.clock)
        here.slack = Slack(clock=here.clock)
        slack_url, here.rocketchat_url, superoffice_url = [
            await serve(one.app(), stack) for one in (here.slack, here.rocketchat, here.superoffice)
        ]
        here.slack.public_url = slack_url
        here.slack.users[slack.ANNA].email = INES_EMAIL
        more: dict[str, Any] = {
            "server__public_url": PUBLIC_URL,
            "connections__superoffice": {
                "kind": "superoffice",
                "tenant": TENANT,
                "login_url": superoffice_url,
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "refresh_token": login_of("AA").refresh_token,
            },
            **settings,
        }
        url = f"sqlite:///{folder / 'bridge.db'}"
        here.bridge = Bridge(
            settings_for(slack_url, here.rocketchat_url, superoffice_url, url, **more),
            clock=here.clock,
        )
        await here.bridge.start()
        stack.push_async_callback(here.stop)
        here.url = await serve(here.bridge.web_app(), stack)
        here.slack.bridge_url = here.url
        yield here
