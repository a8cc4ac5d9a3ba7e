"""An export says where its link goes and what cannot be seen; who was not reached is no small print."""

from __future__ import annotations

from pathlib import Path

from bridge.contract import JobState
from bridge.sandbox.rocketchat import seed as rooms
from tests.ends.stage import stage

ROOM = rooms.CLOSED_PLAIN


async def test_a_file_goes_to_the_owners_mailbox_and_that_is_all_that_is_known(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as on:
        job = await on.ended(await on.command(f"/export file {ROOM} from=2020-01-01"))
        assert job.state is JobState.PENDING  # the last word, and no promise
        assert "mails a download link to d***@desk.example" in on.said(job)
        assert "cannot see when that is done" in on.said(job)
        asked = [e.route for e in on.rocketchat.exchanges if "/api/" in e.route]
        assert asked == ["/api/v1/me", "/api/v1/rooms.export"]


async def test_without_a_mailbox_nothing_is_started(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.rocketchat.user("deskbridge").email = None
        job = await on.ended(await on.command(f"/export file {ROOM}"))
        assert job.state is JobState.REFUSED
        assert "Nothing was exported" in on.said(job)
        assert not [e for e in on.rocketchat.exchanges if "rooms.export" in e.route]


async def test_an_empty_answer_to_a_read_says_nothing_about_the_mailbox(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        with on.rocketchat.fault("empty", "GET */api/v1/me", times=1):
            job = await on.ended(await on.command(f"/export file {ROOM}"))
        assert job.state is JobState.PENDING
        assert "mails a download link to d***@desk.example" in on.said(job)


async def test_some_missing_is_a_warning_and_all_missing_a_refusal(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        message = on.rocketchat.rooms[ROOM].messages[0]["_id"]
        line = f"/export email {ROOM} messages={message}"
        some = await on.ended(await on.command(f"{line} users=mara.lind,yuki.sato"))
        assert "⚠ Not reached: yuki.sato" in on.said(some)
        assert some.outcome is not None
        assert some.outcome.facts["missing"] == ["yuki.sato"]
        assert some.outcome.facts["to_users"] == ["mara.lind"]

        none = await on.ended(await on.command(f"{line} users=yuki.sato,nobody.here"))
        assert none.state is JobState.REFUSED
        assert "Nobody got the messages" in on.said(none)
        assert "[Add addresses and send]" in on.said(none)


async def test_a_lost_answer_is_not_sent_again(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        with on.rocketchat.fault("reset_after", "POST *rooms.export", times=1):
            job = await on.ended(await on.command(f"/export file {ROOM}"))
        assert job.state is JobState.UNKNOWN
        assert "answer was lost" in on.said(job)
        assert "Channel Export" in on.said(job)  # where to look
        assert len(on.rocketchat.outbox) == 1
