"""Web and worker as processes of their own: each says how it is, and nothing pages for what is well."""

from __future__ import annotations

import time
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import fresh_database
from tests.otlp import Receiver, mute
from tests.soak.city import City, city, until
from tests.soak.house import House, free_port

pytestmark = pytest.mark.alone  # real processes and real time: no neighbours


@pytest.fixture
def shared_url(postgres_url: str) -> str:
    return fresh_database(postgres_url)


async def get(here: City, url: str) -> tuple[int, str]:
    try:
        async with here.client.get(url) as answer:
            return answer.status, await answer.text()
    except aiohttp.ClientConnectionError:
        return 0, ""


async def until_it_says(here: City, url: str, *words: str) -> str:
    async def look() -> str | None:
        _, said = await get(here, url)
        return said if all(word in said for word in words) else None

    return await until(look, within_s=15)


async def test_each_process_says_how_it_is_and_only_a_worker_has_a_heartbeat(
    tmp_path: Path, shared_url: str
) -> None:
    async with city(tmp_path, shared_url) as here:
        port = free_port()
        at = f"http://127.0.0.1:{port}"
        web = here.house("serve", "--no-worker")
        worker = here.house("worker", BRIDGE_SERVER_WORKER_PORT=str(port))
        web.start()
        await web.up()
        _, before = await get(here, f"{web.url}/metrics")
        assert "\nbridge_worker_heartbeat_seconds " not in before
        worker.start()
        await worker.up()
        assert await get(here, f"{worker.url}/healthz") == (0, ""), "PORT is the web's"
        ready = await until_it_says(here, f"{at}/readyz", "in this process")
        assert '"failing": {}' in ready
        assert (await get(here, f"{at}/healthz"))[0] == 200
        for path in ("/slack/events", "/api/v1/jobs", "/console", "/docs"):
            assert (await get(here, at + path))[0] == 404, path
        await until_it_says(here, f"{web.url}/readyz", "elsewhere, seen")
        await here.wish(web, here.room())
        await here.settled()
        counted = (
            "\nbridge_worker_heartbeat_seconds 1",
            "\nbridge_jobs_ended_total{",
            "\nbridge_deliveries_total{",
            "\nbridge_upstream_seconds_count{",
        )
        await until_it_says(here, f"{at}/metrics", "\nbridge_worker_seen_seconds 1", *counted)
        seen = await until_it_says(here, f"{web.url}/metrics", "\nbridge_worker_seen_seconds 1")
        assert not any(one in seen for one in counted)
        assert await worker.terminate() == 0


async def test_what_the_store_holds_is_sent_by_otlp_though_nobody_scrapes(
    tmp_path: Path, shared_url: str
) -> None:
    receiver = Receiver()
    async with city(tmp_path, shared_url) as here:
        asked = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_METRIC_EXPORT_INTERVAL": "200",
            "OTEL_TRACES_EXPORTER": "none",
        }
        houses = [here.house(*verb, **asked) for verb in (("serve", "--no-worker"), ("worker",))]
        for house in houses:
            house.start()
        for house in houses:
            await house.up()

        async def sent() -> bool:
            found = receiver.samples()
            both = all(len(found.get(name, ())) == 2 for name in ("bridge_jobs", "bridge_info"))
            return both and len(found.get("bridge_worker_heartbeat_seconds", ())) == 1

        await until(sent, within_s=15)
    receiver.close()


async def test_a_process_ends_in_time_though_its_receiver_never_answers(
    tmp_path: Path, database_url: str
) -> None:
    with mute() as url:
        async with city(tmp_path, database_url) as here:
            house: House = here.house("serve", OTEL_EXPORTER_OTLP_ENDPOINT=url)
            house.start()
            await house.up()
            await here.wish(house, here.room())
            await here.settled()
            began = time.monotonic()
            assert await house.terminate() == 0
            assert time.monotonic() - began < 8
