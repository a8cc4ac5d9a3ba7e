"""The outgoing webhook with its repeats, the doors for other processes, and the seed data."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from bridge.sandbox.rocketchat import Profile, RocketChat, seed
from tests.clock import Clock
from tests.sandbox.rocketchat_desk import Desk, Start

OK = (200, {"success": True})


@dataclass
class Receiver:
    """The other end of the webhook."""

    url: str
    status: int = 200
    text: str = "kept"
    got: list[tuple[dict[str, str], Any]] = field(default_factory=list)


@pytest.fixture
async def receiver(aiohttp_server: AiohttpServer) -> Receiver:
    async def take(request: web.Request) -> web.Response:
        there.got.append((dict(request.headers), await request.json()))
        return web.Response(status=there.status, text=there.text)

    app = web.Application()
    app.router.add_post("/hook", take)
    server = await aiohttp_server(app)
    there = Receiver(str(server.make_url("/hook")))
    return there


EVENTS = ("on_start", "on_queued", "on_taken", "on_forward", "on_close")


def listen(desk: Desk, receiver: Receiver, **changes: Any) -> None:
    switches = {f"webhook_{event}": True for event in EVENTS}
    desk.rc.configure(webhook_url=receiver.url, **(switches | changes))


async def test_a_close_is_told_as_documented(start: Start, receiver: Receiver) -> None:
    desk = await start()
    listen(desk, receiver, webhook_secret="s3cret")
    body = {"rid": seed.OPEN_SERVED, "comment": "Solved.", "tags": ["t"]}

    assert await desk.call("POST", "livechat/room.closeByUser", "ines.faro", json=body) == OK
    await desk.rc.webhook.idle()

    ((headers, event),) = receiver.got
    assert headers["X-RocketChat-Livechat-Token"] == "s3cret"
    assert (event["type"], event["_id"], event["label"]) == (
        "LivechatSession",
        seed.OPEN_SERVED,
        "Clara Bergström",
    )
    assert event["tags"] == ["t"]
    assert event["closer"] == "user"
    assert event["closedBy"]["username"] == "ines.faro"
    assert event["servedBy"]["username"] == "ines.faro"
    assert event["departmentId"] == "dPs5uP4oRtQ8wEzXc"
    assert event["agent"]["email"] == "ines.faro@desk.example"
    assert event["visitor"]["email"] == [{"address": "clara.bergstrom@nordlicht.example"}]
    assert event["visitor"]["token"]
    first, last = event["messages"][0], event["messages"][-1]
    assert "agentId" not in first
    assert last["closingMessage"] is True
    assert (last["msg"], last["agentId"]) == ("Solved.", desk.rc.user("ines.faro").id)
    assert desk.rc.rooms[seed.OPEN_SERVED].crm_data == "kept"


async def test_without_a_secret_the_header_is_missing(start: Start, receiver: Receiver) -> None:
    desk = await start()
    listen(desk, receiver)
    desk.rc.close_by_visitor(seed.OPEN_SERVED)
    await desk.rc.webhook.idle()

    assert "X-RocketChat-Livechat-Token" not in receiver.got[0][0]


async def test_every_event_is_off_by_default(start: Start, receiver: Receiver) -> None:
    desk = await start()
    desk.rc.configure(webhook_url=receiver.url)
    desk.rc.close_by_visitor(seed.OPEN_SERVED)
    await desk.rc.webhook.idle()

    assert receiver.got == []


async def test_a_life_in_events(start: Start, receiver: Receiver) -> None:
    desk = await start()
    listen(desk, receiver)
    room = desk.rc.start_room("Ann", visitor_email=None)
    await desk.rc.webhook.idle()
    desk.rc.take(room.id, "ines.faro")
    await desk.rc.webhook.idle()
    tom = desk.rc.user("tom.okoro").id
    await desk.call("POST", "livechat/room.forward", json={"roomId": room.id, "userId": tom})
    await desk.rc.webhook.idle()
    desk.rc.close_by_visitor(room.id)
    await desk.rc.webhook.idle()

    events = [event for _, event in receiver.got]
    events[:2] = sorted(events[:2], key=lambda event: event["type"], reverse=True)  # sent at once
    assert [event["type"] for event in events] == [
        "LivechatSessionStart",
        "LivechatSessionQueued",
        "LivechatSessionTaken",
        "LivechatSessionForwarded",
        "LivechatSession",
    ]
    assert "agent" not in events[0]
    assert "servedBy" not in events[0]
    assert events[2]["servedBy"]["username"] == "ines.faro"
    assert events[2]["crmData"] == "kept"
    assert events[3]["oldServedBy"]["username"] == "ines.faro"
    assert events[3]["servedBy"]["username"] == "tom.okoro"
    assert "oldDepartmentId" in events[3]
    assert events[4]["closer"] == "visitor"


@pytest.mark.parametrize(
    ("profile", "status", "attempts"),
    [
        ("A", 204, 10),
        ("A", 404, 10),
        ("B", 503, 10),
        ("C", 503, 5),
        ("C", 429, 5),
        ("C", 404, 1),
        ("D", 204, 1),
        ("D", 500, 5),
    ],
)
async def test_only_200_is_success_and_retries_differ(
    start: Start, receiver: Receiver, profile: Profile, status: int, attempts: int
) -> None:
    desk = await start(profile)
    listen(desk, receiver)
    receiver.status, receiver.text = status, ""
    desk.rc.close_by_visitor(seed.OPEN_SERVED)
    await desk.rc.webhook.idle()

    for _ in range(12):
        desk.clock.now += 20
        await desk.rc.webhook.run_due()

    assert len(receiver.got) == attempts
    made = desk.rc.webhook.deliveries
    assert [delivery.attempt for delivery in made] == list(range(1, attempts + 1))
    assert {delivery.status for delivery in made} == {status}
    assert desk.rc.rooms[seed.OPEN_SERVED].crm_data is None
    # A retry is the same event again: nothing in it tells the copies apart.
    assert all(event == receiver.got[0][1] for _, event in receiver.got)


async def test_a_retry_waits_four_timeouts(start: Start, receiver: Receiver) -> None:
    desk = await start()
    listen(desk, receiver)
    receiver.status = 500
    desk.rc.close_by_visitor(seed.OPEN_SERVED)
    await desk.rc.webhook.idle()
    desk.clock.now += 19.9
    await desk.rc.webhook.run_due()
    assert len(receiver.got) == 1
    receiver.status = 200
    desk.clock.now += 0.1
    await desk.rc.webhook.run_due()

    assert [delivery.status for delivery in desk.rc.webhook.deliveries] == [500, 200]
    assert desk.rc.rooms[seed.OPEN_SERVED].crm_data == "kept"


async def test_nobody_there_counts_as_an_attempt(start: Start) -> None:
    desk = await start()
    with socket.socket() as held:  # taken, so that no other test listens there, and deaf
        held.bind(("127.0.0.1", 0))
        listen(desk, Receiver(f"http://127.0.0.1:{held.getsockname()[1]}/hook"))
        desk.rc.close_by_visitor(seed.OPEN_SERVED)
        await desk.rc.webhook.idle()

    (delivery,) = desk.rc.webhook.deliveries
    assert (delivery.status, delivery.event) == (0, "LivechatSession")


async def test_a_test_delivery_has_a_shape_of_its_own(start: Start, receiver: Receiver) -> None:
    desk = await start()
    unset = await desk.call("POST", "livechat/webhook.test")
    listen(desk, receiver)
    good = await desk.call("POST", "livechat/webhook.test")
    receiver.status = 202
    bad = await desk.call("POST", "livechat/webhook.test")

    assert unset == (400, {"success": False, "error": "Webhook_URL_not_set"})
    assert good == OK
    assert bad == (400, {"success": False, "error": "error-invalid-webhook-response"})
    headers, event = receiver.got[0]
    assert headers["X-RocketChat-Livechat-Token"] == ""
    assert event["visitor"]["email"] == "email@address.com"


# The doors for other processes


async def test_settings_and_profile_change_over_http(start: Start) -> None:
    desk = await start()

    changes = {"profile": "A", "comment_required": False}
    status, answer = await desk.call("POST", "/_sandbox/settings", None, json=changes)

    assert (status, answer) == (200, {"ok": True, "profile": "A"})
    assert desk.rc.settings.comment_required is False


@pytest.mark.parametrize("changes", [{"nope": 1}, {"profile": "Z"}, ["profile"]])
async def test_unknown_settings_are_refused(start: Start, changes: Any) -> None:
    desk = await start()

    status, _ = await desk.call("POST", "/_sandbox/settings", None, json=changes)

    assert (status, desk.rc.profile) == (400, "C")


async def test_rooms_have_switches_over_http(start: Start) -> None:
    desk = await start()

    async def switch(rid: str, what: str, **options: str) -> int:
        path = f"/_sandbox/rooms/{rid}/{what}"
        return (await desk.call("POST", path, None, json=options))[0]

    assert await switch(seed.OPEN_QUEUED, "take", username="tom.okoro") == 200
    assert await switch(seed.OPEN_QUEUED, "pdf_outcome", pdf_outcome="fails") == 200
    assert await switch(seed.OPEN_QUEUED, "close_by_visitor") == 200
    assert await switch(seed.OPEN_QUEUED, "paint") == 404
    assert await switch("nope", "take") == 404
    room = desk.rc.rooms[seed.OPEN_QUEUED]
    assert (room.open, room.pdf_outcome) == (False, "fails")
    _, effects = await desk.call("GET", "/_sandbox/effects", None)
    assert [effect["kind"] for effect in effects] == ["take_room", "close_room"]


async def test_reset_brings_the_seed_back(start: Start) -> None:
    desk = await start()
    before = desk.rc.snapshot()
    desk.rc.close_by_visitor(seed.OPEN_SERVED)
    desk.rc.add_user("late")
    assert (await desk.call("POST", "/_sandbox/reset", None))[0] == 200

    assert desk.rc.snapshot() == before
    assert desk.rc.effects == []


async def test_the_seed_is_worth_playing_with(start: Start) -> None:
    desk = await start()
    rooms = [room for room in desk.rc.rooms.values() if room.t == "l"]

    assert len(rooms) == 7
    assert all(re.fullmatch(r"[A-Za-z0-9]{17}", room.id) for room in rooms)
    assert all(re.fullmatch(r"[A-Za-z0-9]{17}", user.id) for user in desk.rc.users.values())
    assert any(room.queued for room in rooms)
    assert any(room.on_hold for room in rooms)
    assert any(room.pdf_transcript_file_id for room in rooms)
    assert any(user.email is None for user in desk.rc.users.values())


async def test_an_empty_workspace_stays_empty(start: Start) -> None:
    desk = await start(seeded=False)
    desk.rc.reset()

    assert desk.rc.rooms == {}


def test_without_an_event_loop_the_agenda_waits_for_a_look() -> None:
    clock = Clock()
    rc = RocketChat("C", clock, mail_delay_s=1)
    rc.configure(webhook_url="http://127.0.0.1:9/", webhook_on_close=True)
    rc.rooms[seed.OPEN_SERVED].transcript_request = {
        "email": "a@b.example",
        "subject": "s",
        "requestedBy": rc.user("admin").stub(),
    }
    rc.close_by_visitor(seed.OPEN_SERVED)
    clock.now += 1

    assert len(rc.outbox) == 1
    assert rc.webhook.deliveries == []
