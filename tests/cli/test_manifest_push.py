"""`bridge manifest --push` makes the app at Slack, or says what Slack said."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.sandbox.slack import Slack, seed
from tests.world import serve


async def push(monkeypatch: pytest.MonkeyPatch, token: str, *options: str) -> tuple[Slack, Result]:
    async with AsyncExitStack() as stack:
        slack = Slack()
        url = await serve(slack.app(), stack)
        monkeypatch.setenv("SLACK_API_URL", f"{url}/api/")
        monkeypatch.setenv("PUBLIC_URL", "https://bridge.example.com")
        monkeypatch.setenv("SLACK_CONFIG_TOKEN", token)
        result = await asyncio.to_thread(CliRunner().invoke, main, ["manifest", "--push", *options])
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


async def test_without_a_token_it_says_where_one_is_from(monkeypatch: pytest.MonkeyPatch) -> None:
    _, result = await push(monkeypatch, "")
    assert "SLACK_CONFIG_TOKEN" in result.output
