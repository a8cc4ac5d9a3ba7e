"""`bridge manifest --push` makes the app at Slack, or says what Slack said."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.sandbox.emulator import FaultKind
from bridge.sandbox.slack import Slack, seed
from tests.world import serve


async def push(
    monkeypatch: pytest.MonkeyPatch, token: str, fault: FaultKind | None = None
) -> tuple[Slack, Result]:
    async with AsyncExitStack() as stack:
        slack = Slack()
        if fault is not None:
            stack.enter_context(slack.fault(fault))
        url = await serve(slack.app(), stack)
        monkeypatch.setenv("SLACK_API_URL", f"{url}/api/")
        monkeypatch.setenv("PUBLIC_URL", "https://bridge.example.com")
        monkeypatch.setenv("SLACK_CONFIG_TOKEN", token)
        result = await asyncio.to_thread(CliRunner().invoke, main, ["manifest", "--push"])
        return slack, result


async def test_it_makes_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    slack, result = await push(monkeypatch, seed.CONFIG_TOKEN)
    assert result.exit_code == 0, result.output
    assert slack.effects_of("push_manifest")


async def test_a_wrong_token_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    slack, result = await push(monkeypatch, "xoxe-wrong")
    assert result.exit_code != 0
    assert "Slack refused the manifest" in result.output
    assert not slack.effects_of("push_manifest")


async def test_a_slack_that_cannot_be_reached_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with AsyncExitStack() as stack:
        gone = await serve(Slack().app(), stack)
    for name, value in {
        "SLACK_API_URL": f"{gone}/api/",
        "PUBLIC_URL": "https://bridge.example.com",
        "SLACK_CONFIG_TOKEN": seed.CONFIG_TOKEN,
    }.items():
        monkeypatch.setenv(name, value)
    result = await asyncio.to_thread(CliRunner().invoke, main, ["manifest", "--push"])
    assert result.exit_code == 1
    assert "Slack cannot be reached" in result.output
    assert "try again when it can" in result.output


async def test_an_answer_that_was_lost_is_looked_for_before_the_next_push(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, result = await push(monkeypatch, seed.CONFIG_TOKEN, fault="reset_after")
    assert result.exit_code == 1
    assert "Look at api.slack.com/apps" in result.output


async def test_without_a_token_it_says_where_one_is_from(monkeypatch: pytest.MonkeyPatch) -> None:
    _, result = await push(monkeypatch, "")
    assert "SLACK_CONFIG_TOKEN" in result.output
