"""Buttons: a signed reference, access at the click, and the answer by message."""

from __future__ import annotations

import pytest
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, PlainTextObject

from bridge.contract import FollowUp, Job, JobState, Refused
from bridge.delivery.render import CANCEL_JOB, RETRY_JOB
from bridge.ingress.slack.references import BadReference, Reference, References
from bridge.sandbox.slack import Message, seed
from tests.clock import Clock
from tests.ingress.slack.conftest import Open
from tests.ingress.slack.reception import ROOM, Reception

CLOSE = FollowUp("Close", "rocketchat.close_room", {"rid": ROOM})
FORM = FollowUp("Change address", "rocketchat.email_transcript", {"rid": ROOM}, ask=True)
HALF = FollowUp("Mail it", "rocketchat.email_transcript", {"rid": ROOM})
RETRY = FollowUp("Try again", RETRY_JOB, {})
GIVE_UP = FollowUp("Give up", CANCEL_JOB, {})


async def ended(at: Reception, state: JobState = JobState.REFUSED) -> Job:
    """A job of Anna's that ended with every kind of offer."""
    await at.slack.command("anna", "#support", "/transcript", ROOM)
    outcome = Refused("still_open", "It is still open.", follow_ups=(CLOSE, FORM, HALF))
    return at.store.put(at.jobs[-1].but(state=state, outcome=outcome))


def post(at: Reception, job: Job, *offers: FollowUp, value: str = "") -> Message:
    """The message with these buttons, as the delivery posts it."""
    buttons = [
        ButtonElement(
            text=PlainTextObject(text=offer.label),
            action_id=f"follow_up:{place}",
            value=value or at.references.sign(offer, job),
        )
        for place, offer in enumerate(offers)
    ]
    team = at.slack.teams[seed.TEAM]
    return at.slack.put(
        Message(
            at.slack.next_ts(),
            seed.SUPPORT,
            team.bot_user_id,
            "told",
            [ActionsBlock(elements=buttons).to_dict()],
            bot_id=team.bot_id,
            app_id=at.slack.app_id,
        )
    )


async def press(at: Reception, message: Message, label: str, user: str = "anna") -> None:
    receipt = await at.slack.click(user, message, label)
    assert receipt.error == ""
    await at.settle()


async def test_an_offer_is_launched_with_its_stored_arguments(at: Reception) -> None:
    job = await ended(at)
    await press(at, post(at, job, CLOSE), "Close")
    launched = at.jobs[-1]
    assert launched.action == "rocketchat.close_room"
    assert launched.args == {"rid": ROOM}
    assert launched.reply_to.response_url_uses == 1
    assert any("Accepted." in text for text in at.seen("anna"))
    assert not any("Accepted." in text for text in at.seen("mia"))


@pytest.mark.parametrize("offer", [FORM, HALF])
async def test_an_offer_that_asks_opens_its_form_filled_in(at: Reception, offer: FollowUp) -> None:
    job = await ended(at)
    await press(at, post(at, job, offer), offer.label)
    (view,) = at.slack.open_views(seed.ANNA)
    assert ROOM in str(view.blocks)
    await at.slack.submit_view("anna", values={"email": "new@example.com"})
    assert at.jobs[-1].args["email"] == "new@example.com"


async def test_retry_and_give_up(at: Reception) -> None:
    job = await ended(at, JobState.PARKED)
    message = post(at, job, RETRY, GIVE_UP)
    await press(at, message, "Try again")
    assert at.jobs[0].state.value == "queued"
    await press(at, message, "Give up")
    assert at.jobs[0].state.value == "cancelled"
    await press(at, message, "Try again")
    assert any("It is cancelled." in text for text in at.seen("anna"))


async def test_access_is_checked_for_whoever_clicks(open_door: Open) -> None:
    at = await open_door(access={"allow": f"user:{seed.ANNA}"})
    job = await ended(at, JobState.PARKED)
    message = post(at, job, RETRY, CLOSE, FORM)
    for label in ("Try again", "Close", "Change address"):
        await press(at, message, label, user="sam")
    assert [one.state for one in at.jobs] == [JobState.PARKED]
    assert sum("no rule names you" in text for text in at.seen("sam")) == 3
    assert at.slack.open_views(seed.SAM) == []


@pytest.mark.parametrize("value", ["", "x", "x.y", "W10=." + "0" * 40, "é.é", "." * 2000])
async def test_a_forged_value_does_nothing(at: Reception, value: str) -> None:
    job = await ended(at)
    await press(at, post(at, job, CLOSE, value=value or "."), "Close")
    assert len(at.jobs) == 1
    assert any("not mine" in text for text in at.seen("anna"))


async def test_what_is_gone_or_has_changed_is_said(at: Reception) -> None:
    job = await ended(at)
    message = post(at, job, CLOSE)
    at.store.put(job.but(outcome=Refused("other", "Other.", follow_ups=(FORM,))))
    await press(at, message, "Close")
    assert any("no longer fits" in text for text in at.seen("anna"))
    at.store.jobs.clear()
    await press(at, message, "Close")
    assert any("no longer have this request" in text for text in at.seen("anna"))


def test_references_are_bound_and_end() -> None:
    clock = Clock(1000.0)
    old, new = References(["old"], clock=clock), References(["new", "old"], clock=clock)
    reference = Reference("follow", "01J", "rocketchat.close_room", 2)
    value = old.make(reference, "T1")
    assert len(value) < 300
    assert new.read(value, "T1") == reference
    with pytest.raises(BadReference, match="another workspace"):
        new.read(value, "T2")
    with pytest.raises(BadReference, match="not mine"):
        References(["new"], clock=clock).read(value, "T1")
    clock.now += 8 * 86_400
    with pytest.raises(BadReference, match="too old"):
        new.read(value, "T1")
