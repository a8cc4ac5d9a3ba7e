"""A file goes where its message went or closer to the asker, and the message says what became of it."""

from __future__ import annotations

import pytest

from bridge.contract import Done, Refused, ReplyTo
from bridge.delivery.results import File, Told
from bridge.sandbox.slack import seed
from tests.delivery.office import Office, job

PDF = File("transcript.pdf", "application/pdf", b"%PDF-1.7 hello")
ELSEWHERE = ReplyTo(team_id=seed.TEAM, slack_channel=seed.SUPPORT)


async def test_a_public_answer_s_file_is_in_its_thread(office: Office) -> None:
    told = await office.tell(job(), office.target(), file=PDF)

    assert isinstance(told, Told)
    assert (told.how, told.file) == ("channel", "thread")
    answer, shared = office.seen(user=seed.MIA)
    assert "The file transcript.pdf follows in the thread." in office.text(answer)
    assert shared.thread_ts == answer.ts
    assert [(file.name, file.content) for file in shared.files] == [(PDF.name, PDF.content)]


async def test_a_file_stays_in_the_thread_of_the_asker(office: Office) -> None:
    parent = office.slack.say(office.slack.channel(seed.SUPPORT), seed.ANNA, "look at this")

    await office.tell(job(), office.target(thread_ts=parent.ts), file=PDF)

    _, answer, shared = office.seen()
    assert (answer.thread_ts, shared.thread_ts) == (parent.ts, parent.ts)


async def test_a_private_answer_s_file_comes_as_a_direct_message(office: Office) -> None:
    told = await office.tell(job(Refused("x", "See the file.")), office.target(), file=PDF)

    assert isinstance(told, Told)
    assert (told.how, told.file) == ("response_url", "direct")
    assert office.seen(user=seed.MIA) == []
    [answer] = office.seen()
    assert "follows as a direct message" in office.text(answer)
    [shared] = office.direct()
    assert shared.files[0].content == PDF.content


async def test_where_the_bot_is_no_member_the_file_goes_to_the_asker(office: Office) -> None:
    told = await office.tell(job(), office.target(seed.RANDOM), file=PDF)

    assert isinstance(told, Told)
    assert (told.how, told.file) == ("channel", "direct")
    [answer] = office.seen(seed.RANDOM)
    assert "follows as a direct message" in office.text(answer)
    assert len(office.direct()) == 1


@pytest.mark.parametrize("target", ["program", "person"])
async def test_a_file_that_cannot_be_brought_is_said_in_the_answer(
    office: Office, target: str
) -> None:
    office.slack.tokens[seed.BOT_TOKEN].scopes.remove("files:write")

    told = await office.tell(job(), ELSEWHERE if target == "program" else office.target(), file=PDF)

    assert isinstance(told, Told)
    assert (told.file, told.problem) == ("not_brought", "missing_scope")
    [answer] = office.all_seen()
    assert "lacks the permission files:write" in office.text(answer)
    assert "You can still get it in Rocket.Chat." in office.text(answer)


async def test_a_private_answer_is_corrected_when_its_file_cannot_be_brought(
    office: Office,
) -> None:
    office.slack.tokens[seed.BOT_TOKEN].scopes.remove("files:write")

    told = await office.tell(job(Refused("x", "See the file.")), office.target(), file=PDF)

    assert isinstance(told, Told)
    assert (told.file, told.uses) == ("not_brought", 2)
    [answer] = office.all_seen()
    assert answer.ephemeral_to == seed.ANNA
    assert "lacks the permission files:write" in office.text(answer)


async def test_an_unconfirmed_upload_is_not_sent_again(office: Office) -> None:
    with office.slack.fault("reset_after", "POST /upload/*"):
        told = await office.tell(job(), office.target(), file=PDF)

    assert isinstance(told, Told)
    assert (told.file, told.problem) == ("not_brought", "lost")


async def test_a_text_too_long_for_a_message_follows_as_a_file(office: Office) -> None:
    long = "one line of many\n" * 2000

    told = await office.tell(job(Done("x", long)), office.target())

    assert isinstance(told, Told)
    answer, shared = office.seen()
    assert "one line of many" in office.text(answer)
    assert len(office.text(answer)) < 4000
    assert shared.files[0].content == long.encode()
    assert not office.slack.rejected
