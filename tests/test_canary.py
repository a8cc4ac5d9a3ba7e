"""No secret is ever said: each credential is used in every path and failure, then everything said is searched.

The needles are the secrets that are configured, and the addresses that Slack hands out as secrets. The
hay is every log line at debug, all metrics, all pages and problem documents, all messages, and the bytes of
the database, in which whatever must be kept is sealed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bridge import metrics
from bridge.checks import check, doctor
from bridge.sandbox.emulator import Fault
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as people
from bridge.settings import ENVIRONMENT, Settings, SettingsError, load
from tests.canary import CANARY, found, log_lines, secrets, stored
from tests.world import API_TOKEN, World, world

PAGES = ("/healthz", "/readyz", "/openapi.json", "/docs", "/console", "/nowhere", "/slack/install")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """All log lines of the test."""
    with log_lines() as stream:
        yield stream


async def everything(here: World, http: aiohttp.ClientSession) -> list[str]:
    """Drive all doors, good and bad, and give back what was answered."""
    said: list[str] = []
    auth = {"Authorization": f"Bearer {API_TOKEN}"}

    async def ask(method: str, path: str, **more: Any) -> None:
        async with http.request(method, here.url + path, allow_redirects=False, **more) as answer:
            said.append(f"{answer.status} {dict(answer.headers)} {await answer.text()}")

    for page in PAGES:
        await ask("GET", page)
        await ask("GET", page, headers=auth)
    await ask("POST", "/api/v1/actions/rocketchat.close_room", headers=auth, json={"rid": 5})
    await ask(
        "POST", "/api/v1/actions/rocketchat.close_room", headers={"Authorization": "Bearer x"}
    )
    await ask(
        "POST",
        "/api/v1/actions/rocketchat.export_room",
        headers={**auth, "Prefer": "wait=5"},
        json={
            "args": {"rid": rooms.CLOSED_PLAIN},
            "reply_to": {"callback_url": f"http://127.0.0.1:1/{CANARY}-callback"},
        },
    )
    await ask("POST", "/hooks/actions", data=b"{}", headers={"webhook-id": "1"})
    await ask("POST", "/slack/events", data=b"token=x", headers={"X-Slack-Signature": "v0=0"})
    await ask("GET", "/api/v1/jobs", headers=auth)
    return said


@pytest.mark.parametrize(
    "fault", ["", "reset_before", "reset_after", "garbage", "huge", "status", "redirect"]
)
async def test_no_secret_is_said_whatever_happens(
    tmp_path: Path, lines: io.StringIO, fault: str
) -> None:
    async with (
        world(
            tmp_path,
            encryption_key=f"{CANARY}-key-0123456789",
            slack__signing_secret_previous=f"{CANARY}-previous",
            outbound__allow=["127.0.0.1"],
        ) as here,
        aiohttp.ClientSession() as http,
    ):
        needles = {*secrets(here.bridge.settings), f"{CANARY}-callback"}
        assert len(needles) >= 7
        if fault:
            for emulator in (here.rocketchat, here.superoffice):
                emulator.faults.append(
                    Fault(fault, times=4, location="http://127.0.0.1:1/x", size=3_000_000)  # type: ignore[arg-type]
                )
        for command, text in (
            ("/close", f"{rooms.OPEN_SERVED} all solved"),
            ("/transfer", "648 anna@example.com"),
            ("/transcript", f"email {rooms.OPEN_QUEUED} ann@example.com"),
            ("/bridge", "jobs"),
            ("/close", "nonsense nowhere"),
        ):
            receipt = await here.slack.command(people.ANNA, people.SUPPORT, command, text)
            assert receipt.status == 200
        said = await everything(here, http)
        assert here.slack.hooks
        needles |= set(here.slack.hooks)  # the paths of response_urls
        report = check(here.bridge.settings).table() + (await doctor(here.bridge.settings)).table()
        messages = [
            json.dumps(here.slack._message_row(message), default=str)
            for message in here.slack.all_messages
        ]
    database = stored(tmp_path)
    assert b"rocketchat.close_room" in database  # it is the right hay
    assert "jobs." in lines.getvalue()
    hay = {
        "logs": lines.getvalue(),
        "metrics": metrics.render()[0].decode(),
        "answers": "\n".join(said),
        "reports": report,
        "messages": "\n".join(messages),
        "database": database.decode("latin-1"),
        "settings": repr(here.bridge.settings) + str(here.bridge.settings),
    }
    for place, text in hay.items():
        assert not found(needles, text), (place, found(needles, text))


# -- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", sorted(ENVIRONMENT))
def test_no_value_of_a_variable_is_told_in_an_error(variable: str) -> None:
    """Whatever is put where: a secret in the wrong variable stays one."""
    for environ in (
        {variable: CANARY},
        {f"{variable}_FILE": f"/{CANARY}"},
        {f"{variable}X": CANARY},
        {variable: CANARY, f"{variable}_FILE": CANARY},
    ):
        try:
            settings = load(environ)
        except SettingsError as error:
            told = f"{error}{error!r}{error.__cause__}{error.__context__}"
            assert CANARY not in told.replace(f"/{CANARY}", ""), told
        else:
            shown = [one for one in secrets(settings) if CANARY in one]
            assert not shown or CANARY not in f"{settings}{settings!r}"


@pytest.mark.parametrize(
    "text",
    [
        f'[slack]\nbot_token = ["{CANARY}"]',
        f'[slack]\nbot_tokn = "{CANARY}"',
        f'[connections.rocketchat]\nurl = "https://u:{CANARY}@x"',
        f'[connections.rocketchat]\nauth_token = {{ a = "{CANARY}" }}',
        f'database_url = "mysql://u:{CANARY}@x"',
        f'[webhooks]\nsecret = "{CANARY}!"',
        f'[api]\ntoken = "{CANARY}',
        f'[server]\nport = "{CANARY}"',
        f'[[api.keys]]\nname = "{CANARY}"\nsha256 = "{CANARY}"',
    ],
)
def test_no_value_of_the_file_is_told_in_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        load({"BRIDGE_CONFIG": str(path)})
    assert CANARY not in f"{caught.value}{caught.value.__cause__}{caught.value.__context__}"


def test_a_databases_password_is_in_no_repr() -> None:
    settings = Settings.model_validate({"database_url": f"postgres://bridge:{CANARY}@db/bridge"})
    assert CANARY not in repr(settings)
    assert CANARY not in str(settings)
