"""The generated Slack manifest is one that Slack takes."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import catalogue
from bridge.console.signing_in_slack import BACK
from bridge.ingress.slack.install import REDIRECT, SCOPES
from bridge.surfaces.manifest import lint, manifest_of


def made(**changes: Any) -> dict[str, Any]:
    options: dict[str, Any] = {"public_url": "https://bridge.example.com", "scopes": SCOPES}
    return manifest_of(catalogue().values(), **{**options, **changes})


def test_the_default_manifest_has_no_fault() -> None:
    assert list(lint(made())) == []
    assert list(lint(made(public_url="", socket_mode=True))) == []


def test_it_lists_every_address_that_slack_sends_people_back_to() -> None:
    base = "https://bridge.example.com"
    assert "redirect_urls" not in made()["oauth_config"]
    installed = made(many_workspaces=True)["oauth_config"]["redirect_urls"]
    assert installed == [f"{base}{REDIRECT}"]
    staffed = made(many_workspaces=True, console_sign_in=True)["oauth_config"]["redirect_urls"]
    assert staffed == [f"{base}{REDIRECT}", f"{base}{BACK}"]
    told = lint(made(public_url="", socket_mode=True, console_sign_in=True))
    assert any("Set PUBLIC_URL" in problem for problem in told)


def test_it_keeps_slacks_limits() -> None:
    features = made()["features"]
    names = [one["command"] for one in features["slash_commands"]]
    assert {"/transcript", "/close", "/export", "/transfer"} <= set(names)
    assert names[-1] == "/bridge"
    for one in features["slash_commands"]:
        assert one["should_escape"] is True
        assert len(one["usage_hint"]) <= 1000
    for one in features["shortcuts"]:
        assert len(one["name"]) <= 24
        assert len(one["description"]) <= 150


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"names": {"close": "/status"}}, "belongs to Slack"),
        ({"names": {"close": "/Close It"}}, "no command name"),
        ({"names": {"close": "/export"}}, "twice"),
        ({"scopes": ["chat:write"]}, "needs the scope"),
        ({"public_url": "http://localhost"}, "https"),
        ({"public_url": ""}, "PUBLIC_URL"),
    ],
)
def test_what_slack_would_refuse_is_said_first(changes: dict[str, Any], words: str) -> None:
    assert any(words in problem for problem in lint(made(**changes)))
