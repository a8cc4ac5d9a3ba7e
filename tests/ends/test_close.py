"""A close is looked at before it is told, and what was asked to come along comes, or is said not to."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.contract import JobState
from bridge.sandbox.rocketchat import Profile
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.rocketchat.state import Settings
from bridge.sandbox.slack import seed as slack
from tests.ends.stage import stage

ROOM = rooms.OPEN_SERVED
EACH: tuple[Profile, ...] = ("A", "B", "C", "D")


async def test_who_closed_it_is_told_when_it_was_closed_before(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.rocketchat.close_by_visitor(ROOM)
        job = await on.ended(await on.command(f"/close {ROOM} bye"))
        assert job.state is JobState.DONE
        assert "already closed by the visitor on" in on.said(job)
        assert "comment and the tags of this request were not used" in on.said(job)


async def test_comment_and_tags_are_asked_for_in_a_form(tmp_path: Path) -> None:
    async with stage(tmp_path, connections__rocketchat__default_comment="") as on:
        bare = await on.ended(await on.command(f"/close {ROOM}"))
        assert "wants a comment" in on.said(bare)
        await on.slack.click(slack.ANNA, on.final(bare), "Add a comment and close")
        job = await on.ended(await on.form({"comment": "all solved"}))
        assert "The conversation is closed." in on.said(job)

        tags = await on.ended(await on.command(f"/close {rooms.NEEDS_TAGS} bye"))
        assert "wants tags" in on.said(tags)
        job = await on.ended(await on.command(f"/close {rooms.NEEDS_TAGS} tags=invoice bye"))
        assert job.outcome is not None
        assert job.outcome.facts["tags"] == ["invoice", "billing"]


async def test_the_community_edition_is_noticed_at_the_first_look(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.rocketchat.settings = Settings(licence=False)
        job = await on.ended(await on.command(f"/close {ROOM} pdf=yes bye"))
        assert job.looks == 1
        assert job.state is JobState.DONE
        assert "closed. But there is no PDF transcript." in on.said(job)
        assert job.outcome is not None
        assert (job.outcome.facts["closed"], job.outcome.facts["pdf"]) == (True, "refused")


async def test_without_the_right_to_ask_the_closes_own_pdf_still_comes(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        on.rocketchat.roles["request-pdf-transcript"] = set()  # a close does not check it
        on.rocketchat.pdf_delay_s = 4.0
        job = await on.ended(await on.command(f"/close {ROOM} pdf=yes bye"))
        assert len(on.files(on.final(job))) == 1


@pytest.mark.parametrize("profile", EACH)
async def test_by_force_only_when_said_and_confirmed(tmp_path: Path, profile: Profile) -> None:
    async with stage(tmp_path, profile=profile) as on:
        on.rocketchat.settings = Settings(allow_force_close=True)
        on.rocketchat.rooms[ROOM].damage = "Error closing room"
        job = await on.ended(await on.command(f"/close {ROOM} bye"))
        assert "its data looks damaged" in on.said(job)
        sent = [e for e in on.rocketchat.exchanges if "closeByUser" in e.route]
        assert all("forceClose" not in exchange.body for exchange in sent)

        # the button opens the form with force chosen: nothing runs before the person sends it
        await on.slack.click(slack.ANNA, on.final(job), "Close it by force")
        on.rocketchat.rooms[ROOM].damage = None
        forced = await on.ended(await on.form({}))
        old = profile == "A"
        assert ("too old to close by force" if old else "closed.") in on.said(forced)


@pytest.mark.parametrize("profile", EACH)
async def test_a_program_gets_the_same_in_facts(tmp_path: Path, profile: Profile) -> None:
    async with stage(tmp_path, profile=profile) as on:
        told = await on.call(
            "rocketchat.close_room", {"rid": ROOM, "comment": "bye", "tags": ["a", "a"]}
        )
        facts = told["outcome"]["facts"]
        assert (told["state"], facts["closed"], facts["verified"]) == ("done", True, True)
        assert (facts["closed_by"], facts["closer"]) == ("deskbridge", "user")
        assert facts["tags"] == ["a"]
        assert facts["already_closed"] is False
