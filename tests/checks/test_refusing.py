"""What `bridge check` calls an error is refused, all of it at once; what it doubts is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bridge.checks import State, everything_wrong, refuse
from bridge.sandbox.slack import seed
from bridge.settings import Settings, SettingsError, load
from tests.checks.test_offline import CASES, GOOD


@pytest.mark.parametrize(("changes", "said", "state"), CASES)
def test_an_error_is_refused_and_a_doubt_is_not(
    changes: dict[str, Any], said: str, state: State
) -> None:
    settings = Settings.model_validate({**GOOD, **changes})
    if state is State.ERROR:
        with pytest.raises(SettingsError, match=re.escape(said)):
            refuse(settings)
    else:
        refuse(settings)


def test_nothing_set_is_no_error() -> None:
    refuse(Settings())


def test_a_token_that_was_written_in_the_wrong_place_is_not_told() -> None:
    with pytest.raises(SettingsError) as caught:
        refuse(Settings.model_validate({"access": {"allow": "xoxb-CANARY-0123456789"}}))
    assert "CANARY" not in str(caught.value)
    assert "BRIDGE_ALLOW" in str(caught.value)


FILE = """
[server]
trusted_proxies = ["0.0.0.0/0"]
[webhooks.sources.crm]
checks = [{ kind = "bearer", secret = "a-word-0123456789" }]
rules = [{ action = "rocketchat.clsoe_room", connection = "east", args = { rid = "room" } }]
[connections.east]
kind = "rocketchat"
url = "nowhere"
[[access.rules]]
who = ["everyone"]
connections = ["east"]
"""


def test_one_mistake_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bridge.toml").write_text(FILE, "utf-8")
    environ = {"PORT": "x", "BRIDGE_ALOW": "x", "BRIDGE_ALLOW": "usergruop:S1"}
    with pytest.raises(SettingsError) as caught:
        load({"BRIDGE_CONFIG": "bridge.toml", **environ})
    lines = everything_wrong(caught.value).splitlines()
    for said in (
        "server.port (variable PORT)",
        "BRIDGE_ALOW: ",
        "connections.east.url: ",
        "server.trusted_proxies holds 0.0.0.0/0",
        "BRIDGE_ALLOW: 'usergruop:S1'",
        "Did you mean rocketchat.close_room?",
    ):
        assert len([line for line in lines if said in line]) == 1, (said, lines)
    # neither the rule nor the source is wrong in naming a connection that only has to be mended
    assert not [line for line in lines if "access.rules" in line or "there are: " in line], lines


def test_the_emulated_slack_has_a_secret_that_looks_like_one() -> None:
    """`make demo` shows no doubt that its person could not mend."""
    assert re.fullmatch(r"[0-9a-f]{32}", seed.SIGNING_SECRET)
