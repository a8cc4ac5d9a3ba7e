"""A program that gave a callback address gets the file's bytes with the job, signed, once."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from standardwebhooks import Webhook

from bridge.sandbox.rocketchat import seed as rooms
from tests.ends.stage import Stage, stage
from tests.world import API_TOKEN, WEBHOOK_SECRET, serve

PDF = "rocketchat.request_pdf_transcript"


class Program:
    """A program with a callback address."""

    def __init__(self) -> None:
        self.url = ""
        self.told: list[dict[str, Any]] = []

    async def receive(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        Webhook(WEBHOOK_SECRET).verify(body, headers)
        self.told.append(json.loads(body))
        return web.Response(status=204)


@asynccontextmanager
async def listening() -> AsyncIterator[Program]:
    program = Program()
    async with AsyncExitStack() as stack:
        app = web.Application(client_max_size=10_000_000)
        app.router.add_post("/told", program.receive)
        program.url = f"{await serve(app, stack)}/told"
        yield program


async def _ended(on: Stage, program: Program) -> dict[str, Any]:
    await on.ended((await on.world.jobs())[0])
    [told] = program.told
    return told


async def test_a_finished_pdf_comes_inside_the_callback(tmp_path: Path) -> None:
    async with stage(tmp_path) as on, listening() as program:
        reply_to = {"callback_url": program.url}
        await on.call(PDF, {"rid": rooms.CLOSED_PLAIN}, reply_to=reply_to)
        told = await _ended(on, program)
        [made] = [f for f in on.rocketchat.files.values() if f.rid == rooms.CLOSED_PLAIN]
        assert base64.b64decode(told["file"]["content_base64"]) == made.content
        assert (told["file"]["media_type"], told["file"]["size"]) == (
            "application/pdf",
            len(made.content),
        )
        assert told["outcome"]["facts"]["pdf"] == "ready"


async def test_a_large_pdf_is_fetched_from_the_address_in_the_callback(tmp_path: Path) -> None:
    async with stage(tmp_path, server__public_url="http://127.0.0.1") as on, listening() as program:
        await on.call(PDF, {"rid": rooms.CLOSED_PLAIN}, reply_to={"callback_url": program.url})
        small = await _ended(on, program)
        [made] = [f for f in on.rocketchat.files.values() if f.rid == rooms.CLOSED_PLAIN]
        made = replace(made, content=made.content + b" " * 1_200_000)
        on.rocketchat.files[made.id] = made
        reply_to = {"callback_url": program.url}
        await on.call(PDF, {"rid": rooms.CLOSED_PLAIN}, reply_to=reply_to)
        await on.ended((await on.world.jobs())[0])
        told = program.told[-1]
        assert told["id"] != small["id"]
        assert told["file"]["size"] > 1_200_000
        path = told["file"]["url"].removeprefix("http://127.0.0.1")
        headers = {"Authorization": f"Bearer {API_TOKEN}"}
        async with aiohttp.ClientSession(on.world.url, headers=headers) as client:
            async with client.get(path) as answer:
                assert answer.status == 200
                assert await answer.read() == made.content
            on.rocketchat.files.clear()
            async with client.get(path) as answer:
                assert answer.status == 410
                assert "Launch the action again" in (await answer.json())["detail"]


async def test_an_automation_that_closes_gets_the_pdf_too(tmp_path: Path) -> None:
    async with stage(tmp_path) as on, listening() as program:
        on.rocketchat.pdf_delay_s = 4.0
        wish = {
            "action": "rocketchat.close_room",
            "args": {"rid": rooms.OPEN_SERVED, "comment": "x", "generateTranscriptPdf": True},
            "reply_to": {"callback_url": program.url},
        }
        body = json.dumps(wish)
        headers = _signed(on, body)
        async with (
            aiohttp.ClientSession() as client,
            client.post(f"{on.world.url}/hooks/actions", data=body, headers=headers) as answer,
        ):
            assert answer.status == 202, await answer.text()
        told = await _ended(on, program)
        assert base64.b64decode(told["file"]["content_base64"]).startswith(b"%PDF")
        assert told["outcome"]["facts"]["closed"] is True


async def test_a_file_that_cannot_be_fetched_is_said_in_the_callback(tmp_path: Path) -> None:
    async with stage(tmp_path) as on, listening() as program:
        with on.rocketchat.fault("status", "GET /file-upload/*", status=403):
            args = {"rid": rooms.CLOSED_WITH_PDF}
            await on.call(PDF, args, reply_to={"callback_url": program.url})
            told = await _ended(on, program)
        assert "file" not in told
        assert "could not be fetched" in told["outcome"]["next_step"]


def _signed(on: Stage, body: str) -> dict[str, str]:
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(on.clock(), UTC)
    return {
        "Content-Type": "application/json",
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(WEBHOOK_SECRET).sign("msg_1", moment, body),
    }
