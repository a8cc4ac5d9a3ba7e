"""Slash commands end to end: typed in an emulated Slack, checked, stored, acknowledged."""

from __future__ import annotations

import time

import pytest

from bridge.sandbox.slack import seed
from tests.ingress.slack.conftest import Open
from tests.ingress.slack.reception import ROCKETCHAT, ROOM, Reception


async def test_a_command_becomes_one_stored_job(at: Reception) -> None:
    receipt = await at.slack.command("anna", "#support", "/close", f"{ROOM} all good & paid")
    assert receipt.error == ""
    (job,) = at.jobs
    assert job.action == "rocketchat.close_room"
    assert job.connection == "rocketchat"
    assert job.args["comment"] == "all good & paid"
    assert job.asker.scope == f"slack:{seed.TEAM}"
    assert job.asker.user_id == seed.ANNA
    assert job.asker.channel_id == seed.SUPPORT
    assert job.reply_to.response_url == receipt.response_url
    assert job.reply_to.response_url_at == at.clock.now
    assert job.reply_to.slack_channel == seed.SUPPORT
    assert "Accepted." in receipt.shown
    assert job.id in receipt.shown
    assert at.seen("mia") == []  # the ack is for who typed


async def test_all_commands_and_the_root_alias(at: Reception) -> None:
    for command, text, action in (
        ("/transcript", ROOM, "rocketchat.request_pdf_transcript"),
        ("/transcript", f"email {ROOM} anna@example.com", "rocketchat.email_transcript"),
        ("/transcript", f"cancel {ROOM}", "rocketchat.cancel_email_transcript"),
        ("/export", f"file {ROOM} format=json", "rocketchat.export_room"),
        ("/transfer", "648 anna", "superoffice.transfer_session"),
        ("/transfer", f"{ROOM} agent=anna", "rocketchat.forward_room"),
        ("/bridge", f"close {ROOM}", "rocketchat.close_room"),
    ):
        receipt = await at.slack.command("anna", "#support", command, text)
        assert receipt.error == "", (command, text, receipt)
        assert at.jobs[-1].action == action, receipt.shown


async def test_an_address_arrives_as_slack_marks_it_up(at: Reception) -> None:
    await at.slack.command("anna", "#support", "/transcript", f"email {ROOM} a.b@example.com")
    assert at.jobs[0].args["email"] == "a.b@example.com"


async def test_names_are_configurable(open_door: Open) -> None:
    names = {"close": "/end-chat", "root": "/desk"}
    at = await open_door(slack={"commands": names})
    await at.slack.command("anna", "#support", "/end-chat", ROOM)
    await at.slack.command("anna", "#support", "/desk", f"close {ROOM}")
    assert [job.action for job in at.jobs] == ["rocketchat.close_room"] * 2


@pytest.mark.parametrize("line", [("/close", "help"), ("/bridge", "help"), ("/bridge", "")])
async def test_help(at: Reception, line: tuple[str, str]) -> None:
    receipt = await at.slack.command("anna", "#support", *line)
    assert receipt.error == ""
    assert "/close" in receipt.shown
    assert at.jobs == []


async def test_unknown_commands_and_sub_words_are_answered(at: Reception) -> None:
    receipt = await at.slack.command("anna", "#support", "/clsoe", ROOM)
    assert receipt.status == 200
    assert "Did you mean /close?" in receipt.shown
    receipt = await at.slack.command("anna", "#support", "/transcript", f"emial {ROOM} a@b.de")
    assert "Did you mean /transcript email?" in receipt.shown
    receipt = await at.slack.command("anna", "#support", "/bridge", "frobnicate")
    assert receipt.status == 200
    assert "frobnicate" in receipt.shown
    assert at.jobs == []


async def test_nobody_may_by_default(open_door: Open) -> None:
    at = await open_door(access={"allow": ""})
    receipt = await at.slack.command("anna", "#support", "/close", ROOM)
    assert receipt.status == 200
    assert "Nobody may run /close here yet." in receipt.shown
    assert f"BRIDGE_ALLOW=user:{seed.ANNA}" in receipt.shown
    assert at.jobs == []


