"""A job's end is told once, by the first way that is open, and never to more people than it should."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bridge.contract import Done, FollowUp, JobState, Pending, Refused, ReplyTo
from bridge.delivery import notices
from bridge.delivery.results import Ambiguous, NotTold, Told, TryLater
from bridge.sandbox.slack import seed
from tests.delivery.office import ABOUT, CLOSED, REFUSED, Office, job

POST = "POST /api/{method}"
ANY_POST = "*/api/*"
RESPOND = "POST /commands/*"


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
            office.clock.at += 30 * 60
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
    office.clock.at += 3600

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

    assert told == NotTold("is_archived", tried=("is_archived",))
    assert office.all_seen() == []


async def test_a_program_s_channel_hears_errors_too_with_addresses_masked(office: Office) -> None:
    refused = Refused("x", "Nothing was sent to anna@example.com.")

    told = await office.tell(job(refused), ReplyTo(team_id=seed.TEAM, slack_channel=seed.SUPPORT))

    assert isinstance(told, Told)
    [message] = office.seen(user=seed.MIA)
    assert "a***@example.com" in office.text(message)
    assert "anna@example.com" not in json.dumps(message.blocks) + message.text


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("revoked", "token_revoked"),
        ("inactive", "account_inactive"),
        ("unknown", "invalid_auth"),
        ("none", "no_token"),
    ],
)
async def test_a_token_that_does_not_work_is_named(
    office: Office, broken: str, reason: str
) -> None:
    match broken:
        case "revoked":
            office.slack.tokens[seed.BOT_TOKEN].revoked = True
        case "inactive":
            office.slack.teams[seed.TEAM].active = False
        case "unknown":
            office.tokens[seed.TEAM] = "xoxb-nobody"
        case "none":
            office.tokens.clear()

    told = await office.tell(job(), office.target(response_url=""))

    assert isinstance(told, NotTold)
    assert told.reason == reason
    calls = [exchange for exchange in office.slack.exchanges if "/api/" in exchange.path]
    assert len(calls) <= 1, "a dead token is not tried again"


async def test_a_missing_scope_is_named(office: Office) -> None:
    office.slack.tokens[seed.BOT_TOKEN].scopes.remove("chat:write")

    told = await office.tell(job(), office.target(response_url=""))

    assert isinstance(told, NotTold)
    assert (told.reason, told.needed) == ("missing_scope", "chat:write")


async def test_without_im_write_a_direct_message_still_arrives(office: Office) -> None:
    office.slack.tokens[seed.BOT_TOKEN].scopes.remove("im:write")

    told = await office.tell(job(), ReplyTo(team_id=seed.TEAM, slack_user=seed.ANNA))

    assert isinstance(told, Told)
    assert len(office.direct()) == 1


@pytest.mark.parametrize("error", ["invalid_blocks", "msg_blocks_too_long", "msg_too_long"])
async def test_what_slack_does_not_take_is_said_in_plain_words(office: Office, error: str) -> None:
    body = json.dumps({"ok": False, "error": error})
    headers = {"Content-Type": "application/json"}
    with office.slack.fault("status", ANY_POST, times=1, status=200, body=body, headers=headers):
        told = await office.tell(job(), office.target(response_url=""))

    assert isinstance(told, Told)
    [message] = office.seen()
    assert message.blocks == []
    assert "The conversation is closed." in office.text(message)


async def test_blocks_refused_by_a_response_url_are_said_in_plain_words(office: Office) -> None:
    with office.slack.fault("status", RESPOND, times=1, status=400, body="invalid_blocks"):
        told = await office.tell(job(), office.target())

    assert told == Told("response_url", uses=2)
    [message] = office.seen()
    assert message.blocks == []


async def test_a_rate_limit_is_handed_back_and_remembered(office: Office) -> None:
    with office.slack.fault(
        "status",
        ANY_POST,
        times=1,
        status=429,
        body='{"ok":false,"error":"ratelimited"}',
        headers={"Retry-After": "40", "Content-Type": "application/json"},
    ):
        told = await office.tell(job(), office.target(response_url=""))

    assert told == TryLater(40.0, "ratelimited")
    before = len(office.slack.exchanges)
    again = await office.tell(job(), office.target(response_url=""))
    assert again == TryLater(40.0, "pace")
    assert len(office.slack.exchanges) == before, "Slack asked for silence"
    office.clock.at += 40
    assert isinstance(await office.tell(job(), office.target(response_url="")), Told)
    assert len(office.seen()) == 1


async def test_posts_to_one_channel_are_a_second_apart(office: Office) -> None:
    office.slack.settings.post_rate = True
    office.slack.settings.post_burst = 1

    for _ in range(3):
        assert isinstance(await office.tell(job(), office.target(response_url="")), Told)

    assert office.clock.slept == [1.0, 1.0]
    assert len(office.seen()) == 3


@pytest.mark.parametrize("kind", ["hang_after", "reset_after", "garbage", "empty", "truncated"])
async def test_a_lost_answer_of_the_web_api_is_ambiguous(office: Office, kind: str) -> None:
    with office.slack.fault(kind, ANY_POST, times=1):  # type: ignore[arg-type]
        told = await office.tell(job(), office.target(response_url=""))

    assert isinstance(told, Ambiguous)
    again = await office.tell(job(), office.target(response_url=""), repeated=True)
    assert isinstance(again, Told)
    first, second = office.seen()
    assert "(repeated)" not in office.text(first)
    assert "(repeated)" in office.text(second)


async def test_a_server_error_of_the_web_api_is_ambiguous(office: Office) -> None:
    with office.slack.fault("status", ANY_POST, times=1, status=502, body="bad gateway"):
        told = await office.tell(job(), office.target(response_url=""))

    assert told == Ambiguous("http_502")


@pytest.mark.parametrize("kind", ["hang_after", "reset_after"])
async def test_a_lost_answer_of_a_response_url_is_ambiguous(office: Office, kind: str) -> None:
    with office.slack.fault(kind, RESPOND, times=1):  # type: ignore[arg-type]
        told = await office.tell(job(), office.target())

    assert isinstance(told, Ambiguous)
    assert told.uses == 1
    assert len(office.seen()) == 1, "no second way is tried while nobody knows"


@pytest.mark.parametrize("status", [404, 429, 500, 503])
async def test_any_other_answer_of_a_response_url_means_dead(office: Office, status: int) -> None:
    with office.slack.fault("status", RESPOND, times=1, status=status):
        told = await office.tell(job(), office.target())

    assert isinstance(told, Told)
    assert (told.how, told.uses) == ("channel", 5)
    assert len(office.seen()) == 1


async def test_a_redirect_is_not_followed(office: Office) -> None:
    with office.slack.fault("redirect", location="https://evil.example/"):
        told = await office.tell(job(), office.target())

    assert isinstance(told, NotTold)
    assert told.tried == ("dead_url", "http_307")


async def test_a_slack_that_is_not_there_is_tried_later(office: Office) -> None:
    office.slack.public_url = "http://127.0.0.1:9"
    office.__post_init__()

    told = await office.tell(job(), office.target())

    assert isinstance(told, TryLater)
    assert told.uses == 0


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


async def test_a_button_s_message_is_not_replaced_by_its_answer(office: Office) -> None:
    await office.tell(job(), office.target())
    [original] = office.seen()
    url = office.slack.new_hook(office.slack.channel(seed.SUPPORT), seed.ANNA, original)

    await office.tell(job(REFUSED), office.target(response_url=url))

    assert [m.ephemeral_to for m in office.seen()] == [None, seed.ANNA]
    assert "The conversation is closed." in office.text(original)


async def test_progress_becomes_the_private_answer(office: Office) -> None:
    target = office.target()

    target = await office.delivery.progress(job(None), target, notices.queued(job(None), 41))
    assert "about 40 s" in office.text(office.seen()[0])
    target = await office.delivery.progress(job(None), target, notices.working(job(None)))
    told = await office.tell(job(REFUSED), target)

    assert told == Told("response_url", uses=3)
    [message] = office.seen()
    assert "You may not close it." in office.text(message)


async def test_progress_leaves_the_last_uses_to_the_answer(office: Office) -> None:
    target = office.target(response_url_uses=3)

    same = await office.delivery.progress(job(None), target, notices.working(job(None)))

    assert same == target
    assert office.seen() == []


async def test_a_program_s_progress_is_one_message_that_becomes_the_final_one(
    office: Office,
) -> None:
    target = ReplyTo(team_id=seed.TEAM, slack_channel=seed.SUPPORT)

    target = await office.delivery.progress(job(None), target, notices.working(job(None)))
    assert target.message_ts
    office.clock.at += 1
    what = notices.taken_up(job(None), "looking for the PDF")
    await office.delivery.progress(job(None), target, what)
    assert "Taken up by Rocket.Chat, looking for the PDF…" in office.text(office.seen()[0])
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


@pytest.mark.parametrize("kind", ["hang", "reset_after", "garbage", "status"])
async def test_progress_never_raises(office: Office, kind: str) -> None:
    with office.slack.fault(kind):  # type: ignore[arg-type]
        await office.delivery.progress(job(None), office.target(), notices.working(job(None)))
        alone = ReplyTo(team_id=seed.TEAM, slack_channel=seed.SUPPORT)
        await office.delivery.progress(job(None), alone, notices.working(job(None)))


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


async def test_every_kind_has_a_word(office: Office) -> None:
    for outcome, word in ((Done("x", "x"), "Done"), (Pending("x", "x"), "Pending")):
        await office.tell(job(outcome), office.target(seed.RANDOM))
        assert word in office.text(office.seen(seed.RANDOM)[-1])
