"""The Rocket.Chat client against the emulated one: headers, bodies, missing answers, files, secrets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import get_args

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bridge.contract import Lost, Request, Unsent
from bridge.outbound import Outbound
from bridge.sandbox.emulator import FaultKind
from bridge.sandbox.rocketchat import Profile
from bridge.sandbox.rocketchat import RocketChat as Emulator
from bridge.sandbox.rocketchat.seed import (
    CLOSED_WITH_PDF,
    INTEGRATION_ID,
    INTEGRATION_TOKEN,
    OPEN_SERVED,
)
from bridge.settings import RocketChat as Settings
from bridge.upstreams import Credential, RocketChat, connect

CLOSE = Request(
    "POST",
    "/api/v1/livechat/room.closeByUser",
    body={"rid": OPEN_SERVED, "comment": "bye"},
    write=True,
)
INFO = Request("GET", "/api/v1/rooms.info", query={"roomId": OPEN_SERVED})


@pytest.fixture
def emulator() -> Emulator:
    return Emulator()


@pytest.fixture
async def server(emulator: Emulator) -> AsyncIterator[TestServer]:
    server = TestServer(emulator.app())
    async with server:
        yield server


def settings_for(server: TestServer, token: str = INTEGRATION_TOKEN) -> Settings:
    url = str(server.make_url("/"))
    return Settings(url=url, user_id=INTEGRATION_ID, auth_token=SecretStr(token))


@pytest.fixture
def rc(server: TestServer, outbound: Outbound) -> RocketChat:
    return RocketChat("rocketchat", settings_for(server), outbound)


async def test_a_documented_call(rc: RocketChat, emulator: Emulator) -> None:
    assert (await rc.send(CLOSE)).ok
    assert emulator.effects_of("close_room", OPEN_SERVED)
    sent = emulator.exchanges[-1].headers
    assert sent["X-User-Id"] == INTEGRATION_ID
    assert sent["X-Auth-Token"] == INTEGRATION_TOKEN
    assert sent["Content-Type"] == "application/json"
    assert json.loads(emulator.exchanges[-1].body) == CLOSE.body


@pytest.mark.parametrize("profile", get_args(Profile))
async def test_each_profile(
    server: TestServer, rc: RocketChat, emulator: Emulator, profile: Profile
) -> None:
    emulator.configure(profile=profile)
    assert (await rc.send(INFO)).json["room"]["_id"] == OPEN_SERVED
    pdf = Request("POST", "/api/v1/omnichannel/{rid}/request-transcript", {"rid": OPEN_SERVED})
    assert (await rc.send(pdf)).error_code == "room-still-open"
    transcript = Request("DELETE", "/api/v1/livechat/transcript/{rid}", {"rid": OPEN_SERVED})
    assert (await rc.send(transcript)).error_code == "error-transcript-not-requested"
    unknown = await rc.send(Request("GET", "/api/v1/nothing.here"))
    assert unknown.error_code == "not-found"
    bad = Request("POST", "/api/v1/rooms.export", body={"rid": OPEN_SERVED, "type": "file", "x": 1})
    assert (await rc.send(bad)).error_code == "invalid-params"
    stranger = RocketChat("other", settings_for(server, "wrong"), rc._outbound)
    assert (await stranger.send(INFO)).error_code == "unauthorized"


async def test_a_value_that_may_not_enter_a_path_is_refused_here(
    rc: RocketChat, emulator: Emulator
) -> None:
    for rid in ("../../users.delete", "%2e%2e", "a/b", ""):
        request = Request("POST", "/api/v1/omnichannel/{rid}/request-transcript", {"rid": rid})
        response = await rc.send(request)
        assert (response.status, response.error_code) == (400, "invalid-path")
        assert not response.sent
    assert not emulator.exchanges


async def test_a_file_comes_with_the_sign_in(rc: RocketChat, emulator: Emulator) -> None:
    file_id = emulator.rooms[CLOSED_WITH_PDF].pdf_transcript_file_id
    assert file_id
    path = {"file_id": file_id, "name": "Luis Ortega ä.pdf"}
    asked = Request("GET", "/file-upload/{file_id}/{name}", path, expects="file")
    answer = await rc.send(asked)
    assert answer.ok
    assert answer.body.startswith(b"%PDF")


LOST: dict[FaultKind, type[Exception]] = {
    "hang": Lost,
    "hang_after": Lost,
    "reset_before": Lost,  # the emulator had read the request; only it knows that it did nothing
    "reset_after": Lost,
    "garbage": Lost,
    "truncated": Lost,
    "huge": Lost,
}


@pytest.mark.parametrize("fault", LOST)
async def test_a_missing_answer_is_lost_and_nothing_is_sent_twice(
    rc: RocketChat, emulator: Emulator, fault: FaultKind
) -> None:
    for request in (CLOSE, INFO):
        before = len(emulator.exchanges)
        with emulator.fault(fault), pytest.raises(Lost):
            await rc.send(request)
        assert len(emulator.exchanges) <= before + 1


async def test_an_empty_success_is_a_success(rc: RocketChat, emulator: Emulator) -> None:
    with emulator.fault("empty"):
        response = await rc.send(CLOSE)
    assert (response.ok, response.json) == (True, None)


async def test_a_redirect_is_not_followed(
    rc: RocketChat, emulator: Emulator, server: TestServer
) -> None:
    with emulator.fault("redirect", location=str(server.make_url("/api/info"))):
        response = await rc.send(CLOSE)
    assert (response.status, response.error_code) == (307, "redirected")
    assert len(emulator.exchanges) == 1


async def test_a_server_error_and_a_limit_are_answers(rc: RocketChat, emulator: Emulator) -> None:
    emulator.crash()
    assert (await rc.send(CLOSE)).status == 500
    with emulator.fault("status", status=429, headers={"X-RateLimit-Reset": "1750000000000"}):
        response = await rc.send(CLOSE)
    assert response.error_code == "error-too-many-requests"
    assert response.headers["x-ratelimit-reset"] == "1750000000000"


async def test_nobody_there_is_unsent(outbound: Outbound, server: TestServer) -> None:
    settings = settings_for(server)
    await server.close()
    with pytest.raises(Unsent):
        await RocketChat("rocketchat", settings, outbound).send(CLOSE)


async def test_a_token_with_a_line_break_is_unsent(outbound: Outbound, server: TestServer) -> None:
    rc = RocketChat("rocketchat", settings_for(server, "CANARY\r\nX: 1"), outbound)
    with pytest.raises(Unsent) as caught:
        await rc.send(CLOSE)
    assert "CANARY" not in str(caught.value)


async def test_a_person_acts_as_themselves(
    server: TestServer, outbound: Outbound, emulator: Emulator
) -> None:
    mine = {name: SecretStr(value) for name, value in emulator.credentials("mara.lind").items()}

    async def credentials(connection: str, person: str) -> Credential | None:
        return Credential(mine) if (connection, person) == ("desk", "U1") else None

    rc = connect("desk", settings_for(server), outbound, credentials=credentials)
    me = Request("GET", "/api/v1/me")
    assert (await rc.send(me, person="U1")).json["username"] == "mara.lind"
    assert (await rc.send(me, person="U2")).json["username"] == "deskbridge"
    assert (await rc.send(me)).json["username"] == "deskbridge"
    assert "sandbox-" not in repr(Credential(mine))


async def test_a_workspace_below_a_path_and_the_trace(outbound: Outbound) -> None:
    seen: list[web.Request] = []

    async def note(request: web.Request) -> web.Response:
        seen.append(request)
        return web.json_response({"success": True})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", note)
    server = TestServer(app)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with server:
        url = str(server.make_url("/chat"))
        settings = Settings(url=url, user_id="u", auth_token=SecretStr("t"))
        rc = RocketChat("desk", settings, outbound)
        await rc.send(Request("GET", "/api/v1/me", query={"a[]": "x&y"}), trace=trace)
        await rc.send(Request("POST", "/api/v1/x"))
    assert seen[0].raw_path.startswith("/chat/api/v1/me?")
    assert seen[0].query["a[]"] == "x&y"
    assert seen[0].headers["traceparent"] == trace
    assert "Content-Type" not in seen[0].headers
    assert seen[1].headers["Content-Type"] == "application/json"
    assert seen[1].content_length == 2
