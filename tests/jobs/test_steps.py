"""SIGKILL at every named step of a job's way; the long form is `python -m tests.soak --only steps`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.steps import DEEDS, STEPS, die, each_step_once, every_step

pytestmark = pytest.mark.alone  # real processes and real time: no neighbours


async def test_killed_at_each_step_it_ends_as_its_repeat_class_promises(
    tmp_path: Path, database_url: str
) -> None:
    turn = 0 if database_url.startswith("sqlite") else 1
    seen = await die(tmp_path, database_url, each_step_once(turn))
    assert sum(seen.values()) == len(STEPS)


def test_the_long_form_kills_every_class_at_every_step() -> None:
    cases = {(case.step.name, case.repeat) for case in every_step(1)}
    assert len(cases) == len(STEPS) * len(DEEDS)
