"""Every kind of credential there is, in every path and failure; then all that was said and kept is searched.

The list of kinds is not written here: each secret field of the settings must be set below, or the first
test fails. Added to them are the secrets that only exist at run time: addresses that Slack hands out,
tokens of linked accounts and installed workspaces, one-time addresses, callback addresses.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from click.testing import CliRunner
from pydantic import BaseModel, SecretStr

from bridge import metrics, tracing
from bridge.checks import check, doctor
from bridge.cli import main
from bridge.sandbox.emulator import Fault, FaultKind
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as people
from bridge.sandbox.superoffice import CLIENT_ID, CLIENT_SECRET, SYSTEM_TOKEN, TENANT, login_of
from bridge.sandbox.superoffice import SuperOffice as Office
from bridge.sandbox.superoffice.signing import partner_key_pem
from bridge.settings import ENVIRONMENT, RocketChat, Settings, SuperOffice
from tests.canary import CANARY, forms, found, log_lines, secrets, secrets_at, stored
from tests.ingress.linking.town import INES_ID, INES_TOKEN, browser, town
from tests.otlp import SENT_WITHIN_S, Receiver
from tests.world import API_TOKEN, World, serve, world

AA = login_of("AA")
WEBHOOK_SECRET = "whsec_Q0FOQVJZLTNmOWExYy1zdGFuZGFyZC13ZWJob29rcw=="
API_KEY = f"{CANARY}-api-key-0123456789"
FAULTS: tuple[FaultKind | None, ...] = (
    *(None, "hang_after", "reset_before", "status", "garbage", "redirect"),
)


def connections(superoffice: str) -> dict[str, dict[str, Any]]:
    """One for each way of signing in: a right one, and where it can be a wrong one."""
    onsite = {"kind": "superoffice", "url": f"{superoffice}/SuperOffice/api"}
    online = {"kind": "superoffice", "tenant": TENANT, "login_url": superoffice}
    oauth = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    ways: dict[str, dict[str, Any]] = {
        "basic": {**onsite, "username": "AA", "password": AA.password},
        "ticket": {**onsite, "ticket": AA.ticket},
        "cookie": {**onsite, "xsrf_token": AA.xsrf_token, "cookie": AA.cookie},
        "bearer": {**online, "access_token": AA.access_token},
        "app": {**online, "ticket": AA.ticket, "app_token": CLIENT_SECRET},
        "oauth": {**online, **oauth, "refresh_token": AA.refresh_token},
        "system": {
            **online,
            "client_secret": CLIENT_SECRET,
            "system_token": SYSTEM_TOKEN,
            "private_key": partner_key_pem(),
        },
    }
    secret = {"password", "ticket", "xsrf_token", "access_token", "refresh_token", "system_token"}
    wrong = {
        f"{name}-wrong": {
            key: f"{CANARY}-{name}-{key}" if key in secret else value for key, value in way.items()
        }
        for name, way in ways.items()
    }
    return ways | wrong


def sources() -> dict[str, Any]:
    rule = {"action": "rocketchat.close_room", "args": {"rid": "room"}}
    checks = {
        "bearer": {"kind": "bearer", "secrets": [secret_of("bearer")]},
        "word": {"kind": "token", "header": "X-Word", "secrets": [secret_of("word")]},
        "basic": {"kind": "basic", "username": "u", "secrets": [secret_of("basic")]},
        "hmac": {"kind": "hmac", "header": "X-Sign", "secrets": [secret_of("hmac")]},
    }
    return {name: {"checks": [one], "rules": [rule]} for name, one in checks.items()}


def secret_of(name: str) -> dict[str, str]:
    return {"id": "one", "secret": f"{CANARY}-{name}-0123456789"}


def every_kind(superoffice: str) -> dict[str, Any]:
    """Settings in which each secret is set."""
    digest = hashlib.sha256(API_KEY.encode()).hexdigest()
    return {
        "encryption_key": f"{CANARY}-encryption-0123456789",
        "server__metrics_token": f"{CANARY}-metrics-0123456789",
        "slack__signing_secret_previous": f"{CANARY}-previous",
        "slack__client_id": people.CLIENT_ID,
        "slack__client_secret": people.CLIENT_SECRET,
        "slack__app_token": people.APP_TOKEN,
        "slack__config_token": people.CONFIG_TOKEN,
        "api__keys": [{"name": "ci", "sha256": digest}],
        "webhooks__secret": WEBHOOK_SECRET,
        "webhooks__secret_previous": "whsec_Q0FOQVJZLTNmOWExYy1wcmV2aW91cy1vbmUtb2YtdHdv",
        "webhooks__sources": sources(),
        "outbound__read_s": 0.2,
        "outbound__total_s": 0.5,
        "jobs__breaker_failures": 100,
        **{f"connections__{name}": one for name, one in connections(superoffice).items()},
    }


def secret_fields(model: type[BaseModel], path: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        here = f"{path}.{name}".strip(".")
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from secret_fields(kind, here)
        elif "SecretStr" in str(field.annotation) or kind is SecretStr:
            yield here


def test_every_secret_setting_there_is_has_a_canary() -> None:
    from tests.world import settings_for

    settings = settings_for(
        "http://s", "http://r", "http://o", "sqlite:///x", **every_kind("http://o")
    )
    set_here = {path for path, _ in secrets_at(settings) if not path.startswith("connections")}
    assert set_here == set(secret_fields(Settings))
    of_kinds: dict[str, set[str]] = {}
    for one in settings.connections.values():
        of_kinds.setdefault(one.kind, set()).update(path for path, _ in secrets_at(one))
    assert of_kinds["rocketchat"] == set(secret_fields(RocketChat))
    assert of_kinds["superoffice"] == set(secret_fields(SuperOffice))


class Caller:
    """Asks all doors, remembers every word that comes back, and receives callbacks."""

    def __init__(self, here: World, http: aiohttp.ClientSession) -> None:
        self.here, self.http = here, http
        self.said: list[str] = []
        self.called_back: list[str] = []

    async def ask(self, method: str, path: str, **more: Any) -> str:
        url = path if path.startswith("http") else self.here.url + path
        async with self.http.request(method, url, allow_redirects=False, **more) as answer:
            text = await answer.text()
            # a cookie is sealed for its browser alone, and Set-Cookie is where it is given
            told = {name: one for name, one in answer.headers.items() if name != "Set-Cookie"}
            self.said.append(f"{answer.status} {told} {text}")
            return text

    async def receive(self, request: web.Request) -> web.Response:
        self.called_back.append(f"{dict(request.headers)} {await request.text()}")
        return web.Response(status=204)

    async def launch(self, callback: str) -> int:
        """A job on each connection, with a callback."""
        names = list(self.here.bridge.settings.connections)
        for name in names:
            chat = name == "rocketchat"
            action = "rocketchat.close_room" if chat else "superoffice.transfer_session"
            args: dict[str, Any] = (
                {"rid": rooms.OPEN_SERVED}
                if chat
                else {"chatSessionId": 648, "toAssociate": "anna@example.com"}
            )
            await self.ask(
                "POST",
                f"/api/v1/actions/{action}",
                headers={"Authorization": f"Bearer {API_KEY}"},
                json={"args": args, "connection": name, "reply_to": {"callback_url": callback}},
            )
        return len(names)

    async def hooks(self) -> None:
        """Each source is given a right proof and a wrong one."""
        for name in sources():
            secret = secret_of(name)["secret"]
            proofs = {
                "bearer": {"Authorization": f"Bearer {secret}"},
                "word": {"X-Word": secret},
                "basic": {"Authorization": aiohttp.encode_basic_auth("u", secret)},
                "hmac": {"X-Sign": f"sha256={CANARY}-sign"},
            }
            for headers in (proofs[name], {key: f"{one}x" for key, one in proofs[name].items()}):
                for body in ("{}", '{"room": "r1"}', "{"):
                    await self.ask("POST", f"/hooks/{name}", data=body, headers=headers)

    async def pages(self) -> None:
        """The console as an operator sees it, and every page of the API."""
        form = await self.ask("GET", "/console/sign-in")
        token = re.search(r'name="csrf" value="([^"]+)"', form)
        assert token
        for given in (f"{CANARY}-guess", API_TOKEN):
            await self.ask("POST", "/console/sign-in", data={"csrf": token[1], "token": given})
        auth = {"Authorization": f"Bearer {API_TOKEN}"}
        jobs = [job.id for job in await self.here.jobs()]
        for path in ("/console", "/console/jobs", "/console/connections", "/console/sources"):
            await self.ask("GET", path)
        for job_id in jobs:
            await self.ask("GET", f"/console/jobs/{job_id}")
            await self.ask("GET", f"/api/v1/jobs/{job_id}", headers=auth)
            await self.ask("GET", f"/api/v1/jobs/{job_id}/file", headers=auth)
        for path in ("/api/v1/jobs", "/api/v1/audit", "/openapi.json", "/docs", "/readyz"):
            await self.ask("GET", path, headers=auth)
        for given in (f"Bearer {CANARY}-guess", f"Bearer {CANARY}-metrics-0123456789"):
            await self.ask("GET", "/metrics", headers={"Authorization": given})


async def attempted(here: World, jobs: int) -> None:
    """Until every job was tried once."""
    async with asyncio.timeout(40):
        while True:
            found = await here.jobs()
            if len(found) >= jobs and all(one.attempts or one.finished_at for one in found):
                return
            await asyncio.sleep(0.05)


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    with log_lines() as stream:
        yield stream


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Traces and metrics go to an OTLP receiver too."""
    made = Receiver()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
    yield made
    tracing.stop()
    made.close()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
