"""An e-mail transcript: scheduled, to whom, changed, cancelled, and seen to be sent, or not seen."""

from __future__ import annotations

from pathlib import Path

from bridge.contract import JobState
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from bridge.sandbox.slack.model import Message
from tests.ends.stage import Stage, stage

ROOM = rooms.OPEN_SERVED
ASK = f"/transcript email {ROOM} anna@example.com Your chat"


async def test_scheduled_is_shown_and_sent_is_told_after_the_close(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        job = await on.pending(await on.command(ASK))
        await on.until(lambda _: any("Scheduled" in on.text(m) for m in _seen(on)))
        shown = next(on.text(m) for m in _seen(on) if "Scheduled" in on.text(m))
        assert "a***@example.com when the conversation closes" in shown
        assert "anna@example.com" not in shown
        assert on.finals(job) == []

        await on.ended(await on.command(f"/close {ROOM} bye", slack.MIA))
        last = await on.ended(job)

        assert last.state is JobState.DONE
        assert "e-mailed the transcript to a***@example.com" in on.said(last)
        assert len(on.rocketchat.outbox) == 1
        assert last.outcome is not None
        assert last.outcome.facts["sent"] is True


async def test_a_mail_that_was_swallowed_is_not_called_sent(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        job = await on.pending(await on.command(ASK))
        on.rocketchat.mail_delay_s = 86_400
        on.rocketchat.close_by_visitor(ROOM)
        last = await on.ended(job)
        assert last.state is JobState.UNKNOWN
        assert "has not seen that the transcript" in on.said(last)
        assert "[Get the PDF]" in on.said(last)


async def test_another_address_is_shown_and_can_be_changed_or_cancelled(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        first = await on.pending(await on.command(ASK))
        other = await on.ended(await on.command(f"/transcript email {ROOM} bo@example.com"))
        assert "already scheduled, but to another address: a***@example.com" in on.said(other)

        changed = await on.pending(await on.press(on.final(other), "Change the address"))
        assert changed.outcome is not None
        assert changed.outcome.facts["to"] == "b***@example.com"
        told = await on.ended(first)  # whoever asked first hears it at once
        assert "now goes to b***@example.com" in on.said(told)

        gone = await on.ended(await on.press(on.final(other), "Cancel the scheduled one"))
        assert gone.outcome is not None
        assert gone.outcome.facts["cancelled"] is True
        assert "took back" in on.said(await on.ended(changed))
        assert on.rocketchat.rooms[ROOM].transcript_request is None


def _seen(on: Stage) -> list[Message]:
    return on.slack.messages(slack.SUPPORT, slack.ANNA)
