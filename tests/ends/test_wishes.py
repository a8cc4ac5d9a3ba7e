"""A standing wish on an open conversation: kept over restarts, fulfilled once, by a look or a webhook."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import Job, JobState
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from tests.ends.stage import Stage, stage

WORD = "livechat-word"
WEBHOOK = {"webhooks__sources": {"chat": {"preset": "rocketchat", "secret": WORD}}}


async def wish(on: Stage) -> Job:
    """Ask for the PDF of an open conversation, and choose to wait."""
    offer = await on.ended(await on.command(f"/transcript {rooms.OPEN_SERVED}"))
    job = await on.pending(await on.press(on.final(offer), "Bring it when it is closed"))
    assert job.outcome is not None
    assert job.outcome.code == "pdf_waits_for_close"
    return job


async def test_a_wish_is_fulfilled_by_watching(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        job = await wish(on)
        assert (await on.look(job)).state is JobState.PENDING  # still open: nothing is said
        assert on.finals(job) == []
        on.rocketchat.close_by_visitor(rooms.OPEN_SERVED)
        last = await on.ended(job)
        assert len(on.files(on.final(last))) == 1


async def test_a_close_by_the_bridge_fulfils_it_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        job = await wish(on)
        await on.ended(await on.command(f"/close {rooms.OPEN_SERVED} bye", slack.MIA))
        seen = await on.until(lambda jobs: _of(jobs, job).looks >= 1, within_s=2.0)
        assert _of(seen, job).run_at - job.created_at < 8.0  # not when its own time had come
        assert len(on.files(on.final(await on.ended(job)))) == 1


async def test_rocket_chats_webhook_fulfils_it_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path, **WEBHOOK) as on:
        settings = on.rocketchat.settings
        settings.webhook_url, settings.webhook_secret = f"{on.world.url}/hooks/chat", WORD
        settings.webhook_on_close = True
        job = await wish(on)
        on.rocketchat.close_by_visitor(rooms.OPEN_SERVED)
        await on.until(lambda jobs: _of(jobs, job).looks >= 1, within_s=3.0)
        assert len(on.files(on.final(await on.ended(job)))) == 1
        assert [one.status for one in on.rocketchat.webhook.deliveries] == [200]
        await on.rocketchat.webhook.close()
        assert len(on.rocketchat.effects_of("create_pdf")) == 1


@pytest.mark.parametrize("closed", ["while it was down", "afterwards"])
async def test_a_wish_survives_a_restart(tmp_path: Path, closed: str) -> None:
    async with stage(tmp_path) as on:
        job = await wish(on)
        close = partial(on.rocketchat.close_by_visitor, rooms.OPEN_SERVED)
        await on.restart(close if closed == "while it was down" else int)
        if closed == "afterwards":
            close()
        assert len(on.files(on.final(await on.ended(job)))) == 1


async def test_after_three_days_it_ends_in_words(tmp_path: Path) -> None:
    async with stage(tmp_path) as on:
        job = await wish(on)
        on.clock.ahead += 3 * 86_400
        last = await on.ended(job)
        assert last.state is JobState.REFUSED
        assert "was not closed within 3 days" in on.said(last)


def _of(jobs: list[Job], job: Job) -> Any:
    return next(one for one in jobs if one.id == job.id)
