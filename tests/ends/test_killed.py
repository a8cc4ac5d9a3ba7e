"""The process is killed in the middle; the next one ends what was begun, once and in the right words."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from tests.ends.process import Killable, killable

pytestmark = pytest.mark.alone  # real processes and real time: no neighbours

ROOM = rooms.OPEN_SERVED


async def ask(on: Killable, line: str) -> None:
    word, _, text = line.partition(" ")
    assert (await on.slack.command(slack.ANNA, slack.SUPPORT, word, text)).status == 200


async def in_between(on: Killable, line: str, route: str) -> None:
    """Kill it when the call has had its effect and before its answer is read; then start anew."""
    emulator = on.superoffice if line.startswith("/transfer 6") else on.rocketchat
    with emulator.fault("hang_after", route, times=1) as fault:
        await ask(on, line)
        await on.until(lambda: fault not in emulator.faults)
        await on.until(lambda: emulator.effects)
        await on.kill()
    await on.start()


@pytest.mark.parametrize(
    ("line", "route", "effect", "said"),
    [
        (f"/close {ROOM} bye", "POST *closeByUser", "close_room", "The conversation is closed."),
        (
            f"/transcript {rooms.CLOSED_PLAIN}",
            "POST *request-transcript",
            "request_pdf",
            "The PDF transcript is ready.",
        ),
        (
            f"/transfer {ROOM} agent=tom.okoro",
            "POST *room.forward",
            "forward_room",
            "tom.okoro serves the conversation now",
        ),
        (
            f"/export file {rooms.CLOSED_PLAIN}",
            "POST *rooms.export",
            "send_mail",
            "answer was lost. It may or may not have happened.",
        ),
    ],
)
async def test_killed_between_the_effect_and_its_answer(
    tmp_path: Path, line: str, route: str, effect: str, said: str
) -> None:
    async with killable(tmp_path) as on:
        await in_between(on, line, route)
        await on.until(lambda: on.said(said))
        assert len(on.rocketchat.effects_of(effect)) == 1
        assert len(on.said(said)) == 1


async def test_killed_while_a_chat_is_offered(tmp_path: Path) -> None:
    async with killable(tmp_path) as on:
        await in_between(on, "/transfer 648 anna@example.com", "POST *TransferTo*")
        await on.until(lambda: on.said("is offered to Anna Andersen"))
        on.superoffice.accept(648)
        await on.until(lambda: on.said("Anna Andersen has accepted chat 648."))
        assert len(on.superoffice.effects_of("request_transfer")) == 1
        assert not on.superoffice.effects_of("repeat_transfer")
        assert len(on.said("has accepted")) == 1


async def test_killed_while_watching(tmp_path: Path) -> None:
    async with killable(tmp_path) as on:
        on.rocketchat.settings.pdf_outcome = "hangs"
        await ask(on, f"/transcript {rooms.CLOSED_PLAIN}")
        await on.until(lambda: on.said("is making the PDF transcript"))
        await on.kill()
        room = on.rocketchat.rooms[rooms.CLOSED_PLAIN]
        room.pdf_transcript_file_id = on.rocketchat.rooms[
            rooms.CLOSED_WITH_PDF
        ].pdf_transcript_file_id
        await on.start()
        await on.until(lambda: on.said("The PDF transcript is ready."))
        assert len(on.said("The PDF transcript is ready.")) == 1
        await on.until(lambda: [m for m in on.messages() if m.files])


async def test_killed_with_a_standing_wish(tmp_path: Path) -> None:
    async with killable(tmp_path) as on:
        await ask(on, f"/transcript pdf {ROOM} wait=yes")
        await on.until(lambda: on.said("PDF comes here when it has been closed"))
        await on.kill()
        await on.start()
        await ask(on, f"/close {ROOM} bye")
        await on.until(lambda: on.said("The PDF transcript is ready."))
        assert len(on.said("The PDF transcript is ready.")) == 1
