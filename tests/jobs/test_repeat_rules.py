"""Every action of the catalogue against every way of losing an answer: never a second visible effect."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.contract import Asker, Job, Repeat, ReplyTo
from bridge.jobs.intake import Launch
from bridge.sandbox.emulator import FaultKind
from tests.jobs.house import eventually
from tests.world import World, world

PROGRAM = Asker("api", "key:test")
LOST: list[tuple[FaultKind, dict[str, Any]]] = [
    ("reset_before", {}),
    ("reset_after", {}),
    ("hang_after", {}),
    ("status", {"status": 503}),
    ("garbage", {}),
    ("truncated", {}),
    ("empty", {}),
]


@dataclass
class Case:
    """One action on a room of its own, and the effect it must have."""

    action: str
    args: dict[str, Any]
    effect: str
    subject: str


def cases(here: World) -> list[Case]:
    rc = here.rocketchat
    rooms = [rc.add_room(served_by="ines.faro", department="Support").id for _ in range(5)]
    closed = rc.add_room(served_by="ines.faro", open=False).id
    rc.rooms[rooms[2]].transcript_request = {"email": "a@b.example", "subject": "x"}
    here.superoffice.add_session(7001)
    return [
        Case("rocketchat.close_room", {"rid": rooms[0]}, "close_room", rooms[0]),
        Case(
            "rocketchat.email_transcript",
            {"rid": rooms[1], "email": "ann@visitor.example"},
            "schedule_transcript",
            rooms[1],
        ),
        Case(
            "rocketchat.cancel_email_transcript",
            {"rid": rooms[2]},
            "cancel_transcript",
            rooms[2],
        ),
        Case(
            "rocketchat.forward_room",
            {"roomId": rooms[3], "userId": "tom.okoro"},
            "forward_room",
            rooms[3],
        ),
        Case("rocketchat.request_pdf_transcript", {"rid": closed}, "create_pdf", closed),
        Case("rocketchat.export_room", {"rid": rooms[4]}, "export_room", rooms[4]),
        Case(
            "superoffice.transfer_session",
            {"chatSessionId": 7001, "toAssociate": "3"},
            "request_transfer",
            "7001",
        ),
    ]


async def ask(here: World, wishes: list[Case]) -> dict[str, Case]:
    """Accept all; job id -> case."""
    accepted = {}
    for wish in wishes:
        action = here.bridge.actions[wish.action].model_validate(wish.args)
        launch = Launch(action, wish.action.partition(".")[0], PROGRAM, ReplyTo())
        [one] = await here.bridge.store.accept([launch])
        accepted[one.job.id] = wish
    return accepted


def effects(here: World, wish: Case) -> int:
    emulator = here.superoffice if wish.action.startswith("superoffice") else here.rocketchat
    if emulator is here.rocketchat:
        here.rocketchat.settle()
    return len(emulator.effects_of(wish.effect, wish.subject))


async def ended(here: World, accepted: Mapping[str, Case]) -> dict[str, Job]:
    """Wait until each has ended or is only watched."""

    async def look() -> dict[str, Job] | None:
        jobs = {job.id: job for job in await here.jobs() if job.id in accepted}
        over = [job for job in jobs.values() if job.finished_at or job.phase == "follow"]
        pdf = all(
            effects(here, accepted[job.id]) for job in over if "pdf" in accepted[job.id].effect
        )
        return jobs if len(over) == len(accepted) and pdf else None

    return await eventually(look, within_s=25)


def break_writes(here: World, stack: ExitStack, kind: FaultKind, **options: Any) -> None:
    for route in sorted({action.write_route for action in here.bridge.actions.values()}):
        pattern = re.sub(r"\{\w+\}", "*", route.replace("/api/", "*/api/", 1))
        emulator = here.superoffice if "ChatSession" in route else here.rocketchat
        stack.enter_context(emulator.fault(kind, pattern, times=1, **options))


@pytest.mark.parametrize(("kind", "options"), LOST, ids=[kind for kind, _ in LOST])
async def test_a_lost_answer_never_makes_a_second_effect(
    tmp_path: Path, kind: FaultKind, options: dict[str, Any]
) -> None:
    patience: dict[str, Any] = {
        "outbound__read_s": 0.4,
        "outbound__total_s": 2.0,
        "jobs__breaker_failures": 99,
    }
    async with world(tmp_path, **patience) as here:
        wishes = cases(here)
        assert {wish.action for wish in wishes} >= set(here.bridge.actions) - {
            "rocketchat.export_messages"  # the same route, rules and class as export_room
        }
        with ExitStack() as stack:
            break_writes(here, stack, kind, **options)
            accepted = await ask(here, wishes)
            jobs = await ended(here, accepted)
            left = [*here.rocketchat.faults, *here.superoffice.faults]
            assert not left, "a route was missed"
        for job_id, wish in accepted.items():
            job, count = jobs[job_id], effects(here, wish)
            once = here.bridge.actions[wish.action].repeat is Repeat.NEVER_REPEAT
            if once:
                assert count <= 1, (wish, count)
                said = (wish.action, job.state, job.outcome)
                told = job.state.value == "unknown" or count == 1
                assert told, said
                assert job.state.value != "done" or count == 1, said
            else:
                assert count == 1, (wish, count, job.state, job.outcome)
                assert job.state.value in ("done", "pending"), (wish, job.outcome)
        unknown = [job_id for job_id, job in jobs.items() if job.state.value == "unknown"]
        for job_id in unknown:
            before = effects(here, accepted[job_id])
            await here.bridge.operator.retry(job_id)
            again = await ended(here, {job_id: accepted[job_id]})
            assert again[job_id].state.value in ("done", "pending")
            assert effects(here, accepted[job_id]) == before + 1


async def test_a_call_refused_for_its_pace_is_made_once_when_it_may_be(tmp_path: Path) -> None:
    async with world(tmp_path, jobs__breaker_failures=99) as here:
        with ExitStack() as stack:
            break_writes(here, stack, "status", status=429, headers={"Retry-After": "1"})
            accepted = await ask(here, cases(here))
            jobs = await ended(here, accepted)
            left = [*here.rocketchat.faults, *here.superoffice.faults]
            assert not left, "a route was missed"
        assert {job.state.value for job in jobs.values()} <= {"done", "pending"}
        assert [effects(here, wish) for wish in accepted.values()] == [1] * len(accepted)
