"""The Node-RED recipe, for real: started, imported, and driving the bridge down to the upstream."""

from __future__ import annotations

from pathlib import Path

import aiohttp
import pytest

from bridge.sandbox.rocketchat import seed as rooms
from tests.ingress.webhooks import node_red
from tests.npm import NotHere
from tests.world import API_TOKEN, WEBHOOK_SECRET, world

RECIPE = Path(__file__).parents[3] / "deploy/recipes/node-red.json"


@pytest.mark.timeout(360)
async def test_the_recipe_closes_and_brings_the_transcript(tmp_path: Path) -> None:
    try:
        node_red.install()
    except NotHere as error:
        pytest.skip(str(error))
    port = node_red.free_port()
    async with (
        world(tmp_path) as here,
        node_red.running(
            tmp_path / "node-red",
            port,
            RECIPE,
            BRIDGE_URL=here.url,
            BRIDGE_API_TOKEN=API_TOKEN,
            BRIDGE_WEBHOOK_SECRET=WEBHOOK_SECRET,
            NODE_RED_URL=f"http://127.0.0.1:{port}",
        ) as address,
        aiohttp.ClientSession(address) as browser,
    ):
        wish = {"rid": rooms.OPEN_SERVED, "comment": "Solved in Node-RED", "key": "order-1"}
        for _ in range(2):  # the second one is the same wish: same job, same answer
            async with browser.post("/desk/close", json=wish) as answer:
                closed = await answer.json()
                assert (answer.status, closed["state"]) == (200, "done")
        assert len(here.rocketchat.effects_of("close_room", rooms.OPEN_SERVED)) == 1

        async with browser.post("/desk/transcript", json={"rid": rooms.CLOSED_PLAIN}) as answer:
            asked = await answer.json()
            assert answer.status == 202, asked
        await here.finished(2)  # ended, and told: the callback was answered

        async with browser.get("/desk/told") as answer:
            (told,) = await answer.json()
        assert (told["id"], told["state"]) == (asked["job"], "done")
        assert told["action"] == "rocketchat.request_pdf_transcript"

        forged = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
        async with browser.post("/desk/told", data=b"{}", headers=forged) as answer:
            assert answer.status == 401

        async with browser.post("/desk/close", json={"rid": "no room!"}) as answer:
            assert answer.status == 422
            assert (await answer.json())["message"]
