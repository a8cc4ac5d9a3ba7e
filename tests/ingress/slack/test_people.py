"""Who is asking: learnt after the ack, believed only when Slack confirmed it; and background tasks that are kept."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from bridge.access import named_usergroups
from bridge.ingress.slack.background import BackgroundTasks
from bridge.ingress.slack.choice import choose
from bridge.ingress.slack.usergroups import BELIEVE_S
from bridge.sandbox.slack import seed
from bridge.settings import Access, AccessRule, Settings
from tests.ingress.slack.conftest import Open
from tests.ingress.slack.reception import ROCKETCHAT, ROOM, SUPEROFFICE, Reception


async def test_name_and_language_are_known_from_the_second_command_on(at: Reception) -> None:
    for _ in range(2):
        await at.slack.command("anna", "#support", "/close", ROOM)
        await at.door._upkeep.idle()
    first, second = at.jobs
    assert (first.asker.name, first.asker.locale) == ("anna", "")
    assert (second.asker.name, second.asker.locale) == ("Anna Agent", "de-DE")


async def test_an_unconfirmed_or_foreign_address_is_not_believed(at: Reception) -> None:
    at.slack.users[seed.MIA].deleted = True
    person = await at.door.identity.person(seed.TEAM, "", seed.MIA)
    assert person.email == ""
    nobody = await at.door.identity.person(seed.TEAM, "", "U0NOBODY01")
    assert nobody.email == ""


async def test_a_person_is_remembered_while_slack_does_not_answer(at: Reception) -> None:
    await at.door.identity.person(seed.TEAM, "", seed.ANNA)
    at.clock.now += 4000
    with at.slack.fault("status", "*/api/*", status=500, body="{}"):
        person = await at.door.identity.person(seed.TEAM, "", seed.ANNA)
    assert person.email == "anna@example.com"


async def test_groups_are_kept_fresh_until_the_door_closes(open_door: Open) -> None:
    at = await open_door(access={"allow": f"usergroup:{seed.LEADS}"})
    await at.slack.command("mia", "#support", "/close", ROOM)  # names the workspace
    async with asyncio.timeout(5):
        while not at.door.usergroups.of(seed.MIA, seed.TEAM):
            await at.slack.command("mia", "#support", "/close", ROOM)
    at.door.usergroups.forget(seed.TEAM)
    assert at.door.usergroups.of(seed.MIA, seed.TEAM) == frozenset()


def test_groups_named_by_the_rules() -> None:
    rules = [AccessRule(who=["usergroup:S2", "user:U1"])]
    access = Access(allow="usergroup:S1, team:T1", rules=rules)
    assert set(named_usergroups(access)) == {"S1", "S2"}


async def test_background_tasks_are_waited_for_and_the_late_ones_are_named() -> None:
    background, done = BackgroundTasks(), asyncio.Event()

    async def quick() -> None:
        done.set()

    async def endless() -> None:
        await asyncio.Event().wait()

    async def broken() -> None:
        raise RuntimeError("a customer's words")

    with capture_logs() as logs:
        background.start("quick", quick())
        background.start("endless", endless(), team="T1")
        background.start("broken", broken())
        assert len(background) == 3
        assert await background.drain(0.05) == 1
        assert await background.drain(0.05) == 0
    assert done.is_set()
    assert "customer" not in str(logs)
    assert {entry["event"] for entry in logs} == {
        "slack.errand_cut_short",
        "slack.errand_failed",
    }


def test_which_connection_is_chosen() -> None:
    connections = Settings.model_validate(
        {
            "connections": {
                "main": ROCKETCHAT,
                "vip": ROCKETCHAT | {"url": "https://vip.example.com"},
                "so": SUPEROFFICE,
            }
        }
    ).connections
    kind = "rocketchat"
    assert choose(connections, kind, said="vip").connection == "vip"
    assert "is no Rocket.Chat connection" in choose(connections, kind, said="so").problem
    assert "no connection x" in choose(connections, kind, said="x").problem
    assert choose(connections, kind, hosts=["VIP.example.com"]).connection == "vip"
    assert choose(connections, kind, hosts=["elsewhere.org"]).names == ("main", "vip")
    assert choose(connections, kind, of_channel=["so", "main"]).connection == "main"
    assert choose(connections, kind, usable=lambda name: name == "vip").connection == "vip"
    assert choose(connections, kind, usable=lambda _: False).names == ("main", "vip")
    assert choose(connections, "superoffice").connection == "so"
    assert "No SuperOffice connection" in choose({}, "superoffice").problem


async def test_closing_waits_for_what_was_promised(open_door: Open) -> None:
    at = await open_door()
    with at.slack.fault("latency", "*", seconds=0.2):
        await at.slack.command("anna", "#support", "/bridge", "jobs")
        await at.door.close(5.0)
    assert any("asked for anything yet" in text for text in at.seen("anna"))


async def test_the_first_command_after_a_start_waits_for_the_groups(open_door: Open) -> None:
    at = await open_door(
        access={"allow": f"usergroup:{seed.LEADS}, user:{seed.ADMIN}"}, slack={"bot_token": None}
    )
    at.door.workspaces._token = (
        seed.BOT_TOKEN
    )  # known by the time of the background task, as with OAuth
    before = len(at.slack.exchanges)
    receipt = await at.slack.command("mia", "#support", "/close", ROOM)
    assert "Nothing is accepted yet" in receipt.shown
    assert "may not" not in receipt.shown
    await at.settle()
    assert [job.asker.user_id for job in at.jobs] == [seed.MIA]
    assert "Accepted." in at.seen("mia")[-1]
    receipt = await at.slack.command("anna", "#support", "/close", ROOM)
    assert "no rule names you" in receipt.shown, "read once, then decided at once"
    assert len(at.slack.exchanges) > before


async def test_whoever_needs_no_group_does_not_wait_for_one(open_door: Open) -> None:
    at = await open_door(access={"allow": f"usergroup:{seed.LEADS}, user:{seed.ADMIN}"})
    at.door.usergroups.forget(seed.TEAM)
    receipt = await at.slack.command("admin", "#support", "/close", ROOM)
    assert "Accepted." in receipt.shown


async def test_groups_that_cannot_be_read_are_no_denial(open_door: Open) -> None:
    at = await open_door(access={"allow": f"usergroup:{seed.LEADS}"})
    with at.slack.fault("status", "*/api/usergroups*", status=500, body="{}"):
        at.door.usergroups.forget(seed.TEAM)
        await at.slack.command("mia", "#support", "/close", ROOM)
        await at.settle()
        assert "cannot read the user groups" in at.seen("mia")[-1]
        assert "Try again in a moment" in at.seen("mia")[-1]
    assert at.jobs == []


async def test_a_list_that_grew_too_old_is_no_denial_either(open_door: Open) -> None:
    at = await open_door(access={"allow": f"usergroup:{seed.LEADS}"})
    await at.slack.command("mia", "#support", "/close", ROOM)
    await at.settle()
    assert len(at.jobs) == 1
    with at.slack.fault("status", "*/api/usergroups*", status=500, body="{}"):
        at.clock.now += BELIEVE_S + 1
        await at.slack.command("mia", "#support", "/close", "GENERAL")
        await at.settle()
        assert "cannot read the user groups" in at.seen("mia")[-1]
        assert "no rule names you" not in at.seen("mia")[-1]
    await at.slack.command("mia", "#support", "/close", "GENERAL")
    await at.settle()
    assert "Accepted." in at.seen("mia")[-1], "Slack answers again: read anew, then decided"


@pytest.mark.parametrize(
    ("lacking", "reason"), [("scope", "missing_scope"), ("group", "no_such_subteam")]
)
async def test_a_group_that_slack_refuses_by_name_is_asked_for_once_and_said_to_the_operator(
    open_door: Open, lacking: str, reason: str
) -> None:
    at = await open_door(access={"allow": f"usergroup:{seed.LEADS}"}, slack={"bot_token": None})
    at.door.workspaces._token = seed.BOT_TOKEN
    if lacking == "scope":
        at.slack.tokens[seed.BOT_TOKEN].scopes.remove("usergroups:read")
    else:
        del at.slack.usergroups[seed.LEADS]
    with capture_logs() as logs:
        await at.slack.command("mia", "#support", "/close", ROOM)
        await at.settle()
        assert "no rule names you" in at.seen("mia")[-1]
        asked = len(at.calls("usergroups"))
        receipt = await at.slack.command("mia", "#support", "/close", ROOM)
    assert "no rule names you" in receipt.shown, "known, so decided at once"
    assert len(at.calls("usergroups")) == asked
    said = next(one for one in logs if one["event"] == "slack.usergroup_unread")
    assert (said["usergroup"], said["reason"]) == (seed.LEADS, reason)
    assert said["needed"] == ("usergroups:read" if lacking == "scope" else "")
    assert "usergroups:read" in said["hint"]
