"""The edge: what a handler raises becomes an answer that says what to do, and nothing leaks out of it."""

from __future__ import annotations

import re

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from bridge.ingress.http.edge import edge
from bridge.ingress.http.problems import Problem
from bridge.jobs.intake import NotStored
from tests.ingress.api.house import Client, problem


async def client_of(raised: Exception) -> Client:
    """A server whose only handler raises this."""

    async def handle(_: web.Request) -> web.StreamResponse:
        raise raised

    app = web.Application()
    app.router.add_get("/{id}", edge(handle))
    return TestClient(TestServer(app))


async def test_a_mistake_of_ours_has_one_number_in_the_answer_and_in_the_log() -> None:
    async with await client_of(RuntimeError("PRIVATE words")) as client:
        with capture_logs() as lines:
            document = await problem(await client.get("/SECRET"), 500, "internal")
    (line,) = (line for line in lines if line["event"] == "ingress.failed")
    assert re.fullmatch("[0-9a-f]{8}", document["error_id"])
    assert line["error_id"] == document["error_id"]
    assert document["error_id"] in document["detail"]
    assert line["route"] == "/{id}"
    assert "PRIVATE" not in str(document)
    assert "SECRET" not in str(document)


async def test_every_mistake_has_a_number_of_its_own() -> None:
    async with await client_of(RuntimeError()) as client:
        first, second = [await (await client.get("/x")).json(content_type=None) for _ in range(2)]
    assert first["error_id"] != second["error_id"]


async def test_nobody_is_told_that_nothing_was_accepted_when_that_is_not_known() -> None:
    unsure = NotStored("the connection broke", retry_after_s=2.1, unsure=True)
    async with await client_of(unsure) as client:
        answer = await client.get("/x")
        document = await problem(answer, 503, "maybe-stored")
    assert answer.headers["Retry-After"] == "3"
    assert "may have been accepted" in document["detail"]
    assert "same Idempotency-Key" in document["detail"]


async def test_refusals_carry_no_number() -> None:
    for raised, status, slug in (
        (Problem("not-found", "No."), 404, "not-found"),
        (NotStored("full", retry_after_s=2.1), 503, "not-stored"),
    ):
        async with await client_of(raised) as client:
            assert "error_id" not in await problem(await client.get("/x"), status, slug)
