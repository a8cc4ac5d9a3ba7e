"""Progress is one message that becomes the final one; the final one offers what comes next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.contract import Done, FollowUp, JobState, Pending, ReplyTo, Retry, Unknown
from bridge.delivery import notices
from bridge.delivery.results import Told
from bridge.sandbox.slack import seed
from tests.delivery.office import ABOUT, CLOSED, REFUSED, Office, job


async def test_a_button_s_message_is_not_replaced_by_its_answer(office: Office) -> None:
    await office.tell(job(), office.target())
    [original] = office.seen()
    url = office.slack.new_hook(office.slack.channel(seed.SUPPORT), seed.ANNA, original)

    await office.tell(job(REFUSED), office.target(response_url=url))

    assert [m.ephemeral_to for m in office.seen()] == [None, seed.ANNA]
    assert "The conversation is closed." in office.text(original)


async def test_progress_becomes_the_private_answer(office: Office) -> None:
    target = office.target()

    target = await office.delivery.progress(job(None), target, notices.accepted(job(None), 41))
    assert "about 40 s" in office.text(office.seen()[0])
    target = await office.delivery.progress(job(None), target, notices.accepted(job(None)))
    told = await office.tell(job(REFUSED), target)

    assert told == Told("response_url", uses=3)
    [message] = office.seen()
    assert "You may not close it." in office.text(message)


async def test_progress_leaves_the_last_uses_to_the_answer(office: Office) -> None:
    target = office.target(response_url_uses=3)

    same = await office.delivery.progress(job(None), target, notices.accepted(job(None)))

    assert same == target
    assert office.seen() == []


async def test_a_program_s_progress_is_one_message_that_becomes_the_final_one(
    office: Office,
) -> None:
    target = ReplyTo(team_id=seed.TEAM, slack_channel=seed.SUPPORT)

    target = await office.delivery.progress(job(None), target, notices.accepted(job(None)))
    assert target.message_ts
    office.clock.now += 1
    what = notices.pending(job(Pending("x", "The PDF is being made.")))
    await office.delivery.progress(job(None), target, what)
    assert "The PDF is being made. I will tell you how it ends." in office.text(office.seen()[0])
    told = await office.tell(job(), target)

    assert isinstance(told, Told)
    assert (told.how, told.ts) == ("update", target.message_ts)
    [message] = office.seen()
    assert "The conversation is closed." in office.text(message)


async def test_a_progress_message_that_is_gone_gives_way(office: Office) -> None:
    target = ReplyTo(team_id=seed.TEAM, slack_channel=seed.SUPPORT, message_ts="1.000001")

    told = await office.tell(job(), target)

    assert isinstance(told, Told)
    assert told.how == "channel"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("no_answer", "Rocket.Chat does not answer right now."),
        ("unreachable", "Rocket.Chat does not answer right now."),
        ("not_configured", "The connection old is not configured here any more."),
    ],
)
async def test_a_job_that_waits_says_for_what(office: Office, code: str, said: str) -> None:
    outcome = Retry(code, "The connection old is not configured here any more.")
    waiting = job(outcome, JobState.WAITING)
    await office.delivery.progress(waiting, office.target(), notices.waiting(waiting, 1.0))
    [line] = office.seen()
    assert office.text(line).startswith(f"{said} I keep trying; next time")


@pytest.mark.parametrize("kind", ["hang", "reset_after", "garbage", "status"])
async def test_progress_never_raises(office: Office, kind: str) -> None:
    with office.slack.fault(kind):  # type: ignore[arg-type]
        await office.delivery.progress(job(None), office.target(), notices.accepted(job(None)))
        alone = ReplyTo(team_id=seed.TEAM, slack_channel=seed.SUPPORT)
        await office.delivery.progress(job(None), alone, notices.accepted(job(None)))


async def test_buttons_carry_signed_references_and_ask_first(office: Office) -> None:
    offers = (
        FollowUp("Transcript", "rocketchat.request_pdf_transcript", {"room": "abc"}),
        FollowUp("Close it", "rocketchat.close_room", {"room": "abc"}),
        FollowUp("Change", "rocketchat.close_room", {"room": "abc"}, ask=True),
    )
    await office.tell(job(replace(CLOSED, follow_ups=offers)), office.target())

    [message] = office.seen()
    [actions] = [block for block in message.blocks if block["type"] == "actions"]
    values = [element["value"] for element in actions["elements"]]
    assert values[0] == "signed:01JB00000000000000000000AB:rocketchat.request_pdf_transcript"
    asks = ["confirm" in element for element in actions["elements"]]
    assert asks == [False, True, False]
    assert (
        actions["elements"][1]["confirm"]["text"]["text"] == ABOUT["rocketchat.close_room"].confirm
    )


@pytest.mark.parametrize(
    ("state", "labels"),
    [(JobState.PARKED, ["[Try again]", "[Give up]"]), (JobState.UNKNOWN, ["[Try again]"])],
)
async def test_a_job_that_stopped_offers_itself_again(
    office: Office, state: JobState, labels: list[str]
) -> None:
    await office.tell(job(REFUSED, state), office.target())

    [message] = office.seen()
    assert message.ephemeral_to == seed.ANNA
    assert all(label in office.text(message) for label in labels)
    assert state.value.capitalize() in office.text(message)


@pytest.mark.parametrize("state", [JobState.PARKED, JobState.UNKNOWN])
async def test_an_end_that_brings_its_own_way_to_try_again_offers_no_second_one(
    office: Office, state: JobState
) -> None:
    own = FollowUp("Close it once more", "rocketchat.close_room", {"room": "abc"})
    other = FollowUp("Transcript", "rocketchat.request_pdf_transcript", {"room": "abc"})
    ended = job(Unknown("x", "Nobody knows.", follow_ups=(own, other)), state)

    await office.tell(ended, office.target())

    [message] = office.seen()
    [actions] = [block for block in message.blocks if block["type"] == "actions"]
    labels = [element["text"]["text"] for element in actions["elements"]]
    assert [label for label in labels if label != "Give up"] == ["Close it once more", "Transcript"]
    assert "“Close it once more”" in office.text(
        message
    )  # the sentence names the button that is there


async def test_every_kind_has_a_word(office: Office) -> None:
    for outcome, word in ((Done("x", "x"), "Done"), (Pending("x", "x"), "Pending")):
        await office.tell(job(outcome), office.target(seed.RANDOM))
        assert word in office.text(office.seen(seed.RANDOM)[-1])
