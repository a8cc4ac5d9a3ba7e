"""`bridge doctor` against the emulators: what is ill is named, and what to do about it."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from bridge.actions import catalogue
from bridge.checks import Report, State, doctor, rocketchat, slack
from bridge.checks.report import Row
from bridge.ingress.slack.install import SCOPES
from bridge.jobs.database import open_engine, parse_url
from bridge.jobs.migrate import migrate
from bridge.sandbox.rocketchat import permissions, seed
from bridge.sandbox.slack import seed as slack_seed
from bridge.sandbox.superoffice import TENANT, login_of
from bridge.settings import Settings
from tests.checks.conftest import Clinic
from tests.jobs.house import store_on
from tests.jobs.toys import launch
from tests.world import serve, world


def about(report: Report, subject: str) -> list[Row]:
    return [row for row in report.rows if row.subject.startswith(subject)]


async def test_a_healthy_world(clinic: Clinic) -> None:
    report = await clinic.look()
    assert not report.failed, report.table()
    said = report.table()
    assert "Signed in as deskbridge" in said
    assert "Rocket.Chat 8.7." in said
    assert f"All {len(SCOPES)} needed scopes are there." in said
    assert "It is right to within a few seconds." in said
    assert "It has an e-mail address" in said
    assert "The first start makes" in said
    secrets = (seed.INTEGRATION_TOKEN, slack_seed.BOT_TOKEN, "aa-password")
    assert not any(secret in said for secret in secrets)


async def test_nothing_configured_is_no_crash() -> None:
    report = await doctor(Settings())
    assert not report.failed
    assert "could not be looked at" in report.table()


# -- Slack ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_missing_scope_is_named_with_what_it_costs(clinic: Clinic, scope: str) -> None:
    clinic.slack.tokens[slack_seed.BOT_TOKEN].scopes.remove(scope)
    row = await clinic.row(f"{scope} is missing: {slack.WITHOUT[scope]}")
    assert row.state is (State.ERROR if scope in ("commands", "chat:write") else State.WARNING)
    assert "reinstall" in row.todo


async def test_a_revoked_token(clinic: Clinic) -> None:
    clinic.slack.tokens[slack_seed.BOT_TOKEN].revoked = True
    row = await clinic.row("The bot token is refused: token_revoked.")
    assert row.state is State.ERROR
    assert "Install the app" in row.todo


async def test_a_wrong_token(clinic: Clinic) -> None:
    clinic.changes["slack__bot_token"] = "xoxb-CANARY"
    report = await clinic.look()
    assert report.failed
    assert "invalid_auth" in report.table()
    assert "CANARY" not in report.table()


async def test_socket_mode(clinic: Clinic) -> None:
    clinic.changes["slack__app_token"] = slack_seed.APP_TOKEN
    clinic.slack.settings.socket_mode = True
    row = await clinic.row("The app-level token may open a socket.")
    assert row.state is State.OK
    clinic.changes["slack__app_token"] = "xapp-wrong"
    row = await clinic.row("The app-level token is refused: invalid_auth.")
    assert "connections:write" in row.todo


async def test_a_silent_slack_hides_nothing_else(clinic: Clinic) -> None:
    with clinic.slack.fault("reset_before"):
        report = await clinic.look()
    (row,) = about(report, "Slack")
    assert row.state is State.ERROR
    assert any("Signed in as deskbridge" in row.said for row in report.rows)


# -- Rocket.Chat ---------------------------------------------------------------------------------


async def test_a_wrong_rocketchat_token(clinic: Clinic) -> None:
    clinic.changes["connections__rocketchat__auth_token"] = "CANARY-wrong"
    row = await clinic.row("The token is refused (unauthorized).")
    assert row.state is State.ERROR
    assert "personal access token" in row.todo


async def test_an_address_that_is_no_rocketchat(clinic: Clinic) -> None:
    clinic.changes["connections__rocketchat__url"] = clinic.urls["slack"]
    row = await clinic.row("is no Rocket.Chat.")
    assert row.todo == "Write the workspace's base address, without /api."


async def test_an_account_without_an_address_gets_no_links(clinic: Clinic) -> None:
    clinic.rocketchat.user(seed.INTEGRATION).email = None
    row = await clinic.row("The account has no e-mail address")
    assert row.state is State.WARNING


async def test_an_administrator_is_too_much(clinic: Clinic) -> None:
    clinic.rocketchat.user(seed.INTEGRATION).roles = ("admin",)
    row = await clinic.row("The account is an administrator")
    assert "livechat-manager" in row.todo
    assert "bot" not in row.todo  # it lifts the limiter, which bounds what a stolen token can do


async def test_the_limiter_shows(clinic: Clinic) -> None:
    row = await clinic.row("It is not rate limited")
    assert row.state is State.OK
    assert row.todo.startswith("The role bot lifts the limit.")
    clinic.rocketchat.user(seed.INTEGRATION).roles = ("livechat-manager",)
    row = await clinic.row("Limited to 10 calls per window and route")
    assert row.todo == "If they wait too long, raise that number in Rocket.Chat."


async def test_permissions_by_default_are_said_to_be_that(clinic: Clinic) -> None:
    clinic.rocketchat.user(seed.INTEGRATION).roles = ("bot", "livechat-agent")
    report = await clinic.look()
    lacking = [row.said for row in report.rows if "it lacks" in row.said]
    assert any("send-omnichannel-chat-transcript" in said for said in lacking)
    assert any("mail-messages (export_room, export_messages)" in said for said in lacking)
    assert not any("request-pdf-transcript" in said for said in lacking)
    assert all("by Rocket.Chat's defaults" in said for said in lacking)


async def test_the_workspaces_own_table_goes_before_the_defaults(clinic: Clinic) -> None:
    granted = [{"_id": name, "roles": ["bot"]} for name in rocketchat.NEEDS]
    granted[0]["roles"] = []

    async def list_all(_: web.Request) -> web.Response:
        return web.json_response({"update": granted, "remove": [], "success": True})

    app = web.Application()
    app.router.add_get("/api/v1/permissions.listAll", list_all)

    emulator = clinic.rocketchat.app()
    app.router.add_route("GET", "/api/{rest:.*}", emulator._handle)
    async with AsyncExitStack() as stack:
        clinic.urls["rocketchat"] = await serve(app, stack)
        report = await clinic.look()
    lacking = [row.said for row in report.rows if "it lacks" in row.said]
    assert len(lacking) == 1
    assert "close-livechat-room" in lacking[0]
    assert "by Rocket.Chat's defaults" not in lacking[0]


def test_the_needs_name_real_actions_and_real_defaults() -> None:
    names = {action.removeprefix("rocketchat.") for action in catalogue()}
    for permission, need in rocketchat.NEEDS.items():
        assert set(need.actions) <= names, permission
        assert need.roles == permissions.DEFAULTS[permission], permission


@pytest.mark.parametrize("profile", ["A", "B", "C", "D"])
async def test_every_family_of_versions(clinic: Clinic, profile: str) -> None:
    clinic.rocketchat.configure(profile=profile)
    report = await clinic.look()
    assert not report.failed, report.table()


@pytest.mark.parametrize(
    ("version", "said"), [("6.3", "older than the calls"), ("9.1", "tested up to 8.x")]
)
async def test_a_version_that_is_not_known_to_work(version: str, said: str, clinic: Clinic) -> None:
    body = json.dumps({"version": version, "success": True})
    with clinic.rocketchat.fault("status", "GET /api/info", status=200, body=body):
        assert (await clinic.row(said)).state is State.WARNING


# -- SuperOffice ---------------------------------------------------------------------------------


async def test_a_wrong_password(clinic: Clinic) -> None:
    clinic.changes["connections__superoffice__password"] = "CANARY-wrong"
    row = await clinic.row("The sign-in is refused")
    assert row.state is State.ERROR


def online(clinic: Clinic, who: str = "AA", tenant: str = TENANT) -> None:
    clinic.changes["connections__superoffice"] = {
        "kind": "superoffice",
        "tenant": tenant,
        "login_url": clinic.urls["superoffice"],
        "access_token": login_of(who).access_token,
    }


async def test_a_tenant_in_maintenance_is_not_asked_further(clinic: Clinic) -> None:
    online(clinic)
    clinic.superoffice.switches.tenant_state = "OfflineMaintenance"
    row = await clinic.row("The tenant is not running: OfflineMaintenance.")
    assert row.state is State.ERROR
    assert not any("currentPrincipal" in one.path for one in clinic.superoffice.exchanges)


async def test_a_running_tenant(clinic: Clinic) -> None:
    online(clinic)
    assert (await clinic.row("The tenant runs (Running).")).state is State.OK


@pytest.mark.parametrize("tenant", ["Cust99999", "../x"])
async def test_a_tenant_that_is_none(clinic: Clinic, tenant: str) -> None:
    online(clinic, tenant=tenant)
    report = await clinic.look()
    rows = about(report, "Connection superoffice")
    assert [row.state for row in rows] == [State.ERROR]


def test_who_can_never_transfer() -> None:
    from bridge.checks.superoffice import _principal

    system = _principal("x", {"FullName": "App", "AssociateId": 1, "UserType": "SystemAssociate"})
    assert "changes nothing" in system[1].said
    clerk = _principal("x", {"FullName": "A", "AssociateId": 1, "EjUserId": 0})
    assert "no chat user" in clerk[1].said


# -- database, address, clock --------------------------------------------------------------------


async def test_a_migrated_database(clinic: Clinic) -> None:
    migrate(open_engine(parse_url(f"sqlite:///{clinic.folder / 'bridge.db'}")))
    row = await clinic.row("as this release expects")
    assert row.state is State.OK


async def test_jobs_of_a_connection_that_was_removed(clinic: Clinic) -> None:
    async with store_on(clinic.database_url) as store:
        await store.accept([launch("r1", connection="old"), launch("r2", connection="old")])
    row = await clinic.row("2 unfinished jobs are for the connection old")
    assert (row.state, row.todo) == (
        State.WARNING,
        "Put it back, or: bridge jobs cancel --connection old",
    )


async def test_a_database_that_is_not_migrated(clinic: Clinic, postgres_url: str) -> None:
    clinic.database_url = postgres_url
    row = await clinic.row("It is at no revision; this release expects")
    assert (row.state, row.todo) == (State.ERROR, "Run: bridge migrate")


async def test_a_database_that_is_not_there(clinic: Clinic) -> None:
    clinic.database_url = "postgres://bridge:CANARY@127.0.0.1:1/bridge"
    row = await clinic.row("It does not answer:")
    assert row.state is State.ERROR
    assert "CANARY" not in row.said


async def test_the_outside_reaches_us(tmp_path: Path, clinic: Clinic) -> None:
    async with world(tmp_path) as here:
        clinic.changes["server__public_url"] = here.url
        report = await clinic.look()
    said = [row.said for row in about(report, "Address")]
    assert said == [
        f"The bridge answers at {here.url}.",
        "/slack/events refuses what Slack did not sign, as it should.",
    ]


async def test_a_bridge_without_a_signing_secret(tmp_path: Path, clinic: Clinic) -> None:
    async with world(tmp_path, slack__signing_secret=None) as here:
        clinic.changes["server__public_url"] = here.url
        row = await clinic.row("has no signing secret")
    assert row.state is State.WARNING


async def test_a_bridge_on_socket_mode_needs_no_signing_secret(
    tmp_path: Path, clinic: Clinic
) -> None:
    async with world(tmp_path, slack__signing_secret=None) as here:
        clinic.changes |= {
            "server__public_url": here.url,
            "slack__app_token": slack_seed.APP_TOKEN,
            "slack__signing_secret": None,
        }
        row = await clinic.row("/slack/events is shut")
    assert row.state is State.OK


async def test_somebody_else_answers_at_our_address(clinic: Clinic) -> None:
    clinic.changes["server__public_url"] = clinic.urls["slack"]
    row = await clinic.row("What answers at PUBLIC_URL (status 404) is not the bridge.")
    assert row.state is State.ERROR


async def test_nobody_answers_at_our_address(clinic: Clinic) -> None:
    clinic.changes["server__public_url"] = "http://127.0.0.1:1"
    row = await clinic.row("Nothing answers at PUBLIC_URL")
    assert "bridge serve" in row.todo


@pytest.mark.parametrize(
    ("shift_s", "state"), [(0, State.OK), (-60, State.WARNING), (400, State.ERROR)]
)
async def test_a_clock_that_is_off(clinic: Clinic, shift_s: float, state: State) -> None:
    clinic.now_shift_s = shift_s
    report = await clinic.look()
    (row,) = about(report, "Clock")
    assert row.state is state


async def test_a_check_that_breaks_is_a_row_of_its_own(clinic: Clinic) -> None:
    garbage = json.dumps({"roles": 5, "success": True, "username": "x"})
    with clinic.rocketchat.fault("status", "GET /api/v1/me", status=200, body=garbage):
        report = await clinic.look()
    rows = about(report, "Connection rocketchat")
    assert rows[-1].said == "The check itself failed (TypeError)."
    assert about(report, "Slack")[0].state is State.OK


def test_rows_are_values() -> None:
    row = Row("a", State.OK, "b")
    assert replace(row, state=State.ERROR) == Row("a", State.ERROR, "b")