async def test_a_usergroup_is_asked_for_beside_the_requests(open_door: Open) -> None:
    at = await open_door(access={"allow": f"usergroup:{seed.LEADS}"})
    await at.door.workspaces.warm()
    at.door.usergroups.expect(seed.TEAM)
    await at.door.usergroups.refresh()
    assert "Accepted." in (await at.slack.command("mia", "#support", "/close", ROOM)).shown
    assert "no rule names you" in (await at.slack.command("anna", "#support", "/close", ROOM)).shown
    at.clock.now += 301  # nobody answered since: not believed any more, so asked once more
    receipt = await at.slack.command("mia", "#support", "/close", ROOM)
    assert "Nothing is accepted yet" in receipt.shown
    await at.settle()
    assert [job.asker.user_id for job in at.jobs] == [seed.MIA] * 2


async def test_the_ack_needs_no_call_while_slack_hangs(at: Reception) -> None:
    with at.slack.fault("hang", "*"):
        started = time.perf_counter()
        receipt = await at.slack.command("anna", "#support", "/close", ROOM)
        assert time.perf_counter() - started < 0.5
    assert receipt.status == 200
    assert len(at.jobs) == 1


async def test_a_store_that_is_down_is_said_honestly(at: Reception) -> None:
    at.store.down = True
    receipt = await at.slack.command("anna", "#support", "/close", ROOM)
    assert receipt.status == 200
    assert "nothing was accepted" in receipt.shown
    assert "about 7 s" in receipt.shown
    assert "Working" not in receipt.shown


async def test_what_may_be_stored_is_not_asked_for_again_at_once(at: Reception) -> None:
    at.store.down = at.store.unsure = True
    receipt = await at.slack.command("anna", "#support", "/close", ROOM)
    assert receipt.status == 200
    assert "cannot tell whether your request was stored" in receipt.shown
    assert "/bridge jobs in a minute" in receipt.shown
    assert "nothing was accepted" not in receipt.shown


async def test_an_expected_wait_and_a_second_press_are_said(at: Reception) -> None:
    at.store.wait_s = 42.0
    receipt = await at.slack.command("anna", "#support", "/close", ROOM)
    assert "about 40 s" in receipt.shown
    at.store.joins = True
    receipt = await at.slack.command("anna", "#support", "/close", ROOM)
    assert "still running" in receipt.shown
    assert len(at.jobs) == 1


async def test_a_handler_that_breaks_is_a_plain_sentence(
    at: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret text")

    monkeypatch.setattr(at.store, "accept", broken)
    receipt = await at.slack.command("anna", "#support", "/close", ROOM)
    assert receipt.status == 200
    assert "went wrong inside the bridge" in receipt.shown
    assert "secret" not in receipt.shown


async def test_which_connection_is_meant(open_door: Open) -> None:
    vip = ROCKETCHAT | {"url": "https://vip.example.com"}
    at = await open_door(
        connections={"main": ROCKETCHAT, "vip": vip},
        routing=[{"channels": [seed.VIP], "connections": ["vip"]}],
    )
    receipt = await at.slack.command("anna", "#support", "/close", ROOM)
    assert "on=main" in receipt.shown
    assert "on=vip" in receipt.shown
    await at.slack.command("anna", "#support", "/close", f"{ROOM} on=vip")
    await at.slack.command("anna", "vip", "/close", ROOM)
    await at.slack.command("anna", "#support", "/close", f"https://chat.example.com/live/{ROOM}")
    assert [job.connection for job in at.jobs if job.action == "rocketchat.close_room"][:3] == [
        "vip",
        "vip",
        "main",
    ]
    receipt = await at.slack.command("anna", "#support", "/close", f"{ROOM} on=nope")
    assert "There is no connection nope" in receipt.shown


async def test_my_requests(at: Reception) -> None:
    await at.slack.command("anna", "#support", "/close", ROOM)
    await at.slack.command("mia", "#support", "/close", ROOM)
    await at.slack.command("anna", "#support", "/bridge", "jobs")
    await at.settle()
    (listed,) = [text for text in at.seen("anna") if "Your recent requests" in text]
    assert at.jobs[0].id in listed
    assert at.jobs[1].id not in listed


async def test_a_mentioned_colleague_is_found_by_verified_address(at: Reception) -> None:
    receipt = await at.slack.command("anna", "#support", "/transfer", "648 @mia")
    assert "Looking up who" in receipt.shown
    await at.settle()
    (job,) = at.jobs
    assert job.args["toAssociate"] == "mia@example.com"
    assert any("Accepted." in text for text in at.seen("anna"))
    receipt = await at.slack.command("anna", "#support", "/transfer", "649 @mia")
    assert "Accepted." in receipt.shown  # known by now
