"""Whatever Slack answers, or does not, a job ends in one message or in a typed reason."""

from __future__ import annotations

import json

import pytest

from bridge.contract import ReplyTo
from bridge.delivery.results import Ambiguous, NotTold, Told, TryLater
from bridge.sandbox.slack import seed
from tests.delivery.office import Office, job

ANY_POST = "*/api/*"
RESPOND = "POST /commands/*"


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
    office.clock.now += 40
    assert isinstance(await office.tell(job(), office.target(response_url="")), Told)
    assert len(office.seen()) == 1


@pytest.mark.parametrize(
    ("asked", "waited"),
    [("3600", 3600.0), ("3601", 3600.0), ("1735689600", 3600.0), ("9" * 400, 3600.0), ("²", 1.0)],
)
async def test_a_wait_that_slack_cannot_mean_is_an_hour_at_most(
    office: Office, asked: str, waited: float
) -> None:
    headers = {"Retry-After": asked, "Content-Type": "application/json"}
    body = '{"ok":false,"error":"ratelimited"}'
    with office.slack.fault("status", ANY_POST, times=1, status=429, body=body, headers=headers):
        told = await office.tell(job(), office.target(response_url=""))

    assert told == TryLater(waited, "ratelimited")


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
    assert told.reason == "http_307"


async def test_a_slack_that_is_not_there_is_tried_later(office: Office) -> None:
    office.slack.public_url = "http://127.0.0.1:9"
    office.__post_init__()

    told = await office.tell(job(), office.target())

    assert isinstance(told, TryLater)
    assert told.uses == 0
