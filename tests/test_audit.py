"""Every way to ask or to act leaves its line: Slack, the API, the console, the command line, a reload."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.jobs.auditing import Audit, Event, Which, digest
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from bridge.settings import Reloader, Settings, SettingsError
from tests.ingress.api.house import key
from tests.world import API_TOKEN, World, world

CLOSE, EXPORT = "rocketchat.close_room", "rocketchat.export_room"
MASTER = {"Authorization": f"Bearer {API_TOKEN}"}


def key_of(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}-secret"}


async def lines(here: World, what: str) -> list[Event]:
    return (await Audit(here.bridge.store).find(Which(what=what))).events


async def call(
    here: World, method: str, path: str, headers: dict[str, str], **more: Any
) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, here.url + path, headers=headers, **more) as answer,
    ):
        return answer.status, await answer.json(content_type=None)


async def test_slack_who_asked_who_was_denied_and_who_pressed_retry(tmp_path: Path) -> None:
    async with world(tmp_path, access__allow=f"user:{slack.ANNA}") as here:
        with here.rocketchat.fault("reset_after", "POST *rooms.export", times=1):
            await here.slack.command(
                slack.ANNA, slack.SUPPORT, "/export", f"file {rooms.CLOSED_PLAIN}"
            )
            await here.finished(1)
        await here.slack.command(slack.MIA, slack.SUPPORT, "/close", f"{rooms.OPEN_SERVED} x")
        await here.bridge.doors.slack.background.idle()
        [asked] = await lines(here, EXPORT)
        assert (asked.actor.who, asked.target) == (slack.ANNA, rooms.CLOSED_PLAIN)
        assert asked.outcome == "unknown"
        [denied] = await lines(here, CLOSE)
        assert (denied.actor.who, denied.outcome) == (slack.MIA, "denied")
        assert (denied.target, denied.connection) == (rooms.OPEN_SERVED, "rocketchat")
        assert slack.SUPPORT in denied.detail

        told = here.slack.messages(slack.SUPPORT, slack.ANNA)[-1]
        buttons = [
            element
            for block in told.blocks
            if block["type"] == "actions"
            for element in block["elements"]
        ]
        [retry] = [one for one in buttons if one["text"]["text"] == "Try again"]
        await here.slack.click(slack.ANNA, told, retry["action_id"])
        await here.bridge.doors.slack.background.idle()
        [pressed] = await lines(here, "job.retry")
        assert (pressed.actor.door, pressed.actor.who) == ("slack", slack.ANNA)
        assert (pressed.job_id, pressed.outcome) == (asked.job_id, "done")


async def test_the_api_names_the_key_and_what_it_was_denied(tmp_path: Path) -> None:
    keys = [key("ci", actions=[CLOSE]), key("other")]
    async with world(tmp_path, api__keys=[one.model_dump() for one in keys]) as here:
        ci, path = key_of("ci"), "/api/v1/actions"
        status, job = await call(
            here, "POST", f"{path}/{CLOSE}", ci, json={"rid": rooms.OPEN_QUEUED}
        )
        assert status == 202
        await here.finished(1)
        assert (await call(here, "POST", f"{path}/{EXPORT}", ci, json={}))[0] == 403
        for deed, body in (("retry", {"force": True}), ("cancel", None)):
            await call(here, "POST", f"/api/v1/jobs/{job['id']}/{deed}", ci, json=body)
        assert (await call(here, "GET", "/api/v1/audit", key_of("other")))[0] == 403

        status, page = await call(here, "GET", "/api/v1/audit?who=key:ci", MASTER)
        assert status == 200
        assert page["cursor"] is None
        found = {(one["what"], one["outcome"].partition(" ")[0]) for one in page["events"]}
        assert {("job.retry", "done"), (EXPORT, "denied")} <= found
        assert {one["who"] for one in page["events"]} == {"key:ci"}
        _, first = await call(here, "GET", "/api/v1/audit?limit=1", MASTER)
        _, second = await call(
            here, "GET", f"/api/v1/audit?limit=1&cursor={first['cursor']}", MASTER
        )
        assert first["events"] != second["events"]
        assert (await call(here, "GET", "/api/v1/audit?cursor=x", MASTER))[0] == 400
        assert (await call(here, "GET", "/api/v1/audit?wat=x", MASTER))[0] == 400


async def test_the_console_names_who_signed_in_and_what_they_did(tmp_path: Path) -> None:
    async with (
        world(tmp_path) as here,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http,
    ):
        status, job = await call(
            here, "POST", f"/api/v1/actions/{CLOSE}", MASTER, json={"rid": rooms.OPEN_QUEUED}
        )
        await here.finished(1)

        async def post(path: str, form: dict[str, str]) -> int:
            async with http.get(f"{here.url}/console/sign-in") as page:
                text = await page.text()
            token = re.search(r'name="csrf" value="([^"]+)"', text)
            assert token, text
            async with http.post(here.url + path, data={"csrf": token[1], **form}) as answer:
                return answer.status

        assert await post("/console/sign-in", {"token": "wrong"}) == 403
        assert await post("/console/sign-in", {"token": API_TOKEN}) == 200
        assert await post(f"/console/jobs/{job['id']}/retry", {"force": "yes"}) == 200
        admitted, refused = await lines(here, "console.sign_in")
        assert (admitted.outcome, refused.outcome) == ("done", "denied")
        assert admitted.target == refused.target == "127.0.0.1"
        [retried] = await lines(here, "job.retry")
        assert (retried.actor.door, retried.actor.who) == ("console", "token")
        assert (retried.job_id, retried.detail) == (job["id"], f"{CLOSE} with force")
        assert status == 202


async def test_an_uninstalled_workspace_and_a_reload_are_lines(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.slack.uninstall(slack.TEAM)
        [gone] = await lines(here, "workspace.uninstall")
        assert gone.actor.scope == f"slack:{slack.TEAM}"

        def broken() -> Settings:
            raise SettingsError("jobs.lease: there is no such setting.")

        good = here.bridge.settings
        here.bridge.reloader = Reloader(good, read=broken)
        await here.bridge.reload()
        changed = good.model_copy(update={"log": good.log.model_copy(update={"level": "error"})})
        here.bridge.reloader = Reloader(good, read=lambda: changed)
        await here.bridge.reload()
        done, refused = await lines(here, "settings.reload")
        assert (done.outcome, done.detail) == ("done", "log.level")
        assert (refused.outcome, "no such setting" in refused.detail) == ("refused", True)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'bridge.db'}",
        "ROCKETCHAT_URL": "http://127.0.0.1:9",
        "ROCKETCHAT_USER_ID": "u",
        "ROCKETCHAT_AUTH_TOKEN": "t",
        "BRIDGE_ENCRYPTION_KEY": "a-test-key-0123456789",
        "BRIDGE_LOG_LEVEL": "error",
        "LOGNAME": "olga",
    }.items():
        monkeypatch.setenv(name, value)

    def go(*words: str) -> Result:
        result = CliRunner().invoke(main, list(words))
        assert result.exit_code == 0, result.output
        return result

    return go


def test_the_command_line_exports_all_of_it_as_lines_json_and_csv(shell: Any) -> None:
    launched = shell(
        "call", CLOSE, "--rid", "abc", "--comment", "a customer's words", "--wait", "0"
    )
    job_id = json.loads(launched.stdout)["id"]
    shell("jobs", "cancel", job_id)
    shell("erase", "abc", "--yes")
    told = [json.loads(line) for line in shell("audit", "--json").stdout.splitlines()]
    assert [(one["what"], one["who"], one["outcome"]) for one in told] == [
        ("room.erase", "olga", "done"),
        ("job.cancel", "olga", "done"),
        (CLOSE, "cli", "cancelled"),
    ]
    assert {one["target"] for one in told} == {digest("abc")}
    assert "a customer's words" not in shell("audit", "--json").stdout
    rows = list(csv.DictReader(io.StringIO(shell("audit", "--csv").stdout)))
    assert rows == told
    assert [line.split()[1:3] for line in shell("audit").stdout.splitlines()] == [
        *(["cli", "olga"], ["cli", "olga"], ["cli", "cli"]),
    ]
    assert (
        shell("audit", "--who", "olga", "--what", "job.cancel", "--csv").stdout.count(job_id) == 1
    )
    assert shell("audit", "--until", "2020-01-01").stdout == ""
    wrong = CliRunner().invoke(main, ["audit", "--since", "yesterday"])
    assert wrong.exit_code == 2
    assert "Write 2026-05-31T12:00:00Z" in wrong.output
