"""Each documented error travels from the emulated server, over HTTP, to the words a person reads."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bridge.actions import catalogue
from bridge.contract import JobState
from bridge.sandbox.emulator import Fault
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from bridge.surfaces.schema import example_args
from bridge.surfaces.writing import command_line
from tests.world import World, world

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAMPLES = Path(__file__).parent / "samples"
DOCUMENTED = json.loads((SAMPLES / "documented_errors.json").read_text("utf-8"))
CASES = [(action, number) for action, errors in DOCUMENTED.items() for number in range(len(errors))]
ARGS: dict[str, dict[str, Any]] = {
    "rocketchat.cancel_email_transcript": {"rid": rooms.OPEN_SERVED},
    "rocketchat.close_room": {"rid": rooms.OPEN_SERVED, "comment": "solved"},
    "rocketchat.email_transcript": {
        "rid": rooms.OPEN_SERVED,
        "email": "anna@example.com",
        "subject": "Your chat",
    },
    "rocketchat.export_messages": {
        "rid": rooms.OPEN_SERVED,
        "messages": ["m1"],
        "toEmails": ["anna@example.com"],
    },
    "rocketchat.export_room": {"rid": rooms.CLOSED_PLAIN, "format": "html"},
    "rocketchat.forward_room": {"roomId": rooms.OPEN_SERVED, "userId": "tOk6mRo2LbVx8YcPn"},
    "rocketchat.request_pdf_transcript": {"rid": rooms.CLOSED_PLAIN},
    "superoffice.transfer_session": {"chatSessionId": 648, "toAssociate": "5"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("world")
    unhurried: dict[str, Any] = {
        "jobs__join_window_s": 0.0,
        "connections__rocketchat__pace_limit": 0,
    }
    async with world(folder, **unhurried) as made:
        yield made


@pytest.mark.parametrize(("action_id", "number"), CASES)
async def test_a_documented_error_is_told_in_plain_words(
    here: World, action_id: str, number: int
) -> None:
    documented = DOCUMENTED[action_id][number]
    action = catalogue()[action_id]
    method, route = action.write_route.split(" ", 1)
    is_json = not isinstance(documented["body"], str)
    body = json.dumps(documented["body"]) if is_json else documented["body"]
    emulator = here.rocketchat if action.upstream == "rocketchat" else here.superoffice
    emulator.reset()
    emulator.faults.append(
        Fault(
            "status",
            f"{method} *{route[route.index('/v1/') :].split('{')[0]}*",
            status=documented["status"],
            body=body,
            headers={"Content-Type": "application/json"} if is_json else {},
        )
    )
    before = len(await here.jobs())
    args = ARGS.get(action_id) or example_args(action)
    word, _, text = command_line(action, args).partition(" ")

    await here.slack.command(slack.ANNA, slack.SUPPORT, word, text)
    job = (await here.finished(before + 1, within_s=25))[0]  # a lost race is tried again

    assert emulator.exchanges, "the call was never made"
    assert job.outcome is not None
    assert job.state in (JobState.REFUSED, JobState.DONE, JobState.UNKNOWN), job
    shown = here.slack.visible_text(here.slack.messages(slack.SUPPORT, slack.ANNA)[-1])
    assert " ".join(job.outcome.message.split()) in " ".join(shown.split())
    assert "refused this" not in shown
    assert job.id in shown