async def test_no_kind_of_credential_is_said_whatever_happens(
    tmp_path: Path, lines: io.StringIO, receiver: Receiver, fault: FaultKind | None
) -> None:
    async with AsyncExitStack() as stack:
        jar = aiohttp.CookieJar(unsafe=True)
        http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=jar))
        office = Office()
        kinds = every_kind(await serve(office.app(), stack))
        here = await stack.enter_async_context(world(tmp_path, **kinds))
        caller = Caller(here, http)
        app = web.Application()
        app.router.add_post(f"/{CANARY}-callback", caller.receive)
        callback = f"{await serve(app, stack)}/{CANARY}-callback"
        needles = {*secrets(here.bridge.settings), f"{CANARY}-callback", API_KEY}
        needles |= {secret_of(name)["secret"] for name in sources()}
        if fault is not None:
            for emulator in (here.rocketchat, office):
                emulator.faults.append(
                    Fault(fault, times=8, location="http://127.0.0.1:1/x", size=3_000_000)
                )
        count = await caller.launch(callback)
        for command, text in (
            ("/close", f"{rooms.OPEN_QUEUED} done"),
            ("/transfer", "648 anna@example.com on=basic"),
            ("/close", ""),
        ):
            await here.slack.command(people.ANNA, people.SUPPORT, command, text)
        await caller.hooks()
        await attempted(here, count)
        await caller.pages()
        needles |= set(here.slack.hooks)
        report = check(here.bridge.settings).table()
        report += (await doctor(here.bridge.settings)).table(200)
        messages = [
            json.dumps(here.slack._message_row(one), default=str) for one in here.slack.all_messages
        ]
        numbers = metrics.render()[0].decode()
    tracing.stop(SENT_WITHIN_S)  # what is left is sent
    database = stored(tmp_path)
    hay = {
        "logs": lines.getvalue(),
        "metrics": numbers,
        "traces": b"".join(receiver.bodies["/v1/traces"]).decode("latin-1"),
        "exported metrics": b"".join(receiver.bodies["/v1/metrics"]).decode("latin-1"),
        "answers": "\n".join(caller.said),
        "callbacks": "\n".join(caller.called_back),
        "messages": "\n".join(messages),
        "reports": report,
        "database": database.decode("latin-1"),
    }
    assert len(hay["traces"]) > 100
    assert fault or caller.called_back
    assert "superoffice.transfer_session" in hay["answers"]
    for place, text in hay.items():
        told = found(forms(needles), text.replace(callback, ""))
        if place == "callbacks":  # whoever has the address may see it
            told = found(forms(needles - {f"{CANARY}-callback"}), text)
        assert not told, (place, told)


