"""The event stream: what it says, and when it ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientResponse, ClientSession, CookieJar

from bridge.contract import JobState
from tests.console.desk import TOKEN, Desk


@pytest.fixture
async def http(address: str) -> AsyncIterator[ClientSession]:
    async with ClientSession(base_url=address, cookie_jar=CookieJar(unsafe=True)) as session:
        await post(session, "/console/sign-in", token=TOKEN)
        yield session


async def post(http: ClientSession, path: str, **form: str) -> ClientResponse:
    """Post a form as a page of this session would."""
    page = await (await http.get("/console/sign-in")).text()
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    return await http.post(path, data={**form, "csrf": csrf})


async def events(stream: ClientResponse) -> AsyncIterator[tuple[str, dict[str, object]]]:
    name = ""
    async for line in stream.content:
        field, _, value = line.decode().strip().partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


async def test_a_burst_of_changes_becomes_one_event(desk: Desk, http: ClientSession) -> None:
    ids = [await desk.put(JobState.RUNNING, room=f"r{n}") for n in range(120)]
    stream = await http.get("/console/stream")
    heard = events(stream)
    assert await anext(heard) == ("hello", {})
    for job_id in ids:
        desk.store.changed(job_id)
    name, data = await asyncio.wait_for(anext(heard), 5)
    assert (name, data["more"]) == ("changed", True)
    assert data["ids"] == ids[:100]
    stream.close()


async def test_a_stream_ends_with_its_session(desk: Desk, http: ClientSession) -> None:
    stream = await http.get("/console/stream")
    heard = events(stream)
    await anext(heard)
    left = await post(http, "/console/sign-out")
    assert left.url.path == "/console/sign-in"
    desk.store.changed("01")
    rest = [name async for name, _ in heard]
    assert rest == ["changed"]
    refused = await http.get("/console/stream", headers={"Accept": "text/event-stream"})
    assert refused.status == 401


async def test_a_stream_does_not_hold_up_the_end_of_the_process(
    desk: Desk, http: ClientSession
) -> None:
    stream = await http.get("/console/stream")
    heard = events(stream)
    await anext(heard)
    await asyncio.wait_for(desk.console.close(), 1)
    assert [name async for name, _ in heard] == []
    again = await http.get("/console/stream")  # as a browser asks within two seconds
    assert again.status == 503
