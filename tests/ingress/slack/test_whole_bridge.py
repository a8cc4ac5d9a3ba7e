"""The door inside the whole bridge: real store, real clients, emulated upstreams."""

from __future__ import annotations

from pathlib import Path

from bridge.delivery import words
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from tests.world import World, world

FINALS = tuple(word for _, word in words.KINDS.values())
STAYS_TRUE = (words.ACCEPTED, words.ENDED)


async def settle(here: World) -> None:
    await here.bridge.doors.slack.background.idle()


async def test_lists_hold_rooms_agents_and_associate_ids(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.slack.command(slack.ANNA, slack.SUPPORT, "/transfer", "session")
        await settle(here)
        sessions = await here.slack.suggest(slack.ANNA, None, "superoffice.sessions")
        assert "648" in [option["value"] for option in sessions.options]
        people = await here.slack.suggest(slack.ANNA, None, "superoffice.associates")
        known = here.superoffice.desk.associates
        offered = {int(option["value"]) for option in people.options}
        assert offered
        assert offered <= {one.associate_id for one in known.values()}
        trap = {one.ej_user_id for one in known.values()} - {
            one.associate_id for one in known.values()
        }
        assert not offered & trap
        assert "SessionKey" not in str(sessions.options)
        await here.slack.close_view(slack.ANNA)
        await here.slack.command(slack.ANNA, slack.SUPPORT, "/close")
        await settle(here)
        open_rooms = await here.slack.suggest(slack.ANNA, None, "rocketchat.open_rooms")
        offered_rooms = {option["value"] for option in open_rooms.options}
        assert rooms.OPEN_SERVED in offered_rooms
        assert rooms.CLOSED_PLAIN not in offered_rooms


async def test_a_form_closes_a_room_and_my_requests_list_it(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.slack.command(slack.ANNA, slack.SUPPORT, "/close")
        await settle(here)
        await here.slack.suggest(slack.ANNA, None, "rocketchat.open_rooms", rooms.OPEN_SERVED)
        receipt = await here.slack.submit_view(slack.ANNA, values={"rid": rooms.OPEN_SERVED})
        assert receipt.error == ""
        await here.finished()
        assert len(here.rocketchat.effects_of("close_room", rooms.OPEN_SERVED)) == 1
        await here.slack.command(slack.ANNA, slack.SUPPORT, "/bridge", "jobs")
        await settle(here)
        shown = [
            here.slack.visible_text(message)
            for message in here.slack.messages(slack.SUPPORT, slack.ANNA)
        ]
        assert any("Your recent requests" in text and "Done" in text for text in shown)


async def test_an_offer_of_a_real_result_is_pressed(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        room = rooms.OPEN_SERVED
        await here.slack.command(slack.ANNA, slack.SUPPORT, "/transcript", room)
        await here.finished()
        refused = here.slack.messages(slack.SUPPORT, slack.ANNA)[-1]
        buttons = [
            element
            for block in refused.blocks
            if block["type"] == "actions"
            for element in block["elements"]
        ]
        assert buttons, here.slack.visible_text(refused)
        receipt = await here.slack.click(slack.ANNA, refused, buttons[0]["action_id"])
        assert receipt.error == ""
        await settle(here)  # it asks: the form opens filled in
        assert (await here.slack.submit_view(slack.ANNA)).error == ""
        jobs = await here.finished(2)
        assert jobs[0].args["generateTranscriptPdf"] is True
        assert jobs[0].action == "rocketchat.close_room"
        assert len(here.rocketchat.effects_of("close_room", room)) == 1


async def test_a_mention_becomes_the_agents_username(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.slack.users[slack.MIA].email = "Ines.Faro@desk.example"
        for person in ("sam", "mia"):
            line = f"{rooms.OPEN_SERVED} agent=@{person}"
            await here.slack.command(slack.ANNA, slack.SUPPORT, "/transfer", line)
            await settle(here)
        (job,) = await here.jobs()
        assert "ines.faro" in job.args.values()
        told = [here.slack.visible_text(m) for m in here.slack.messages(slack.SUPPORT, slack.ANNA)]
        assert any("could not find the mentioned person in Rocket.Chat" in text for text in told)


async def test_at_the_end_there_is_one_end_on_screen_and_nothing_that_still_waits(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        asked = (
            ("/close", f"{rooms.OPEN_SERVED} bye"),  # told to the channel
            ("/close", "gone1gone1gone1go"),  # told to the asker alone
            ("/transcript", rooms.CLOSED_PLAIN),  # followed for a while, with a file
        )
        for command, text in asked:
            await here.slack.command(slack.ANNA, slack.SUPPORT, command, text)
        jobs = await here.finished(len(asked), within_s=20)
        for job in jobs:
            shown = [
                here.slack.visible_text(message)
                for channel in (slack.SUPPORT, slack.DM)
                for message in here.slack.messages(channel, slack.ANNA)
                if job.id in here.slack.visible_text(message)
            ]
            left = [text for text in shown if not any(word in text for word in FINALS)]
            assert len(shown) - len(left) == 1, shown
            assert all(text.startswith(STAYS_TRUE) for text in left), left
