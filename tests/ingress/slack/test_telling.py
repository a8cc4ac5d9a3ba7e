"""Telling beside a job: by the first way that is open, and never by a host that is not Slack's."""

from __future__ import annotations

import time

from slack_sdk.oauth.installation_store import Bot as StoredBot
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from bridge.ingress.slack.install import installations_of
from bridge.outbound import Outbound
from bridge.sandbox.slack import seed
from bridge.settings import Outbound as OutboundSettings
from bridge.vault import Vault
from tests.ingress.slack.conftest import Open
from tests.ingress.slack.reception import ROOM, Reception, settings


async def my_requests(at: Reception, channel: str) -> list[str]:
    await at.slack.command("anna", channel, "/bridge", "jobs")
    await at.settle()
    return [where for where in ("#support", "vip", seed.DM) if said(at, where)]


def said(at: Reception, channel: str) -> bool:
    return any("asked for anything yet" in text for text in at.seen("anna", channel))


async def test_by_the_response_url_where_the_bot_is_no_member(at: Reception) -> None:
    assert await my_requests(at, "vip") == ["vip"]


async def test_by_an_ephemeral_message_when_the_response_url_is_dead(at: Reception) -> None:
    at.slack.settings.response_urls_expired = True
    assert await my_requests(at, "#support") == ["#support"]


async def test_by_a_direct_message_when_nothing_else_is_open(at: Reception) -> None:
    at.slack.settings.response_urls_expired = True
    assert await my_requests(at, "vip") == [seed.DM]


async def test_not_by_a_foreign_host(open_door: Open) -> None:
    at = await open_door(slack={"response_hosts": ["hooks.slack.com"]})
    assert await my_requests(at, "#support") == ["#support"]
    assert at.slack.effects_of("response_url_post") == []


async def test_a_revoked_token_is_survived(at: Reception) -> None:
    at.slack.settings.response_urls_expired = True
    at.slack.tokens[seed.BOT_TOKEN].revoked = True
    assert await my_requests(at, "#support") == []
    assert "Accepted." in (await at.slack.command("anna", "#support", "/close", ROOM)).shown


async def test_lists_that_cannot_be_opened_are_said_in_words(at: Reception) -> None:
    with at.slack.fault("status", "*/api/*", status=500, body="{}"):
        await at.slack.command("anna", "#support", "/transfer", "")
        await at.slack.shortcut(
            "anna", "bridge", at.slack.say(at.slack.channel("#support"), seed.MIA, "x")
        )
        await at.settle()
    texts = "\n".join(at.seen("anna"))
    assert "/transfer" in texts
    assert "could not be opened in time" in texts


async def test_a_token_that_runs_out_is_renewed_when_it_is_looked_up(at: Reception) -> None:
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    oauth = {"client_id": seed.CLIENT_ID, "client_secret": seed.CLIENT_SECRET}
    given = settings(f"{at.slack.public_url}/api/", [], slack=oauth)
    async with Outbound(OutboundSettings(allow=["127.0.0.1"])) as outbound:
        kept = installations_of(given, engine, Vault(["k"]), outbound)
        assert kept is not None
        await kept.create_tables()
        bot = StoredBot(
            app_id="A",
            team_id=seed.TEAM,
            bot_token="xoxe.xoxb-old",
            bot_id="B",
            bot_user_id=seed.BOT,
            bot_refresh_token="xoxe-unknown",
            bot_token_expires_at=int(time.time()) + 60,
            installed_at=time.time(),
        )
        await kept.threaded.async_save_bot(bot)
        found = await kept.bot(seed.TEAM, "")
        assert found is not None  # the refusal to renew leaves the old one, which still lives
        assert found.token == "xoxe.xoxb-old"
        assert await kept.bot("T0NOBODY", "E1") is None
        other_key = installations_of(given, engine, Vault(["other"]), outbound)
        assert other_key is not None
        assert await other_key.bot(seed.TEAM, "") is None
    engine.dispose()
