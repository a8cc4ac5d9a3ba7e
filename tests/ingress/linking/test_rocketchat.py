"""A Rocket.Chat account is linked by its token, used for what the person asks, and forgotten again."""

from __future__ import annotations

from pathlib import Path

from structlog.testing import capture_logs

from bridge.contract import JobState
from bridge.sandbox.slack import seed as slack
from tests.ingress.linking.town import (
    INES_ID,
    INES_TOKEN,
    ROOM,
    TOM_ID,
    TOM_TOKEN,
    browser,
    town,
)


async def test_a_linked_account_acts_and_an_unlinked_one_no_longer(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        with capture_logs() as logs:
            address = await here.address(slack.ANNA, "rocketchat")
            done = await web.give_token(address, INES_ID, INES_TOKEN)
            assert done.status == 200, done.text
            assert "ines.faro" in done.text
            link = await here.linked(slack.ANNA, "rocketchat")
            assert link is not None
            assert (link.account_id, link.account_name, link.last_used) == (
                INES_ID,
                "ines.faro",
                None,
            )
            job = await here.ends("/close", f"{ROOM} solved", 1)
        assert INES_TOKEN not in str(logs)
        assert address.rpartition("/")[2] not in str(logs)
        assert job.state is JobState.DONE, job.outcome
        (effect,) = here.rocketchat.effects_of("close_room", ROOM)
        assert effect.detail["by"] == "ines.faro"
        attempts, _ = await here.bridge.operator.history(job.id)
        assert "'acted_as': 'ines.faro'" in str(attempts).replace('"', "'")
        told = await here.says(slack.ANNA, "link")
        assert "linked as ines.faro" in told
        assert "Last used" in told
        assert "Forgotten" in await here.says(slack.ANNA, "unlink rocketchat")
        assert await here.linked(slack.ANNA, "rocketchat") is None
        assert "nothing to forget" in await here.says(slack.ANNA, "unlink")
        await here.ends("/transcript", f"email {ROOM} a@example.com", 2)
        last = [one for one in here.rocketchat.exchanges if "/transcript/" in one.path][-1]
        headers = {name.lower(): value for name, value in last.headers.items()}
        assert headers["x-user-id"] != INES_ID


async def test_unlinking_ends_the_token_upstream_or_says_that_it_did_not(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        await web.give_token(await here.address(slack.ANNA, "rocketchat"), INES_ID, INES_TOKEN)
        told = await here.says(slack.ANNA, "unlink rocketchat")
        assert "Its token is ended in Rocket.Chat, too." in told
        assert here.rocketchat.users[INES_ID].token != INES_TOKEN
        assert [one.subject for one in here.rocketchat.effects_of("logout")] == [INES_ID]

        here.rocketchat.users[INES_ID].token = INES_TOKEN
        for fault in ("status", "reset_before"):
            await web.give_token(await here.address(slack.ANNA, "rocketchat"), INES_ID, INES_TOKEN)
            with here.rocketchat.fault(fault, "POST */logout"):
                told = await here.says(slack.ANNA, "unlink rocketchat")
            assert "Forgotten" in told
            assert "remove it there" in told
            assert await here.linked(slack.ANNA, "rocketchat") is None


async def test_a_result_that_needs_a_link_has_a_button_for_it(tmp_path: Path) -> None:
    async with town(tmp_path, connections__rocketchat__act_as="person") as here:
        job = await here.ends("/close", f"{ROOM} solved", 1)
        assert job.state is JobState.REFUSED
        [refused] = [
            message
            for message in here.slack.messages(slack.SUPPORT, slack.ANNA)
            if "[Link your Rocket.Chat account]" in here.slack.visible_text(message)
        ]
        [button] = [
            element
            for block in refused.blocks
            if block["type"] == "actions"
            for element in block["elements"]
        ]
        await here.slack.click(slack.ANNA, refused, button["action_id"])
        await here.bridge.doors.slack.background.idle()
        offer = here.slack.messages(slack.SUPPORT, slack.ANNA)[-1]
        [way] = [block["accessory"] for block in offer.blocks if "accessory" in block]
        assert (way["type"], way["text"]["text"]) == ("button", "Link your Rocket.Chat account")
        async with browser(here) as web:
            assert (await web.give_token(way["url"], INES_ID, INES_TOKEN)).status == 200


async def test_the_person_is_told_by_direct_message(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        await web.give_token(await here.address(slack.ANNA, "rocketchat"), INES_ID, INES_TOKEN)
        await here.bridge.doors.slack.background.idle()
        told = here.slack.visible_text(here.slack.messages(slack.DM, slack.ANNA)[-1])
        assert "ines.faro is linked" in told
        assert "/bridge unlink rocketchat" in told


async def test_a_token_that_is_wrong_or_somebody_elses_links_nothing(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        address = await here.address(slack.ANNA, "rocketchat")
        for user_id, token, words in (
            (INES_ID, "wrong", "does not accept"),
            (TOM_ID, TOM_TOKEN, "not the one that Slack knows of Anna Agent"),
            ("", "", "Both fields"),
            ("a\r\nX-Evil: 1", INES_TOKEN, "Both fields"),
        ):
            page = await web.give_token(address, user_id, token)
            assert page.status == 422
            assert words in page.text
            assert not token or token == "wrong" or token not in page.text
        assert await here.linked(slack.ANNA, "rocketchat") is None
        done = await web.give_token(address, INES_ID, INES_TOKEN)
        assert done.status == 200, "a mistake does not spend the link"


async def test_a_policy_may_allow_another_address(tmp_path: Path) -> None:
    async with (
        town(tmp_path, connections__rocketchat__link_same_email=False) as here,
        browser(here) as web,
    ):
        address = await here.address(slack.ANNA, "rocketchat")
        assert (await web.give_token(address, TOM_ID, TOM_TOKEN)).status == 200
        link = await here.linked(slack.ANNA, "rocketchat")
        assert link is not None
        assert link.account_name == "tom.okoro"


async def test_a_revoked_token_is_told_and_nobody_else_acts_instead(tmp_path: Path) -> None:
    async with town(tmp_path) as here, browser(here) as web:
        await web.give_token(await here.address(slack.ANNA, "rocketchat"), INES_ID, INES_TOKEN)
        here.rocketchat.users[INES_ID].token = "revoked-by-ines"
        job = await here.ends("/close", f"{ROOM} solved", 1)
        assert job.state is JobState.REFUSED
        assert job.outcome is not None
        assert job.outcome.code == "link_refused"
        assert "/bridge link rocketchat" in job.outcome.next_step
        assert not here.rocketchat.effects_of("close_room", ROOM)


async def test_a_connection_may_want_people_to_link_first(tmp_path: Path) -> None:
    async with town(tmp_path, connections__rocketchat__act_as="person") as here:
        job = await here.ends("/close", f"{ROOM} solved", 1)
        assert job.outcome is not None
        assert (job.state, job.outcome.code) == (JobState.REFUSED, "not_linked")
        assert "/bridge link rocketchat" in job.outcome.next_step
        assert not here.rocketchat.exchanges


async def test_a_renamed_root_is_named_in_the_next_step(tmp_path: Path) -> None:
    renamed = {"root": "/desk"}
    async with town(
        tmp_path, connections__rocketchat__act_as="person", slack__commands=renamed
    ) as here:
        job = await here.ends("/close", f"{ROOM} solved", 1)
        assert job.outcome is not None
        assert "/desk link rocketchat" in job.outcome.next_step
