"""A job's end is told once, by the first way that is open, and never to more people than it should."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bridge.contract import Refused, ReplyTo
from bridge.delivery.results import NotTold, Told
from bridge.sandbox.slack import seed
from tests.delivery.office import REFUSED, Office, job


async def test_the_channel_sees_that_it_is_done(office: Office) -> None:
    told = await office.tell(job(), office.target())

    assert told == Told("response_url", uses=1)
    [message] = office.seen(user=seed.MIA)
    assert "*Done* · Close conversation\nThe conversation is closed." in office.text(message)
    assert "01JB00000000000000000000AB" in office.text(message)
    assert "asked by @anna" in office.text(message)


async def test_only_the_asker_sees_a_refusal(office: Office) -> None:
    told = await office.tell(job(REFUSED), office.target())

    assert told == Told("response_url", uses=1)
    [message] = office.seen()
    assert message.ephemeral_to == seed.ANNA
    assert "Refused" in office.text(message)
    assert "Next: Ask its agent." in office.text(message).replace("*", "")
    assert office.seen(user=seed.MIA) == []


async def test_the_answer_needs_no_membership(office: Office) -> None:
    assert isinstance(await office.tell(job(), office.target(seed.VIP)), Told)
    assert len(office.seen(seed.VIP)) == 1


async def test_a_workspace_decides_what_the_channel_sees(office: Office) -> None:
    office.delivery._means.renderer._in_channel = {"rocketchat.close_room": False}

    await office.tell(job(), office.target())

    assert [message.ephemeral_to for message in office.seen()] == [seed.ANNA]


@pytest.mark.parametrize("spent", ["used", "expired by Slack", "expired by the clock", "foreign"])
async def test_a_dead_response_url_gives_way_to_the_channel(office: Office, spent: str) -> None:
    target = office.target()
    match spent:
        case "used":
            office.slack.settings.response_url_uses = 0
        case "expired by Slack":
            office.slack.settings.response_urls_expired = True
        case "expired by the clock":
            office.clock.now += 30 * 60
        case "foreign":
            target = replace(target, response_url="https://evil.example/commands/T/1/x")

    told = await office.tell(job(), target)

    assert isinstance(told, Told)
    assert told.how == "channel"
    assert [message.via for message in office.seen(user=seed.MIA)] == ["api"]


async def test_five_counted_uses_are_not_tried_again(office: Office) -> None:
    told = await office.tell(job(), office.target(response_url_uses=5))

    assert isinstance(told, Told)
    assert (told.how, told.uses) == ("channel", 5)
    assert not office.slack.effects_of("refuse_response_url_post")


async def test_a_private_answer_never_falls_back_into_the_channel(office: Office) -> None:
    office.slack.settings.response_urls_expired = True

    told = await office.tell(job(REFUSED), office.target())

    assert isinstance(told, Told)
    assert told.how == "ephemeral"
    assert [message.ephemeral_to for message in office.all_seen()] == [seed.ANNA]


async def test_a_private_answer_long_after_comes_as_a_direct_message(office: Office) -> None:
    target = office.target()
    office.clock.now += 3600

    told = await office.tell(job(REFUSED), target)

    assert isinstance(told, Told)
    assert told.how == "direct"
    assert [message.channel for message in office.all_seen()] == [seed.DM]


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        (seed.OLD, "is_archived"),
        (seed.VIP, "channel_not_found"),
        ("C0NOWHERE1", "channel_not_found"),
    ],
)
async def test_a_closed_channel_gives_way_to_a_direct_message(
    office: Office, channel: str, error: str
) -> None:
    target = office.target(response_url="", slack_channel=channel)

    told = await office.tell(job(), target)

    assert isinstance(told, Told), error
    assert told.how == "direct"
    assert [message.channel for message in office.all_seen()] == [seed.DM]


async def test_a_read_only_channel_gives_way_to_a_direct_message(office: Office) -> None:
    office.slack.channels[seed.SUPPORT].read_only = True

    told = await office.tell(job(), office.target(response_url=""))

    assert isinstance(told, Told)
    assert told.how == "direct"


async def test_a_program_without_a_person_is_not_told_with_the_reason(office: Office) -> None:
    target = ReplyTo(team_id=seed.TEAM, slack_channel=seed.OLD)

    told = await office.tell(job(), target)

    assert told == NotTold("is_archived")
    assert office.all_seen() == []


async def test_a_program_s_channel_hears_errors_too_with_addresses_masked(office: Office) -> None:
    refused = Refused("x", "Nothing was sent to anna@example.com.")

    told = await office.tell(job(refused), ReplyTo(team_id=seed.TEAM, slack_channel=seed.SUPPORT))

    assert isinstance(told, Told)
    [message] = office.seen(user=seed.MIA)
    assert "a***@example.com" in office.text(message)
    assert "anna@example.com" not in json.dumps(message.blocks) + message.text


async def test_typed_personal_data_is_not_published_by_the_answer(office: Office) -> None:
    """Slack shows the typed command beside a public answer through a response_url."""
    personal = job(args={"room": "abc", "email": "guest@example.org"})

    told = await office.tell(personal, office.target())
    elsewhere = await office.tell(personal, office.target(seed.VIP))

    assert isinstance(told, Told)
    assert isinstance(elsewhere, Told)
    assert (told.how, elsewhere.how) == ("channel", "response_url")
    assert [message.ephemeral_to for message in office.seen(seed.VIP)] == [seed.ANNA]


async def test_the_thread_is_kept(office: Office) -> None:
    parent = office.slack.say(office.slack.channel(seed.SUPPORT), seed.ANNA, "look at this")

    await office.tell(job(), office.target(command=False, thread_ts=parent.ts))
    await office.tell(job(), office.target(response_url="", thread_ts=parent.ts))

    _, first, second = office.seen()
    assert (first.thread_ts, second.thread_ts) == (parent.ts, parent.ts)
