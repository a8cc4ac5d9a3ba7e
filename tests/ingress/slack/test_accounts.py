"""`/bridge link` where nothing can be linked, and for whom; help that lists only what works; signatures."""

from __future__ import annotations

from pathlib import Path

from bridge.sandbox.slack import seed
from tests.ingress.linking.town import ROOM, town
from tests.ingress.slack.conftest import Open
from tests.ingress.slack.reception import Reception


async def test_help_lists_only_what_works(at: Reception, tmp_path: Path) -> None:
    shown = (await at.slack.command("anna", "#support", "/bridge", "help")).shown
    assert "/bridge jobs" in shown
    assert "/bridge link" not in shown
    assert "/bridge unlink" not in shown
    async with town(tmp_path) as here:
        shown = await here.says(seed.ANNA, "help")
        assert "/bridge link" in shown
        assert "/bridge unlink" in shown


async def test_what_stands_in_the_way_is_said(at: Reception, tmp_path: Path) -> None:
    await at.slack.command("anna", "#support", "/bridge", "link")
    await at.settle()
    assert "cannot be linked here yet" in at.seen("anna")[-1]
    async with town(
        tmp_path,
        server__public_url="",
        connections__rocketchat__act_as="service",
    ) as here:
        assert "with the service account" in await here.says(seed.ANNA, "link rocketchat")
        assert "must set PUBLIC_URL" in await here.says(seed.ANNA, "link superoffice")
        assert "no connection nowhere" in await here.says(seed.ANNA, "link nowhere")


async def test_a_tenant_without_an_oauth_client_cannot_be_linked(tmp_path: Path) -> None:
    onsite = {
        "kind": "superoffice",
        "url": "https://so.example/api",
        "username": "u",
        "password": "p",
    }
    async with town(tmp_path, connections__superoffice=onsite) as here:
        assert "client_id and client_secret" in await here.says(seed.ANNA, "link superoffice")
        assert "Link your Rocket.Chat account" in await here.says(seed.ANNA, "link")


async def test_only_connections_that_one_may_use_are_spoken_of(tmp_path: Path) -> None:
    rules = [
        {"who": ["team:" + seed.TEAM], "connections": ["rocketchat"]},
        {"who": [f"user:{seed.MIA}"], "connections": ["superoffice"]},
    ]
    async with town(tmp_path, access={"rules": rules}) as here:
        told = await here.says(seed.ANNA, "link")
        assert "rocketchat" in told
        assert "superoffice" not in told
        assert "SuperOffice" in await here.says(seed.MIA, "link superoffice")
        told = await here.says(seed.OLGA, "link", seed.OTHER_CHANNEL)
        assert "no connection here that you may use" in told
        told = await here.says(seed.ANNA, "link superoffice")
        assert "/link/" not in told


async def test_an_address_is_told_to_nobody_else(tmp_path: Path) -> None:
    async with town(tmp_path) as here:
        await here.slack.mention(seed.ANNA, seed.SUPPORT, "link")
        await here.bridge.doors.slack.background.idle()
        mine = [str(one.blocks) for one in here.slack.messages(seed.SUPPORT, seed.ANNA)]
        others = [str(one.blocks) for one in here.slack.messages(seed.SUPPORT, seed.MIA)]
        assert any("/link/" in text for text in mine)
        assert not any("/link/" in text for text in others)


async def test_a_closing_comment_is_signed_with_the_name_that_slack_shows(tmp_path: Path) -> None:
    async with town(tmp_path, connections__rocketchat__sign_comments=True) as here:
        await here.ends("/close", f"{ROOM} solved", 1)  # the very first command: not known yet
        (effect,) = here.rocketchat.effects_of("close_room", ROOM)
        assert "Anna Agent" in str(effect.detail["comment"])


async def test_a_name_that_slack_does_not_tell_is_no_obstacle(tmp_path: Path) -> None:
    async with town(tmp_path, connections__rocketchat__sign_comments=True) as here:
        with here.slack.fault("status", "*users.info*", status=500, body="{}"):
            await here.ends("/close", f"{ROOM} solved", 1)
        (effect,) = here.rocketchat.effects_of("close_room", ROOM)
        assert "anna" in str(effect.detail["comment"])


async def test_nothing_is_asked_before_the_ack(open_door: Open) -> None:
    at = await open_door()
    with at.slack.fault("hang", "*"):
        for word in ("link", "unlink", "link rocketchat"):
            receipt = await at.slack.command("anna", "#support", "/bridge", word)
            assert receipt.status == 200
            assert receipt.error == ""
