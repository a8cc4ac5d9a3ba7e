"""Enterprise Grid: who the tenant is when a payload names no team, and which installation speaks for it."""

from __future__ import annotations

from pathlib import Path

from slack_sdk.oauth.installation_store import Installation
from sqlalchemy import create_engine

from bridge.ingress.slack.install import installations_of
from bridge.ingress.slack.place import Place
from bridge.outbound import Outbound
from bridge.sandbox.slack import seed
from bridge.settings import Outbound as OutboundSettings
from bridge.vault import Vault
from tests.ingress.slack.reception import settings

GRID, TEAM, OTHER = "E0GRID0001", "T0DESK0001", "T0OTHER001"


def test_a_command_in_an_organisation_belongs_to_the_workspace_it_was_typed_in() -> None:
    place = Place.of_command({"team_id": TEAM, "enterprise_id": GRID, "user_id": "W1"})
    assert (place.scope, place.enterprise_id) == (f"slack:{TEAM}", GRID)
    assert place.asker().person == f"slack:{TEAM}:W1"


def test_an_interaction_of_an_org_wide_install_falls_back_to_the_persons_team() -> None:
    body = {
        "team": None,
        "enterprise": {"id": GRID},
        "is_enterprise_install": True,
        "user": {"id": "W1", "team_id": TEAM, "username": "anna"},
    }
    place = Place.of_interaction(body)
    assert (place.team_id, place.enterprise_id, place.scope) == (TEAM, GRID, f"slack:{TEAM}")
    named = Place.of_interaction(body | {"team": {"id": OTHER, "enterprise_id": GRID}})
    assert named.scope == f"slack:{OTHER}"


def test_without_any_team_the_organisation_is_the_tenant() -> None:
    place = Place.of_interaction(
        {"team": None, "enterprise": {"id": GRID}, "user": {"id": "W1"}, "channel": None}
    )
    assert place.scope == f"slack:{GRID}"
    event = Place.of_event({"enterprise_id": GRID, "event": {"user": "W1", "channel": "C1"}})
    assert event.scope == f"slack:{GRID}"
    shared = Place.of_event({"event": {"user": "W1", "team": TEAM, "channel": "C1"}})
    assert shared.scope == f"slack:{TEAM}"


def test_programs_and_the_command_line_have_no_account_of_their_own() -> None:
    from bridge.contract import Asker

    assert Asker("api", "key:nightly", "nightly", user_id="U1").person == ""
    assert Asker("cli", "cli", "root", user_id="root").person == ""
    assert Asker("slack", "slack:T1").person == ""


async def test_an_org_wide_installation_speaks_for_each_workspace(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'slack.db'}")
    given = {"client_id": seed.CLIENT_ID, "client_secret": "s", "bot_token": None}
    async with Outbound(OutboundSettings()) as outbound:
        kept = installations_of(
            settings("https://slack.com/api/", [], slack=given), engine, Vault(["k"]), outbound
        )
        assert kept is not None
        await kept.create_tables()
        whole = Installation(
            user_id="W1",
            enterprise_id=GRID,
            is_enterprise_install=True,
            bot_token="xoxb-org",
            bot_id="B1",
            bot_user_id="U1",
            app_id="A1",
        )
        await kept.threaded.async_save(whole)
        for team in (TEAM, OTHER, ""):
            bot = await kept.bot(team, GRID)
            assert bot is not None
            assert bot.token == "xoxb-org", team
        assert await kept.bot(TEAM, "") is None, "another organisation's, or none"
        assert await kept.bot(TEAM, "E0OTHER001") is None
        own = Installation(
            user_id="W1",
            enterprise_id=GRID,
            team_id=TEAM,
            bot_token="xoxb-team",
            bot_id="B2",
            bot_user_id="U2",
            app_id="A1",
        )
        await kept.threaded.async_save(own)
        found = {team: await kept.bot(team, GRID) for team in (TEAM, OTHER)}
        assert [bot.token for bot in found.values() if bot] == ["xoxb-team", "xoxb-org"]
        await kept.remove("", GRID)
        assert await kept.bot(OTHER, GRID) is None
    engine.dispose()
