"""Every race the documents name ends in the right words, once for each who asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.contract import JobState
from bridge.sandbox.emulator import Exchange
from bridge.sandbox.rocketchat import Profile
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from tests.ends.stage import Stage, stage

EACH: tuple[Profile, ...] = ("A", "B", "C", "D")
ROOM = rooms.OPEN_SERVED
each_profile = pytest.mark.parametrize("profile", EACH)


@each_profile
async def test_the_visitor_closes_while_the_close_is_under_way(
    tmp_path: Path, profile: Profile
) -> None:
    async with stage(tmp_path, profile=profile) as on:
        on.rocketchat.settings.close_takes_s = 0.3
        job = await on.command(f"/close {ROOM} bye")
        await on.until(lambda _: on.rocketchat.rooms[ROOM].closing)
        on.rocketchat.close_by_visitor(ROOM)
        last = await on.ended(job)
        assert last.state is JobState.DONE
        assert "already closed by the visitor" in on.said(last)
        assert len(on.rocketchat.effects_of("close_room")) == 1


@each_profile
async def test_two_people_close_at_once(tmp_path: Path, profile: Profile) -> None:
    async with stage(tmp_path, profile=profile) as on:
        first = await on.command(f"/close {ROOM} one")
        second = await on.command(f"/close {ROOM} two", slack.MIA)
        assert "The conversation is closed." in on.said(await on.ended(first))
        assert "already closed by deskbridge" in on.said(await on.ended(second), slack.MIA)
        assert len(on.rocketchat.effects_of("close_room")) == 1


async def test_closed_while_the_mail_is_being_scheduled(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        with on.rocketchat.fault("latency", "POST */livechat/transcript/*", seconds=1.0):
            job = await on.command(f"/transcript email {ROOM} anna@example.com")
            await on.until(lambda jobs: jobs[0].state is JobState.RUNNING)
            on.rocketchat.close_by_visitor(ROOM)
            job = await on.ended(job)
        assert "can only be scheduled before" in on.said(job)
        assert "[Get the PDF]" in on.said(job)


async def test_closed_while_it_is_being_forwarded(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        with on.rocketchat.fault("latency", "POST *room.forward", seconds=1.0):
            job = await on.command(f"/transfer {ROOM} agent=tom.okoro")
            await on.until(lambda jobs: jobs[0].state is JobState.RUNNING)
            on.rocketchat.close_by_visitor(ROOM)
            job = await on.ended(job)
        assert "is closed, so it cannot be forwarded" in on.said(job)


@each_profile
async def test_a_second_wish_while_the_first_is_pending(tmp_path: Path, profile: Profile) -> None:
    async with stage(tmp_path, profile=profile) as on:
        on.rocketchat.pdf_delay_s = 10
        first = await on.pending(await on.command(f"/transcript {rooms.CLOSED_PLAIN}"))
        second = await on.pending(await on.command(f"/transcript {rooms.CLOSED_PLAIN}", slack.MIA))
        for job, who in ((first, slack.ANNA), (second, slack.MIA)):
            last = await on.ended(job)
            assert len(on.files(on.final(last, who))) == 1
        assert len(on.rocketchat.effects_of("create_pdf")) == 1


@each_profile
async def test_a_file_that_is_there_before_the_first_look(tmp_path: Path, profile: Profile) -> None:
    async with stage(tmp_path, profile=profile) as on:
        on.rocketchat.pdf_delay_s = 0.0
        job = await on.ended(await on.command(f"/transcript {rooms.CLOSED_PLAIN}"))
        assert job.looks == 0
        assert len(on.files(on.final(job))) == 1


@each_profile
async def test_the_token_ends_while_the_file_is_made(tmp_path: Path, profile: Profile) -> None:
    async with stage(tmp_path, profile=profile) as on:
        on.rocketchat.pdf_delay_s = 60
        job = await on.pending(await on.command(f"/transcript {rooms.CLOSED_PLAIN}"))
        token, on.rocketchat.user("deskbridge").token = (
            on.rocketchat.user("deskbridge").token,
            "renewed",
        )
        last = await on.ended(job)
        assert last.state is JobState.UNKNOWN
        assert "can no longer look for the file" in on.said(last)
        assert "does not accept the bridge's sign-in" in on.said(last)
        on.rocketchat.user("deskbridge").token = token
        on.clock.ahead += 60
        again = await on.ended(await on.press(on.final(last), "Ask for the PDF again"))
        assert len(on.files(on.final(again))) == 1


async def test_the_upstream_is_away_while_the_file_is_made(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.rocketchat.pdf_delay_s = 5
        job = await on.pending(await on.command(f"/transcript {rooms.CLOSED_PLAIN}"))
        with on.rocketchat.fault("reset_before", "GET *rooms.info*"):
            assert (await on.look(job)).state is JobState.PENDING
            assert on.finals(job) == []
        assert len(on.files(on.final(await on.ended(job)))) == 1


async def test_an_upstream_that_never_comes_back_ends_the_watch(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.rocketchat.pdf_delay_s = 5
        job = await on.pending(await on.command(f"/transcript {rooms.CLOSED_PLAIN}"))
        with on.rocketchat.fault("reset_before", "*"):
            await on.look(job)
            on.clock.ahead += 3 * 86_400
            last = await on.ended(job)
        assert last.state is JobState.PARKED
        assert "I tried for as long as I may and stopped" in on.said(last)


@pytest.mark.parametrize("sent", [1, 2])
async def test_the_chat_is_accepted_before_the_first_look(tmp_path: Path, sent: int) -> None:
    """The colleague is faster than the answer, or than the second request for the same."""
    async with stage(tmp_path) as on:
        on.superoffice.change(auto_response="accept", auto_response_after_s=0)
        last = await on.ended(await on.command("/transfer 648 anna@example.com"))
        assert last.state is JobState.DONE
        assert "Anna Andersen has accepted chat 648." in on.said(last)
        if sent == 2:
            again = await on.ended(await on.command("/transfer 648 anna@example.com"))
            assert "Nothing to do: Anna Andersen has chat 648 already." in on.said(again)
        assert len(_transfers(on)) == 1


async def test_a_second_offer_while_the_first_is_pending(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        first = await on.pending(await on.command("/transfer 648 anna@example.com"))
        second = await on.pending(await on.command("/transfer 648 5", slack.MIA))
        assert second.outcome is not None
        assert second.outcome.code == "transfer_already_pending"
        on.superoffice.accept(648)
        for job, who in ((first, slack.ANNA), (second, slack.MIA)):
            assert "has accepted chat 648" in on.said(await on.ended(job), who)
        assert len(_transfers(on)) == 1


async def test_the_chat_ends_or_goes_elsewhere_while_it_is_offered(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        job = await on.pending(await on.command("/transfer 648 anna@example.com"))
        on.superoffice.set_status(648, "Finished")
        assert "ended (Finished) before Anna Andersen accepted it" in on.said(await on.ended(job))

        other = await on.pending(await on.command("/transfer 649 BB"))
        on.superoffice.session(649).transfer_to_id = 5
        assert "is now offered to Anna Andersen, not to Brede" in on.said(await on.ended(other))


def _transfers(on: Stage) -> list[Exchange]:
    return [e for e in on.superoffice.exchanges if "TransferTo" in e.route]
