"""Threads and phones: mentions are answered in the thread, shortcuts open the forms."""

from __future__ import annotations

from bridge.sandbox.slack import seed
from tests.ingress.slack.conftest import Open
from tests.ingress.slack.reception import ROOM, Reception


async def test_a_mention_is_a_line_of_the_root_command(at: Reception) -> None:
    receipt = await at.slack.mention("anna", "#support", f"close {ROOM} bye & thanks")
    assert receipt.error == ""
    (job,) = at.jobs
    assert job.args["comment"] == "bye & thanks"
    assert job.reply_to.thread_ts
    assert not job.reply_to.response_url
    await at.settle()
    assert any("Accepted." in text for text in at.seen("anna"))


async def test_a_redelivered_mention_is_stored_once(at: Reception) -> None:
    body = {
        "type": "event_callback",
        "event_id": "Ev1",
        "team_id": seed.TEAM,
        "event": {
            "type": "app_mention",
            "user": seed.ANNA,
            "text": f"<@{seed.BOT}> close {ROOM}",
            "ts": "1.000001",
            "channel": seed.SUPPORT,
        },
    }
    for _ in range(3):
        at.clock.now += 1
        assert (await at.slack.deliver("events_api", body)).status == 200
    assert len(at.jobs) == 1
    await at.settle()
    assert len(at.seen("anna")) == 1, "one note, however often Slack tells"
    at.door._mentions._answered.clear()  # another process, or this one after a restart
    at.clock.now += 1
    assert (await at.slack.deliver("events_api", body)).status == 200
    await at.settle()
    assert len(at.seen("anna")) == 1


async def test_a_mention_answers_help_mistakes_and_missing_fields(at: Reception) -> None:
    for said, words in (
        ("help", "/close"),
        ("clsoe x", "Did you mean"),
        ("close", "room"),
        ("", "/close"),
    ):
        await at.slack.mention("anna", "#support", said)
        await at.settle()
        assert words in at.seen("anna")[-1], said
    assert at.jobs == []


async def test_bots_are_not_listened_to(at: Reception) -> None:
    event = {
        "type": "app_mention",
        "user": seed.ANNA,
        "bot_id": "B1",
        "text": f"<@{seed.BOT}> close {ROOM}",
        "channel": seed.SUPPORT,
    }
    assert (await at.slack.event(seed.TEAM, event)).error == ""
    assert at.jobs == []


async def test_a_store_that_is_down_is_told_in_the_thread(at: Reception) -> None:
    at.store.down = True
    await at.slack.mention("anna", "#support", f"close {ROOM}")
    await at.settle()
    assert "nothing was accepted" in at.seen("anna")[-1]


async def test_events_nobody_listens_to_are_acknowledged(at: Reception) -> None:
    assert (await at.slack.open_home("anna")).error == ""


async def test_an_actions_shortcut_on_a_message_fills_in_the_linked_room(at: Reception) -> None:
    channel = at.slack.channel("#support")
    link = f"see <https://chat.example.com/live/{ROOM}|this>"
    message = at.slack.say(channel, seed.MIA, link)
    assert (await at.slack.shortcut("anna", "rocketchat.close_room", message)).error == ""
    await at.settle()
    (view,) = at.slack.open_views(seed.ANNA)
    assert ROOM in str(view.blocks)
    await at.slack.submit_view("anna")
    (job,) = at.jobs
    assert job.args["rid"] == ROOM
    assert job.reply_to.thread_ts == message.ts
    assert job.reply_to.slack_channel == seed.SUPPORT


async def test_the_global_shortcut_offers_everything(at: Reception) -> None:
    assert (await at.slack.shortcut("anna", "bridge")).error == ""
    await at.settle()
    receipt = await at.slack.submit_view(
        "anna", values={"bridge.action": "superoffice.transfer_session"}
    )
    assert receipt.error == ""
    (view,) = at.slack.open_views(seed.ANNA)
    assert view.title == "Transfer chat"
    for source, value in (("superoffice.sessions", "648"), ("superoffice.associates", "anna")):
        await at.slack.suggest("anna", None, source, value)
    await at.slack.submit_view("anna", values={"chatSessionId": "648", "toAssociate": "anna"})
    (job,) = at.jobs
    assert job.reply_to.slack_user == seed.ANNA
    assert not job.reply_to.slack_channel
    assert "direct message" in str(at.slack.open_views(seed.ANNA)[-1].blocks)


async def test_a_word_that_two_upstreams_share_asks_which(at: Reception) -> None:
    await at.slack.command("anna", "#support", "/transfer", "")
    await at.settle()
    (view,) = at.slack.open_views(seed.ANNA)
    assert "rocketchat.forward_room" in str(view.blocks)
    assert "superoffice.transfer_session" in str(view.blocks)
    assert "rocketchat.close_room" not in str(view.blocks)


async def test_what_may_not_be_run_gets_no_form(open_door: Open) -> None:
    at = await open_door(access={"allow": f"user:{seed.MIA}"})
    channel = at.slack.channel("#support")
    message = at.slack.say(channel, seed.MIA, "hello")
    await at.slack.shortcut("anna", "rocketchat.close_room", message)
    await at.settle()
    assert at.slack.open_views(seed.ANNA) == []
    assert "no rule names you" in at.seen("anna")[-1]
    await at.slack.shortcut("anna", "bridge", message)
    await at.settle()
    await at.slack.submit_view("anna", values={"bridge.action": "rocketchat.close_room"})
    assert "no rule names you" in str(at.slack.open_views(seed.ANNA)[-1].blocks)
