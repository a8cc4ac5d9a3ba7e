"""The main job: a slash command reaches the documented call, and the answer comes back once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from tests.world import world

COMMANDS = [
    ("/close", f"{rooms.OPEN_SERVED} all solved", "close_room", rooms.OPEN_SERVED, "closed"),
    ("/transcript", rooms.CLOSED_WITH_PDF, None, rooms.CLOSED_WITH_PDF, "PDF"),
    ("/export", f"file {rooms.CLOSED_PLAIN}", "export_room", rooms.CLOSED_PLAIN, "link"),
    ("/bridge", f"close {rooms.OPEN_SERVED} bye", "close_room", rooms.OPEN_SERVED, "closed"),
]


@pytest.mark.parametrize(("command", "text", "effect", "subject", "said"), COMMANDS)
async def test_a_command_takes_effect_once_and_is_answered_once(
    tmp_path: Path, command: str, text: str, effect: str | None, subject: str, said: str
) -> None:
    async with world(tmp_path) as here:
        receipt = await here.slack.command(slack.ANNA, slack.SUPPORT, command, text)
        assert receipt.status == 200

        await here.finished()

        messages = here.slack.messages(slack.SUPPORT, slack.ANNA)
        shown = [here.slack.visible_text(message) for message in messages]
        if effect:
            assert len(here.rocketchat.effects_of(effect, subject)) == 1
        assert said.lower() in shown[-1].lower(), shown


async def test_a_session_is_transferred_and_the_acceptance_is_told(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.slack.command(slack.ANNA, slack.SUPPORT, "/transfer", "648 anna@example.com")
        assert here.superoffice.effects_of("request_transfer", "648") is not None
        jobs = await here.jobs()
        assert len(jobs) == 1
