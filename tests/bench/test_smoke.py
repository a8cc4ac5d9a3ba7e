"""Each bench runs and says something; how fast anything is, no test asserts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import programs
from tests.bench.__main__ import BENCHES
from tests.bench.report import Effort, table
from tests.npm import NotHere


def not_here(_: Path) -> programs.Program:
    raise NotHere("Not brought for a test.")


# These take all of the machine for some seconds, whatever their size.
HEAVY = ("peers", "flood", "slow")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.alone if name in HEAVY else ()) for name in BENCHES],
)
def test_it_runs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "PROGRAMS", {"n8n": not_here})
    lines = BENCHES[name].bench(Effort.SMOKE)
    assert {line.bench for line in lines} == {name}
    assert len(table(lines).splitlines()) == len(lines) + 1
    assert len({line.key for line in lines}) == len(lines)
