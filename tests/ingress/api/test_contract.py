"""The OpenAPI document against the doors themselves, by schemathesis: no 5xx, no undocumented answer."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from bridge.actions import catalogue
from bridge.ingress.webhooks import WebhookDoor
from bridge.jobs.store import Store
from tests.clock import Clock
from tests.ingress.api.house import api_door, bearer, settings

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance,negative_data_rejection,"
    "unsupported_method,ignored_auth,use_after_free"
)
# what the lead's other rooms answer; they are not behind these doors
ELSEWHERE = "^/(healthz|readyz|metrics)$"
RUN_S = 110


class Hasty(Clock):
    """A minute passes at each look, so that no stranger's wrong keys add up to a 429."""

    def __call__(self) -> float:
        self.now += 60
        return self.now


async def test_the_doors_keep_to_the_document(store: Store, clock: Clock, tmp_path: Path) -> None:
    some = settings()
    # nobody works on the jobs here, so a wait would always be waited to its end
    chosen = settings(api=some.api.model_copy(update={"max_wait_s": 0.01}))
    api = api_door(chosen, store, Hasty(clock.now))
    hooks = WebhookDoor(settings=chosen, catalogue=catalogue(), intake=store, clock=clock)
    app = web.Application()
    app.router.add_routes([*api.routes(), *hooks.routes()])
    async with TestServer(app) as server:
        running = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "schemathesis.cli",
                "run",
                str(server.make_url("/openapi.json")),
            ),
            *("--header", f"Authorization: {bearer()['Authorization']}"),
            *("--checks", CHECKS, "--phases", "examples,coverage,fuzzing"),
            *("--max-examples", "10", "--seed", "7", "--request-timeout", "10"),
            *("--exclude-path-regex", ELSEWHERE, "--no-color"),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await asyncio.wait_for(running.communicate(), RUN_S)
        await api.close()

    assert running.returncode == 0, out.decode()[-8000:]
