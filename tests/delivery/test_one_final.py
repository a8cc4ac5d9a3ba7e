"""What a person reads at the end: one final message, and no line that still claims to be at work."""

from __future__ import annotations

from dataclasses import replace

from bridge.contract import Done, Pending, ReplyTo
from bridge.delivery import notices
from bridge.delivery.results import File, Told
from bridge.sandbox.slack import Message, seed
from tests.delivery.office import CLOSED, REFUSED, Office, job

FILE = File("transcript.pdf", "application/pdf", b"%PDF-1.7")
PRIVATE, PUBLIC = job(REFUSED), job(CLOSED)
MAKING = job(Pending("x", "The PDF is being made."))


def show_ack(office: Office, target: ReplyTo, wait_s: float = 0.0) -> None:
    """What stands in the 200 appears on screen."""
    said = notices.accepted(job(None), wait_s)
    ack = office.slack.put(
        Message(
            office.slack.next_ts(),
            seed.SUPPORT,
            "UBOT",
            said.text,
            list(said.blocks),
            [],
            ephemeral_to=seed.ANNA,
            via="command_reply",
        )
    )
    path = target.response_url.removeprefix(office.slack.public_url)
    office.slack.hooks[path].original = ack


def on_screen(office: Office) -> list[str]:
    """First words of all that Anna sees, here and in her direct messages."""
    seen = [*office.seen(), *office.direct()]
    return [office.text(message).partition("\n")[0] for message in seen]


async def test_a_private_end_takes_the_place_of_the_ack(office: Office) -> None:
    target = office.target()
    show_ack(office, target)
    await office.tell(PRIVATE, target)
    [only] = on_screen(office)
    assert "Refused" in only


async def test_a_quick_public_end_leaves_the_ack_which_stays_true(office: Office) -> None:
    target = office.target()
    show_ack(office, target)
    await office.tell(PUBLIC, target)
    ack, final = on_screen(office)
    assert "Accepted. One message will tell you how it ends." in ack
    assert "Done" in final


async def test_an_end_that_overtakes_its_ack_is_still_the_only_end(office: Office) -> None:
    for early in (PRIVATE, PUBLIC):
        before = len(on_screen(office))
        target = office.target()
        await office.tell(early, target)
        show_ack(office, target)
        final, ack = on_screen(office)[before:]
        assert "Accepted." in ack
        assert any(word in final for word in ("Done", "Refused"))


async def test_progress_leads_to_a_public_end(office: Office) -> None:
    target = office.target()
    show_ack(office, target, wait_s=40)
    target = await office.delivery.progress(MAKING, target, notices.pending(MAKING))
    office.clock.now += 60
    told = await office.tell(PUBLIC, target)
    assert told == Told("response_url", uses=3)
    line, final = on_screen(office)
    assert line == "It has ended. The answer comes as a message of its own."
    assert "Done" in final


async def test_a_queue_s_line_leads_to_a_public_end(office: Office) -> None:
    target = office.target()
    show_ack(office, target, wait_s=40)
    office.clock.now += 41
    await office.tell(PUBLIC, target)
    line, final = on_screen(office)
    assert "It has ended." in line
    assert "Done" in final


async def test_progress_leads_to_an_end_that_hangs_on_its_file(office: Office) -> None:
    target = office.target()
    show_ack(office, target)
    target = await office.delivery.progress(MAKING, target, notices.pending(MAKING))
    await office.tell(job(Done("ready", "Here is the PDF.")), target, file=FILE)
    line, final, *file = on_screen(office)
    assert "It has ended." in line
    assert "Done" in final
    assert [name for name in file if "Done" in name] == []


async def test_after_the_url_expired_nothing_on_screen_is_untrue(office: Office) -> None:
    target = office.target()
    show_ack(office, target)
    office.clock.now += 31 * 60
    told = await office.tell(PRIVATE, target)
    assert isinstance(told, Told)
    assert told.how == "direct"
    ack, final = on_screen(office)
    assert ack == "Accepted. One message will tell you how it ends."
    assert "Refused" in final


async def test_a_replacement_that_fails_costs_nobody_the_end(office: Office) -> None:
    target = replace(office.target(), response_url_uses=1)
    with office.slack.fault("reset_before", "POST /commands/*", times=1):
        told = await office.tell(PUBLIC, target)
    assert isinstance(told, Told)
    assert any("Done" in text for text in on_screen(office))
