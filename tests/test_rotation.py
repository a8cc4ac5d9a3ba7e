"""Changing secrets as SECURITY.md walks through it: at no step is a request of either side refused."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from bridge.contract import JobState
from bridge.jobs.links import Link, Links
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as people
from bridge.settings import Reloader, Settings, SettingsError, load
from tests.ingress.api.house import key
from tests.test_metrics_wired import scrape
from tests.world import API_TOKEN, WEBHOOK_SECRET, World, _put, world

NEW_HOOK = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
CLOSE = "/api/v1/actions/rocketchat.close_room"
ROTATIONS = re.compile(r"^### (.+)$", re.MULTILINE)


async def reload(here: World, **changes: Any) -> None:
    """The settings changed by path, and read again."""
    values = here.bridge.settings.model_dump()
    for path, value in changes.items():
        _put(values, path.split("__"), value)
    wanted = Settings.model_validate(values)
    here.bridge.reloader = Reloader(here.bridge.settings, read=lambda: wanted)
    await here.bridge.reload()
    assert here.bridge.reloader.error == ""


async def status(url: str, headers: dict[str, str], body: str | None = None) -> int:
    method = "GET" if body is None else "POST"
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, url, data=body, headers=headers) as answer,
    ):
        return answer.status


async def used(here: World, source: str, secret_id: str) -> float:
    """What the metric says that an operator is told to watch."""
    name = rf'bridge_secret_used_total{{secret_id="{secret_id}",source="{source}"}} (\S+)'
    found = re.search(name, await scrape(here))
    return float(found[1]) if found else 0.0


async def test_slacks_signing_secret(tmp_path: Path) -> None:
    async with world(tmp_path) as here:

        async def signed(secret: str) -> int:
            here.slack.signing_secret = secret
            try:
                return (
                    await here.slack.command(people.ANNA, people.SUPPORT, "/bridge", "help")
                ).status
            finally:
                here.slack.signing_secret = people.SIGNING_SECRET

        old = people.SIGNING_SECRET
        assert await signed("new-one") == 401
        await reload(here, slack__signing_secret="new-one", slack__signing_secret_previous=old)
        before = await used(here, "slack", "previous")
        assert [await signed(old), await signed("new-one")] == [200, 200]
        assert await used(here, "slack", "previous") == before + 1
        await reload(here, slack__signing_secret_previous=None)
        assert [await signed(old), await signed("new-one")] == [401, 200]


async def test_slacks_bot_token(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        new = "xoxb-after-reinstall"
        here.slack.tokens[new] = here.slack.tokens[people.BOT_TOKEN]
        await reload(here, slack__bot_token=new)
        del here.slack.tokens[people.BOT_TOKEN]
        await here.slack.command(
            people.ANNA, people.SUPPORT, "/close", f"{rooms.OPEN_SERVED} solved"
        )
        [job] = await here.finished(1)
        assert job.state is JobState.DONE
        _, [told] = await here.bridge.operator.history(job.id)
        assert told["state"] == "told"


async def test_slacks_app_level_token(tmp_path: Path) -> None:
    """The socket of the new doors is opened with the new token, and that of the old ones is closed."""

    def by_socket(here: World) -> None:
        here.slack.settings.socket_mode = True

    async with world(tmp_path, before=by_socket, slack__app_token=people.APP_TOKEN) as here:
        async with asyncio.timeout(10):
            await here.slack.socket_opened.wait()
            [first] = here.slack.sockets
            here.slack.tokens["xapp-second"] = here.slack.tokens.pop(people.APP_TOKEN)
            await reload(here, slack__app_token="xapp-second")
            while first in here.slack.sockets or not here.slack.sockets:
                await here.slack.socket_opened.wait()
                await asyncio.sleep(0)
        answer = await here.slack.command(people.ANNA, people.SUPPORT, "/bridge", "help")
        assert "/close" in answer.shown


def standard(secret: str, room: str) -> tuple[str, dict[str, str]]:
    """A payload for /hooks/actions that is signed with this secret."""
    body, now = json.dumps({"action": "rocketchat.close_room", "args": {"rid": room}}), None
    now = datetime.now(UTC)
    return body, {
        "Content-Type": "application/json",
        "webhook-id": f"msg_{room}_{secret[-4:]}",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(f"msg_{room}_{secret[-4:]}", now, body),
    }


async def test_the_webhook_secret_on_the_way_in_and_out(tmp_path: Path) -> None:
    got: list[tuple[dict[str, str], bytes]] = []

    async def receive(request: web.Request) -> web.Response:
        told = {name.lower(): one for name, one in request.headers.items()}
        got.append((told, await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with world(tmp_path) as here:

        async def sent(secret: str, room: str) -> int:
            body, headers = standard(secret, room)
            return await status(f"{here.url}/hooks/actions", headers, body)

        await reload(here, webhooks__secret=NEW_HOOK, webhooks__secret_previous=WEBHOOK_SECRET)
        assert await sent(WEBHOOK_SECRET, rooms.OPEN_SERVED) == 202
        assert await sent(NEW_HOOK, rooms.OPEN_QUEUED) == 202
        assert await used(here, "actions", "previous") >= 1
        callback = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        wish = {"args": {"rid": rooms.ON_HOLD}, "reply_to": {"callback_url": callback}}
        auth = {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "application/json"}
        assert await status(here.url + CLOSE, auth, json.dumps(wish)) == 202
        await here.finished(3)
        [(headers, body)] = got
        for secret in (WEBHOOK_SECRET, NEW_HOOK):  # a receiver may have either
            Webhook(secret).verify(body, headers)

        await reload(here, webhooks__secret_previous=None)
        assert await sent(WEBHOOK_SECRET, "later") == 401
        assert await sent(NEW_HOOK, "later") == 202
    await runner.cleanup()
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_b3RoZXItb3RoZXItb3RoZXItb3RoZXI=").verify(body, headers)


async def test_a_sources_secret(tmp_path: Path) -> None:
    rule = {"action": "rocketchat.close_room", "args": {"rid": "room"}}

    def source(*secrets: dict[str, str]) -> dict[str, Any]:
        return {"checks": [{"kind": "bearer", "secrets": list(secrets)}], "rules": [rule]}

    old = {"id": "2026-01", "secret": "the-old-word-0123456789"}
    new = {"id": "2026-07", "secret": "the-new-word-0123456789"}
    async with world(tmp_path, webhooks__sources={"crm": source(old)}) as here:

        async def sent(secret: dict[str, str]) -> int:
            headers = {
                "Authorization": f"Bearer {secret['secret']}",
                "Content-Type": "application/json",
            }
            return await status(f"{here.url}/hooks/crm", headers, '{"room": "abc"}')

        assert [await sent(old), await sent(new)] == [202, 401]
        both = source(new, {**old, "not_after": "2099-01-01T00:00:00Z"})
        await reload(here, webhooks__sources={"crm": both})
        assert [await sent(old), await sent(new)] == [202, 202]
        assert await used(here, "crm", "2026-01") >= 2
        ended = source(new, {**old, "not_after": "2020-01-01T00:00:00Z"})
        await reload(here, webhooks__sources={"crm": ended})
        assert [await sent(old), await sent(new)] == [401, 202]


async def test_an_upstreams_token(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        auth = {"Authorization": f"Bearer {API_TOKEN}", "Content-Type": "application/json"}

        async def close(room: str) -> int:
            return await status(here.url + CLOSE, auth, json.dumps({"rid": room}))

        here.rocketchat.users[rooms.INTEGRATION_ID].token = "the-second-token"
        # too late: the first was revoked before the second was set
        assert await close(rooms.OPEN_SERVED) == 202
        [early] = await here.finished(1)
        assert (early.state, early.outcome and early.outcome.code) == (
            JobState.REFUSED,
            "not_signed_in",
        )
        await reload(here, connections__rocketchat__auth_token="the-second-token")
        assert await here.bridge.operator.retry(early.id, force=True)
        await here.finished(1)
        assert (await here.jobs())[0].state is JobState.DONE


async def test_the_api_token_and_keys(tmp_path: Path) -> None:
    def with_keys(*names: str) -> list[dict[str, Any]]:
        return [key(name).model_dump() for name in names]

    async with world(tmp_path, api__keys=with_keys("old")) as here:

        async def known(token: str) -> int:
            return await status(f"{here.url}/api/v1/jobs", {"Authorization": f"Bearer {token}"})

        await reload(here, api__keys=with_keys("old", "new"))
        assert [await known("old-secret"), await known("new-secret")] == [200, 200]
        await reload(here, api__keys=with_keys("new"), api__token="another-0123456789-0123456789")
        assert [await known("old-secret"), await known("new-secret")] == [401, 200]
        assert [await known(API_TOKEN), await known("another-0123456789-0123456789")] == [401, 200]


async def test_the_encryption_key(tmp_path: Path) -> None:
    """What the old key sealed opens while it stands behind the new one, and what is written anew stays."""
    link = Link("slack:T1", "U1", "rocketchat", "a", "Anna", 1.0, credential={"token": "t"})
    keys = (
        "first-key-0123456789",
        "second-key-0123456789,first-key-0123456789",
        "second-key-0123456789",
    )

    async def held() -> bool:
        found = await Links(here.bridge.store).find("slack:T1", "U1", "rocketchat")
        return found is not None and found.credential == {"token": "t"}

    async with world(tmp_path, encryption_key=keys[0]) as here:
        await Links(here.bridge.store).put(link, "ticket-1")
    async with world(tmp_path, encryption_key=keys[1]) as here:
        assert await held()
        await Links(here.bridge.store).put(link, "ticket-2")  # linked again, or renewed
    async with world(tmp_path, encryption_key=keys[2]) as here:
        assert await held()
    async with world(tmp_path, encryption_key=keys[0]) as here:
        assert not await held()


def test_a_previous_secret_alone_is_half_a_rotation() -> None:
    for name in ("SLACK_SIGNING_SECRET", "BRIDGE_WEBHOOK_SECRET"):
        with pytest.raises(SettingsError, match=f"variable {name}"):
            load({f"{name}_PREVIOUS": NEW_HOOK})


def test_each_walkthrough_of_the_document_is_walked_here_or_says_where() -> None:
    text = (Path(__file__).parent.parent / "SECURITY.md").read_text("utf-8")
    part = text.split("## Changing secrets")[1].split("\n## ")[0]
    sections = re.split(r"^### ", part, flags=re.MULTILINE)[1:]
    assert len(sections) >= 10
    for section in sections:
        if section.startswith("After a leak"):
            continue  # that is no rotation
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", section)
        by_hand = "By hand:" in section
        assert named or by_hand, section.splitlines()[0]
        for path, test in named:
            source = (Path(__file__).parent.parent / path).read_text("utf-8")
            assert f"def {test}(" in source, test
