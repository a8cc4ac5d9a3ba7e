"""Many workspaces: installed by OAuth, tokens sealed, told apart, forgotten when uninstalled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from sqlalchemy import Engine, create_engine, text

from bridge.ingress.slack.install import VISITS_PER_MINUTE, installations_of
from bridge.ingress.slack.installations import StoredInstallations
from bridge.ingress.slack.workspaces import Bot, NotInstalled, Workspaces
from bridge.outbound import Outbound
from bridge.sandbox.slack import seed
from bridge.settings import Outbound as OutboundSettings
from bridge.vault import Vault
from tests.clock import Clock
from tests.ingress.slack.conftest import Open
from tests.ingress.slack.reception import ROOM, Reception, settings

OAUTH: dict[str, Any] = {
    "client_id": seed.CLIENT_ID,
    "client_secret": seed.CLIENT_SECRET,
    "bot_token": None,
}
OpenMany = Callable[[], Awaitable[tuple[Reception, StoredInstallations, Engine]]]


@pytest.fixture
def open_many(open_door: Open, tmp_path: Path) -> OpenMany:
    async def open_one() -> tuple[Reception, StoredInstallations, Engine]:
        engine = create_engine(f"sqlite:///{tmp_path / 'slack.db'}")

        def stored(api_url: str, outbound: Outbound) -> dict[str, Any]:
            made = installations_of(
                settings(api_url, [], slack=OAUTH), engine, Vault(["k"]), outbound
            )
            assert made is not None
            kept.append(made)
            return {"installations": made}

        kept: list[StoredInstallations] = []
        at = await open_door(slack=OAUTH, door=stored)
        return at, kept[0], engine

    return open_one


async def install(at: Reception, user: str) -> tuple[int, str]:
    """As a browser does it: install page, consent, back with the code and the cookie."""
    marker = 'href="https://slack.com/oauth'
    jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=[at.url])
    async with aiohttp.ClientSession(cookie_jar=jar) as browser:
        async with browser.get(f"{at.url}/slack/install") as page:
            html = await page.text()
        assert marker in html
        address = html.partition(marker)[2].partition('"')[0].replace("&amp;", "&")
        asked = parse_qs(urlsplit(address).query)
        assert asked["client_id"] == [seed.CLIENT_ID]
        assert "commands" in asked["scope"][0]
        back = at.slack.grant(user, "http://x.invalid", asked["scope"][0], asked["state"][0])
        query = urlsplit(back).query
        async with browser.get(f"{at.url}/slack/oauth_redirect?{query}") as answer:
            return answer.status, await answer.text()


async def test_two_workspaces_install_and_are_told_apart(open_many: OpenMany) -> None:
    at, kept, engine = await open_many()
    assert (await install(at, seed.ADMIN))[0] == 200
    assert (await install(at, seed.OLGA))[0] == 200
    first = await at.door.workspaces.bot(seed.TEAM)
    second = await at.door.workspaces.bot(seed.OTHER_TEAM)
    assert first.token != second.token
    assert first.user_id == seed.BOT
    with engine.connect() as connection:
        stored = " ".join(map(str, connection.execute(text("SELECT * FROM slack_bots")).all()))
        stored += " ".join(
            map(str, connection.execute(text("SELECT * FROM slack_installations")).all())
        )
    assert first.token not in stored
    assert "sealed:" in stored
    await at.slack.command("anna", "#support", "/close", ROOM)
    await at.slack.command(seed.OLGA, seed.OTHER_CHANNEL, "/close", ROOM)
    assert [job.asker.scope for job in at.jobs] == [
        f"slack:{seed.TEAM}",
        f"slack:{seed.OTHER_TEAM}",
    ]
    mine = at.jobs[0]
    assert await at.store.job(mine.id, f"slack:{seed.OTHER_TEAM}") is None
    assert kept.store.client_id == seed.CLIENT_ID


async def test_a_command_of_a_workspace_nobody_knows_is_taken_without_a_call(
    open_many: OpenMany,
) -> None:
    at, _, _ = await open_many()
    receipt = await at.slack.command("anna", "#support", "/close", ROOM)
    assert "Accepted." in receipt.shown
    assert at.slack.exchanges.__len__() == 0
    assert await at.door.workspaces.token_for(seed.TEAM, "") is None


async def test_whoever_looks_at_the_install_page_leaves_nothing_for_ever(
    open_many: OpenMany,
) -> None:
    at, _, engine = await open_many()
    async with aiohttp.ClientSession() as browser:
        await browser.get(f"{at.url}/slack/install")
        with engine.begin() as connection:
            connection.execute(text("UPDATE slack_oauth_states SET expire_at = '2020-01-01 00:00'"))
        await browser.get(f"{at.url}/slack/install")
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM slack_oauth_states")) == 1


async def test_an_address_that_comes_too_often_is_told_when_to_come_again(
    open_many: OpenMany,
) -> None:
    at, _, engine = await open_many()
    async with aiohttp.ClientSession() as browser:
        for _ in range(VISITS_PER_MINUTE):
            async with browser.get(f"{at.url}/slack/install") as page:
                assert page.status == 200
        async with browser.get(f"{at.url}/slack/install") as page:
            assert (page.status, page.headers["Retry-After"]) == (429, "60")
            assert "Try again in 60 seconds." in await page.text()
        async with browser.get(f"{at.url}/slack/oauth_redirect?code=x&state=y") as page:
            assert page.status == 429
        with engine.connect() as connection:
            states = connection.scalar(text("SELECT count(*) FROM slack_oauth_states"))
            assert states == VISITS_PER_MINUTE
        at.clock.now += 60
        async with browser.get(f"{at.url}/slack/install") as page:
            assert page.status == 200


async def test_an_uninstalled_workspace_is_forgotten(open_many: OpenMany) -> None:
    at, _, engine = await open_many()
    await install(at, seed.ADMIN)
    assert await at.door.workspaces.token_for(seed.TEAM, "")
    for receipt in await at.slack.uninstall(seed.TEAM):
        assert receipt.error == ""
    with pytest.raises(NotInstalled):
        await at.door.workspaces.bot(seed.TEAM)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM slack_installations")) == 0


async def test_a_store_that_is_down_makes_slack_send_the_event_again(open_many: OpenMany) -> None:
    at, _, engine = await open_many()
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE slack_bots"))
        connection.execute(text("DROP TABLE slack_installations"))
    receipts = await at.slack.uninstall(seed.TEAM)
    assert [receipt.status for receipt in receipts] == [503, 503]
    status, page = await install(at, seed.ADMIN)
    assert status == 503
    assert "install again" in page


async def test_a_forged_state_is_refused(open_many: OpenMany) -> None:
    at, _, _ = await open_many()
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(f"{at.url}/slack/oauth_redirect?code=x&state=forged") as answer,
    ):
        assert answer.status in {400, 401}


async def test_there_is_no_install_page_for_one_workspace(at: Reception) -> None:
    async with (
        aiohttp.ClientSession() as browser,
        browser.get(f"{at.url}/slack/install") as answer,
    ):
        assert answer.status == 404


class Counting:
    def __init__(self) -> None:
        self.asked = 0
        self.bots: dict[str, Bot] = {"T1": Bot("xoxb-1", "U1")}

    async def bot(self, team_id: str, enterprise_id: str) -> Bot | None:
        del enterprise_id
        self.asked += 1
        return self.bots.get(team_id)


async def test_look_ups_are_cached_and_single_flight() -> None:
    import asyncio

    clock, source = Clock(0.0), Counting()
    async with Outbound(OutboundSettings()) as outbound:
        places = Workspaces(
            outbound=outbound,
            token="",
            installations=source,
            api_url="https://slack.com/api/",
            clock=clock,
        )
        assert places.remembered("T1", "") is None
        bots = await asyncio.gather(*(places.bot("T1") for _ in range(20)))
        assert {bot.token for bot in bots} == {"xoxb-1"}
        assert source.asked == 1
        clock.now += 301
        await places.bot("T1")
        assert source.asked == 2
        places.forget("T1")
        source.bots.clear()
        with pytest.raises(NotInstalled):
            await places.bot("T1")
