"""The PDF transcript comes itself, once, or the asker is told why not and keeps a way on."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.contract import JobState
from bridge.sandbox.emulator import Fault
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.rocketchat.state import Settings
from bridge.sandbox.slack import seed as slack
from tests.ends.stage import stage

ASK = f"/transcript pdf {rooms.CLOSED_PLAIN}"


async def test_the_file_is_brought_into_the_thread_byte_for_byte(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.rocketchat.pdf_delay_s = 5.0
        job = await on.pending(await on.command(ASK))
        assert 0.5 < job.run_at - on.clock() <= 1.5  # the first look comes soon

        last = await on.ended(job)

        [made] = [f for f in on.rocketchat.files.values() if f.rid == rooms.CLOSED_PLAIN]
        message = on.final(last)
        assert message.channel == slack.SUPPORT
        assert on.files(message) == [made.content]
        assert "The PDF transcript is ready." in on.text(message)
        assert "follows in the thread" in on.text(message)
        assert last.outcome is not None
        assert last.outcome.facts["pdf_file_id"] == made.id


async def test_a_pdf_that_exists_is_just_brought(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        first = await on.ended(await on.command(f"/transcript {rooms.CLOSED_WITH_PDF}"))
        second = await on.ended(await on.command(f"/transcript {rooms.CLOSED_WITH_PDF}"))
        assert on.files(on.final(first)) == on.files(on.final(second))
        assert len(on.files(on.final(first))) == 1
        assert not on.rocketchat.effects_of("create_pdf")


async def test_not_confirmed_is_said_once_and_the_button_works_later(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.rocketchat.settings.pdf_outcome = "hangs"
        job = await on.ended(await on.command(ASK))
        assert job.state is JobState.UNKNOWN
        assert "no file appeared within 4 minutes" in on.said(job)
        writes = [e for e in on.rocketchat.exchanges if "request-transcript" in e.route]
        assert len(writes) == 2  # a stuck one is asked for once more

        on.rocketchat.settings.pdf_outcome = "ok"
        again = await on.ended(await on.press(on.final(job), "Ask for the PDF again"))
        assert len(on.files(on.final(again))) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("garbage", "GET /file-upload/*"),
        Fault("huge", "GET /file-upload/*", size=30_000),
        Fault("status", "GET /file-upload/*", status=403),
    ],
    ids=lambda fault: fault.kind,
)
async def test_what_is_no_such_file_is_not_brought_under_its_name(
    tmp_path: Path, fault: Fault
) -> None:
    async with stage(tmp_path, outbound__max_file_bytes=20_000) as on:
        on.rocketchat.faults.append(fault)
        job = await on.ended(await on.command(f"/transcript {rooms.CLOSED_WITH_PDF}"))
        message = on.final(job)
        assert "could not be fetched, so it does not come along" in on.said(job)
        assert "follows" not in on.said(job)
        assert on.files(message) == []


async def test_an_open_conversation_is_closed_and_the_pdf_brought(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        offer = await on.ended(await on.command(f"/transcript {rooms.OPEN_SERVED}"))
        assert "still open" in on.said(offer)
        await on.slack.click(slack.ANNA, on.final(offer), "Close it and bring the PDF")
        job = await on.ended(await on.form({"comment": "all solved"}))
        assert job.action == "rocketchat.close_room"
        assert len(on.files(on.final(job))) == 1
        assert "The conversation is closed. The PDF transcript is ready." in on.said(job)


async def test_no_plan_is_told_as_such(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.rocketchat.settings = Settings(licence=False)
        job = await on.ended(await on.command(ASK))
        assert job.state is JobState.REFUSED
        assert "premium plan" in on.said(job)
