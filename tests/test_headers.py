"""Every route of every door answers with the least of headers, also where it refuses or does not exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from bridge.app.headers import LEAST
from tests.world import World, world

NOWHERE = ("/", "/nowhere", "/api/v1/nowhere", "/slack/nowhere")


def places(here: World) -> set[tuple[str, str]]:
    """Every route there is, with something in the place of its parts."""
    found = {("DELETE", "/healthz"), *(("GET", path) for path in NOWHERE)}
    app = here.bridge.web_app()
    for route in app.router.routes():
        canonical = route.resource.canonical if route.resource is not None else "/"
        path = canonical.split("{")[0] + ("x" if "{" in canonical else "")
        found.add((route.method if route.method != "*" else "GET", path))
    return found


async def test_every_answer_has_the_least_of_headers_and_tells_no_version(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "slack__client_id": "1.2",
        "slack__client_secret": "a-client-secret",
    }
    async with (
        world(tmp_path, server__public_url="https://desk.example", **settings) as here,
        ClientSession() as http,
    ):
        asked = places(here)
        assert len(asked) > 30
        for method, path in sorted(asked):
            if path == "/console/stream":
                continue  # it answers only to whoever signed in, and then for ever
            async with http.request(method, here.url + path, allow_redirects=False) as answer:
                told = answer.headers
                assert answer.status < 500 or path.startswith("/hooks"), (path, answer.status)
                for name in LEAST:
                    assert told.get(name), (method, path, name)
                assert "frame-ancestors 'none'" in told["Content-Security-Policy"], path
                assert told["Strict-Transport-Security"]
                assert "aiohttp" not in str(dict(told)), path
                assert "Python" not in str(dict(told)), path


async def test_without_tls_nobody_is_told_to_insist_on_it(tmp_path: Path) -> None:
    async with (
        world(tmp_path, server__public_url="http://127.0.0.1:1") as here,
        ClientSession() as http,
        http.get(f"{here.url}/healthz") as answer,
    ):
        assert "Strict-Transport-Security" not in answer.headers
