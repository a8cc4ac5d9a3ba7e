"""Which tests may be left out: none for want of a tool in `.ci/run`, and elsewhere only by one way that says so.

What stays a skip is about the case, not about the machine (an engine on which a case says nothing), needs rights
that a container does not have (a disk of its own to fill, files that may not be changed), or a registry that answers.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import missing

ROOT = Path(__file__).resolve().parent.parent
SKIPS = {
    "tests/conftest.py": 2,  # `missing` itself, and how it knows of Postgres
    "tests/ingress/webhooks/test_node_red.py": 1,  # npm's registry may not answer
    "tests/deploy/test_files.py": 1,  # the same: Heroku's schema comes from there
    "tests/jobs/test_disk.py": 3,  # mount, chattr; limits of other processes are Linux'
    "tests/jobs/test_leases.py": 1,  # the case is SQLite's
    "tests/jobs/test_store_down.py": 2,  # the same
    "tests/actions/test_rocketchat_desk.py": 1,  # an action that somebody adds, before its emulator
}


def test_a_missing_tool_is_told_and_fails_where_every_tool_must_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_TEST_LEFT_OUT", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no hammer"):
        missing("There is no hammer.")
    monkeypatch.setenv("NO_TEST_LEFT_OUT", "1")
    with pytest.raises(pytest.fail.Exception, match="no hammer"):
        missing("There is no hammer.")
    assert "NO_TEST_LEFT_OUT=1 make test" in (ROOT / ".ci/run").read_text("utf-8")


def test_nothing_else_leaves_a_test_out() -> None:
    found = {}
    for path in (ROOT / "tests").rglob("*.py"):
        text = path.read_text("utf-8")
        count = len(re.findall(r"pytest\.(?:skip\(|importorskip|mark\.skip)", text))
        if count and path != Path(__file__).resolve():
            found[path.relative_to(ROOT).as_posix()] = count
    assert found == SKIPS, "a tool that is missing is told by tests.conftest.missing"
