"""Whatever is asked of the bridge, the answer is one of ours, is counted, and leaves a line if that is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs
from yarl import URL

from bridge import metrics
from bridge.app.routes import whole
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as slack
from tests.ingress.api.house import problem
from tests.world import API_TOKEN, World, world

CLOSE = "/api/v1/actions/rocketchat.close_room"
BEARER = {"Authorization": f"Bearer {API_TOKEN}"}
SECRET = "S3CRET"  # stands in paths and may stand in no line


def counted(method: str, route: str, status: str) -> float:
    labels = {"method": method, "route": route, "status": status}
    return metrics.REGISTRY.get_sample_value("bridge_http_seconds_count", labels) or 0.0


async def test_every_path_that_leads_nowhere_is_a_problem_document_and_counted_as_one(
    tmp_path: Path,
) -> None:
    nowhere = ["/nowhere", "/a%0Ab", "/%00", "//x", "/healthz/", "/slack/x", "/link/a/b/c", "/é"]
    async with world(tmp_path) as here, ClientSession() as http:
        before = counted("GET", "/{anywhere}", "4xx")
        for path in nowhere:
            async with http.get(URL(here.url + path, encoded="%" in path)) as answer:
                document = await problem(answer, 404, "not-found")
                assert "/docs" in document["detail"], path
        assert counted("GET", "/{anywhere}", "4xx") == before + len(nowhere)
        async with http.post(f"{here.url}/nowhere", data=b"x") as answer:
            await problem(answer, 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/healthz", "GET"),
        ("GET", "/slack/events", "POST"),
        ("POST", "/", "GET"),
        ("PUT", "/console/sign-in", "GET, POST"),
        ("OPTIONS", "/metrics", "GET"),
        ("POST", CLOSE, ""),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    tmp_path: Path, method: str, path: str, allowed: str
) -> None:
    async with (
        world(tmp_path) as here,
        ClientSession() as http,
        http.request(method, here.url + path, allow_redirects=False) as answer,
    ):
        if not allowed:
            await problem(answer, 401, "unauthenticated")  # it is the right one
            return
        assert allowed in (await problem(answer, 405, "wrong-method"))["detail"]
        assert answer.headers["Allow"] == allowed


async def test_the_bare_address_leads_to_the_console(tmp_path: Path) -> None:
    async with world(tmp_path) as here, ClientSession() as http:
        async with http.get(f"{here.url}/", allow_redirects=False) as answer:
            assert answer.status == 303
            assert answer.headers["Location"] == "/console"
        async with http.get(here.url) as answer:
            assert answer.url.path == "/console/sign-in"


async def ask_every_door(here: World) -> None:
    await here.slack.command(slack.ANNA, slack.SUPPORT, "/close", rooms.OPEN_SERVED)
    async with ClientSession() as http:
        for method, path in (
            ("POST", CLOSE),
            ("GET", f"/api/v1/jobs/{SECRET}"),
            ("POST", f"/hooks/{SECRET}"),
            ("GET", f"/link/{SECRET}"),
            ("GET", "/console/sign-in"),
            ("GET", "/healthz"),
            ("GET", f"/{SECRET}?token={SECRET}"),
        ):
            body = {"rid": rooms.OPEN_QUEUED} if path == CLOSE else None
            async with http.request(method, here.url + path, headers=BEARER, json=body):
                pass


def answered(lines: list[Any]) -> list[Any]:
    return [
        line
        for line in lines
        if line["event"] == "ingress.answered" and line["log_level"] == "info"
    ]


async def test_the_access_log_has_a_line_of_every_door_with_the_route_and_never_the_path(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, log__access=True) as here:
        with capture_logs() as lines:
            await ask_every_door(here)
    found = answered(lines)
    assert [(line["method"], line["route"], line["status"]) for line in found] == [
        ("POST", "/slack/events", 200),
        ("POST", "/api/v1/actions/{action}", 202),
        ("GET", "/api/v1/jobs/{id}", 404),
        ("POST", "/hooks/{source}", 404),
        ("GET", "/link/{ticket}", 404),
        ("GET", "/console/sign-in", 200),
        ("GET", "/healthz", 200),
        ("GET", "/{anywhere}", 404),
    ]
    assert all(0 < line["seconds"] < 10 for line in found)
    assert SECRET not in str(lines)


async def test_without_the_access_log_no_answer_leaves_a_line(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        with capture_logs() as lines:
            await ask_every_door(here)
    assert answered(lines) == []


async def test_what_breaks_counts_as_our_fault_and_who_goes_away_does_not() -> None:
    async def breaks(_: web.Request) -> web.StreamResponse:
        raise RuntimeError

    async def goes(_: web.Request) -> web.StreamResponse:
        raise ConnectionResetError

    app = web.Application()
    app.add_routes(whole([web.get("/breaks", breaks), web.get("/goes", goes)], lambda: False))
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/breaks")).status == 500
        await client.get("/goes")
    assert counted("GET", "/breaks", "5xx") == 1
    assert counted("GET", "/goes", "none") == 1