async def test_what_people_link_and_install_is_sealed_and_not_said(
    tmp_path: Path, lines: io.StringIO
) -> None:
    anyone = {"connections__superoffice__link_same_email": False}
    async with town(tmp_path, **anyone) as here, browser(here) as visitor:
        address = await here.address(people.ANNA, "rocketchat")
        wrong = await visitor.give_token(address, INES_ID, f"{CANARY}-wrong-token")
        right = await visitor.give_token(address, INES_ID, INES_TOKEN)
        assert await here.linked(people.ANNA, "rocketchat")
        office = await here.address(people.ANNA, "superoffice")
        came = await visitor.consent(office, "ANNA")
        link = await here.linked(people.ANNA, "superoffice")
        assert link is not None
        assert link.credential
        needles = {INES_TOKEN, f"{CANARY}-wrong-token", *link.credential.values()}
        needles = {one for one in needles if len(one) > 12 and not one.startswith("http")}
        assert len(needles) >= 3
        tickets = {one.rpartition("/")[2] for one in (address, office)}
        await here.ends("/close", f"{rooms.OPEN_QUEUED} solved", 1)
        shown = "".join(page.text for page in (wrong, right, came))
        pages = await here.says(people.ANNA, "link")
    for place, text in {
        "logs": lines.getvalue(),
        "pages": shown,
        "messages": pages,
        "database": stored(tmp_path).decode("latin-1"),
    }.items():
        assert not found(needles, text), place
        if place in ("logs", "database"):
            assert not found(tickets, text), place


