"""The file of a job: whole, never shown in place, only to whom the job belongs, and a next step otherwise."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import quote

import pytest
from sqlalchemy import update

from bridge.contract import Done, FileRef, Lost, Outcome, Request, Response, Unsent
from bridge.ingress.api.files import AT_ONCE
from bridge.jobs.auditing import Audit, Which
from bridge.jobs.store import Store
from bridge.jobs.tables import jobs
from tests.ingress.api.conftest import Serve
from tests.ingress.api.house import ROOM, Client, bearer, problem, settings
from tests.jobs.toys import Upstream

PDF = "/api/v1/actions/rocketchat.request_pdf_transcript"
NAME = 'Gespräch "Zoë".pdf'
READ = Request(
    "GET", "/file-upload/{file_id}/{name}", {"file_id": "f1", "name": NAME}, expects="file"
)
READY = Done("ready", "Here is the PDF.", file=FileRef(READ, NAME, "application/pdf"))
CONTENT = b"%PDF-1.7 " + b"x" * 2_000_000


class Archive:
    """An upstream with one file."""

    def __init__(self) -> None:
        self.answer: Response | Exception = Response(
            200, {"content-type": "application/pdf"}, CONTENT
        )
        self.client = Upstream("desk", "rocketchat", self._answer)

    async def _answer(self, _: Request) -> Response:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def archive(upstreams: dict[str, Upstream]) -> Archive:
    found = Archive()
    upstreams["desk"] = found.client
    return found


async def ended(
    client: Client, store: Store, outcome: Outcome | None = READY, key: str = "anna"
) -> str:
    """The address of the file of a job that ended so."""
    response = await client.post(PDF, json={"rid": ROOM}, headers=bearer(key))
    job_id = str((await response.json())["id"])
    if outcome is not None:
        values = {"state": "done", "outcome": json.dumps(outcome.as_json()), "finished_at": 1.0}
        change = update(jobs).where(jobs.c.id == job_id).values(values)
        await store.write(lambda db: db.execute(change) and None)
    return f"/api/v1/jobs/{job_id}/file"


async def test_a_file_comes_whole_and_is_never_shown_in_place(
    client: Client, store: Store, archive: Archive
) -> None:
    path = await ended(client, store)
    for key in ("anna", ""):
        response = await client.get(path, headers=bearer(key))
        assert response.status == 200
        assert await response.read() == CONTENT
        told = response.headers
        assert told["Content-Type"] == "application/pdf"
        assert told["X-Content-Type-Options"] == "nosniff"
        assert told["Cache-Control"] == "no-store"
        assert told["Content-Disposition"] == (
            f"attachment; filename=\"Gespr_ch__Zo__.pdf\"; filename*=UTF-8''{quote(NAME, safe='')}"
        )
    assert [request.route for request in archive.client.sent] == [READ.route] * 2
    brought = (await Audit(store).find(Which(what="job.file"))).events
    assert [one.actor.who for one in brought] == ["api", "key:anna"]


@pytest.mark.usefixtures("archive")
async def test_another_s_file_is_as_absent_as_its_job(client: Client, store: Store) -> None:
    path = await ended(client, store)
    await problem(await client.get(path, headers=bearer("bert")), 404, "unknown-job")
    await problem(await client.get(path), 401, "unauthenticated")
    await problem(await client.post(path, headers=bearer("anna")), 405, "wrong-method")


@pytest.mark.usefixtures("archive")
async def test_a_key_that_covers_the_action_no_more_gets_no_file(
    serve: Serve, store: Store
) -> None:
    wide = await serve(settings())
    path = await ended(wide, store)
    some = settings()
    keys = [one.model_copy(update={"connections": ["office"]}) for one in some.api.keys]
    narrow = await serve(settings(api=some.api.model_copy(update={"keys": keys})))
    await problem(await narrow.get(path, headers=bearer("anna")), 403, "not-covered")


@pytest.mark.usefixtures("archive")
async def test_without_a_file_it_says_why(client: Client, store: Store) -> None:
    running = await ended(client, store, None)
    document = await problem(await client.get(running, headers=bearer("anna")), 409, "not-possible")
    assert "when it has ended" in document["detail"]
    bare = await ended(client, store, Done("x", "Nothing to bring."), "bert")
    await problem(await client.get(bare, headers=bearer("bert")), 404, "no-file")


@pytest.mark.parametrize(
    ("answer", "status", "slug"),
    [
        (Response(404), 410, "file-gone"),
        (Response(403), 502, "file-not-fetched"),
        (Response(200, {"content-type": "text/html"}, b"<html>"), 502, "file-not-fetched"),
        (Lost("the connection broke"), 502, "file-not-fetched"),
        (Unsent("no connection could be made"), 502, "file-not-fetched"),
    ],
)
async def test_a_file_that_does_not_come(
    client: Client,
    store: Store,
    archive: Archive,
    answer: Response | Exception,
    status: int,
    slug: str,
) -> None:
    archive.answer = answer
    path = await ended(client, store)
    response = await client.get(path, headers=bearer("anna"))
    document = await problem(response, status, slug)
    assert NAME in document["detail"]
    assert (status == 502) == ("Retry-After" in response.headers)


async def test_a_file_of_a_removed_connection_is_gone(client: Client, store: Store) -> None:
    path = await ended(client, store)
    document = await problem(await client.get(path, headers=bearer("anna")), 410, "file-gone")
    assert "connection desk" in document["detail"]


async def test_a_hanging_upstream_holds_a_few_places_only(
    client: Client, store: Store, archive: Archive
) -> None:
    path = await ended(client, store)
    full, go = asyncio.Event(), asyncio.Event()

    async def hang(_: Request) -> Response:
        if len(archive.client.sent) == AT_ONCE:
            full.set()
        await go.wait()
        return Response(200, {"content-type": "application/pdf"}, CONTENT)

    archive.client.answer = hang
    waiting = [
        asyncio.create_task(client.get(path, headers=bearer("anna"))) for _ in range(AT_ONCE)
    ]
    await full.wait()
    await problem(await client.get(path, headers=bearer("anna")), 503, "busy")
    job = await client.get(path.removesuffix("/file"), headers=bearer("anna"))
    assert job.status == 200
    go.set()
    assert {(await one).status for one in waiting} == {200}