# -- the command line ------------------------------------------------------------------------------

SECRET_VARIABLES = sorted(
    variable
    for variable, path in ENVIRONMENT.items()
    if path.rpartition(".")[2] in {one.rpartition(".")[2] for one in secret_fields(Settings)}
    or path.rpartition(".")[2] in {*secret_fields(RocketChat), *secret_fields(SuperOffice)}
)
VERBS = (
    *(("check",), ("doctor",), ("jobs", "list"), ("audit",), ("manifest",), ("openapi",)),
    *(("explain", "@U1", "/close"), ("migrate",), ("config",)),
)


@pytest.mark.parametrize("variable", SECRET_VARIABLES)
@pytest.mark.parametrize("way", ["value", "file", "wrong"])
def test_no_verb_prints_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, way: str
) -> None:
    """As a value, from a file, and in a shape that is refused."""
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    secret = f"{CANARY}-{variable.lower()}-0123456789"
    if variable.startswith("BRIDGE_WEBHOOK_SECRET") and way != "wrong":
        secret = WEBHOOK_SECRET
    rocketchat = {"URL": "http://127.0.0.1:1", "USER_ID": "u", "AUTH_TOKEN": "t"}
    for name, value in rocketchat.items():
        monkeypatch.setenv(f"ROCKETCHAT_{name}", value)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'bridge.db'}")
    monkeypatch.setenv("SLACK_API_URL", "http://127.0.0.1:1/api/")
    if way == "file":
        (tmp_path / "secret").write_text(f"{secret}\n", "utf-8")
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv(f"{variable}_FILE", str(tmp_path / "secret"))
    else:
        monkeypatch.setenv(variable, secret)
    if way == "wrong":  # beside it something that cannot be read, so that errors are told
        monkeypatch.setenv("PORT", f"{CANARY}-port")
        monkeypatch.setenv("BRIDGE_OUTBOUND_TOTAL_S", secret)
    for verb in VERBS:
        result = CliRunner().invoke(main, list(verb))
        told = f"{result.output}{result.exception!r}"
        assert secret not in told, verb
        assert CANARY not in told, verb
