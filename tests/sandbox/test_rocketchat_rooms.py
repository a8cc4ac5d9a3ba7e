"""Reading rooms, messages, people and versions, and moving a conversation on."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.sandbox.rocketchat import Profile, seed
from bridge.sandbox.rocketchat.state import Settings
from tests.sandbox.rocketchat_desk import ALL, Desk, Start

OK = (200, {"success": True})


def bare(text: str) -> tuple[int, dict[str, Any]]:
    return 400, {"success": False, "error": text}


# rooms.info


async def test_rooms_info_refuses_in_three_shapes(start: Start) -> None:
    desk = await start()

    missing = 'The parameter "roomId" or "roomName" is required'
    code = "error-roomid-param-not-provided"
    assert await desk.call("GET", "rooms.info") == (
        400,
        {"success": False, "error": f"{missing} [{code}]", "errorType": code},
    )
    unknown = 'The required "roomId" or "roomName" param provided does not match any channel'
    assert await desk.call("GET", "rooms.info?roomId=nope") == (
        400,
        {
            "success": False,
            "error": f"{unknown} [error-room-not-found]",
            "errorType": "error-room-not-found",
        },
    )
    path = f"rooms.info?roomId={seed.OPEN_SERVED}"
    assert await desk.call("GET", path, "tom.okoro") == (
        400,
        {"success": False, "error": "not-allowed", "errorType": "Not Allowed"},
    )


async def test_rooms_info_shows_the_visitors_token_and_the_snapshot_never(start: Start) -> None:
    desk = await start()
    guest = desk.rc.rooms[seed.OPEN_SERVED].v
    assert guest is not None

    _, body = await desk.call("GET", f"rooms.info?roomId={seed.OPEN_SERVED}")
    async with desk.http.get("/_sandbox/state") as response:
        seen = await response.text()

    assert body["room"]["v"]["token"] == guest.token
    assert body["room"]["open"] is True
    assert guest.token not in seen
    assert seed.INTEGRATION_TOKEN not in seen


async def test_a_channel_is_found_by_name(start: Start) -> None:
    desk = await start()

    _, body = await desk.call("GET", "rooms.info?roomName=general", "ines.faro")

    assert (body["room"]["_id"], body["room"]["t"]) == (seed.CHANNEL, "c")
    assert "open" not in body["room"]


async def test_a_private_room_is_for_its_members(start: Start) -> None:
    desk = await start()
    room = desk.rc.add_room("back office", t="p")
    path = f"rooms.info?roomId={room.id}"
    assert (await desk.call("GET", path))[0] == 400
    room.subscriptions.add(seed.INTEGRATION_ID)

    assert (await desk.call("GET", path))[0] == 200


# livechat/rooms


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"roomName": "CLARA"}, {seed.OPEN_SERVED}),
        ({"open": "true"}, {seed.OPEN_SERVED, seed.NEEDS_TAGS, seed.NO_EMAIL}),
        ({"open": "false"}, {seed.CLOSED_PLAIN, seed.CLOSED_WITH_PDF}),
        ({"queued": "true"}, {seed.OPEN_QUEUED}),
        ({"onhold": "true"}, {seed.ON_HOLD}),
        ({"tags[]": "refund"}, {seed.CLOSED_WITH_PDF}),
        ({"departmentId": "dPb7iL2iNgK9vRmYs"}, {seed.NEEDS_TAGS}),
        ({"createdAt": json.dumps({"start": "2030-01-01"})}, set()),
        (
            {"closedAt": json.dumps({"start": "2027-01-15", "end": "2027-01-16"})},
            {seed.CLOSED_PLAIN, seed.CLOSED_WITH_PDF},
        ),
    ],
)
async def test_filters_of_the_list(start: Start, query: dict[str, str], expected: set[str]) -> None:
    desk = await start()

    status, body = await desk.call("GET", "livechat/rooms", params=query)

    assert status == 200
    assert {room["_id"] for room in body["rooms"]} == expected
    assert body["total"] == len(expected)


async def test_pages_of_the_list(start: Start) -> None:
    desk = await start(settings=Settings(upper_count_limit=3, default_count=2))

    _, first = await desk.call("GET", "livechat/rooms")
    _, most = await desk.call("GET", "livechat/rooms?count=100&offset=5")

    assert (first["count"], first["offset"], first["total"]) == (2, 0, 7)
    assert (most["count"], most["offset"], most["total"]) == (2, 5, 7)


@pytest.mark.parametrize(
    ("query", "status"),
    [("", 403), ("agents[]={me}", 200), ("agents={me}", 400), ("agents[]={me}&agents[]=b", 403)],
)
async def test_an_agent_lists_nothing_but_the_own_rooms(
    start: Start, query: str, status: int
) -> None:
    desk = await start()
    query = query.format(me=desk.rc.user("ines.faro").id)

    answer, body = await desk.call("GET", f"livechat/rooms?{query}", "ines.faro")

    assert answer == status
    assert status != 403 or body == {"success": False, "error": "unauthorized"}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("x=1", "must NOT have additional properties [invalid-params]"),
        (
            'closedAt={"end":"soon"}',
            'The "closedAt.end" query parameter must be a valid date.',
        ),
    ],
)
async def test_a_bad_query_is_refused(start: Start, query: str, error: str) -> None:
    desk = await start()

    status, body = await desk.call("GET", f"livechat/rooms?{query}")

    assert (status, body["error"]) == (400, error)
    assert (await desk.call("GET", "livechat/rooms?createdAt=%7B"))[0] == 400


async def test_units_are_unknown_to_old_servers(start: Start) -> None:
    old, new = await start("A"), await start("C")

    assert (await old.call("GET", "livechat/rooms?units[]=u"))[0] == 400
    assert (await new.call("GET", "livechat/rooms?units[]=u"))[0] == 200


# Messages


async def test_messages_of_a_conversation(start: Start) -> None:
    desk = await start()
    path = f"livechat/{seed.OPEN_SERVED}/messages"

    _, body = await desk.call("GET", path)
    _, found = await desk.call("GET", f"{path}?searchTerm=COURIER")

    assert [m["u"]["username"] for m in body["messages"]] == ["guest-1", "ines.faro", "guest-1"]
    assert found["total"] == 1
    assert await desk.call("GET", "livechat/nope/messages") == bare("invalid-room")
    assert await desk.call("GET", path, "tom.okoro") == bare("not-allowed")


async def test_one_message(start: Start) -> None:
    desk = await start()
    message = desk.rc.rooms[seed.OPEN_SERVED].messages[0]
    path = f"chat.getMessage?msgId={message['_id']}"

    assert (await desk.call("GET", path))[1]["message"]["msg"] == message["msg"]
    assert await desk.call("GET", path, "tom.okoro") == (400, {"success": False})
    assert (await desk.call("GET", "chat.getMessage"))[1]["errorType"] == (
        "error-messageid-param-not-provided"
    )


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "error-roomId-param-not-provided"),
        (f"roomId={seed.OPEN_SERVED}", "error-lastUpdate-param-not-provided"),
        (f"roomId={seed.OPEN_SERVED}&lastUpdate=soon", "error-roomId-param-invalid"),
        ("roomId=nope&lastUpdate=2020-01-01", "error-not-allowed"),
    ],
)
async def test_refusals_of_a_sync(start: Start, query: str, code: str) -> None:
    desk = await start()

    status, body = await desk.call("GET", f"chat.syncMessages?{query}")

    assert (status, body["errorType"]) == (400, code)


async def test_the_visitors_look_up_creates_a_room(start: Start) -> None:
    desk = await start()
    closed = desk.rc.rooms[seed.CLOSED_PLAIN]
    assert closed.v is not None
    path = f"livechat/room?token={closed.v.token}"

    _, known = await desk.call("GET", f"{path}&rid={closed.id}", None)
    _, made = await desk.call("GET", path, None)
    _, again = await desk.call("GET", path, None)

    assert (known["newRoom"], known["room"]["_id"]) == (False, closed.id)
    assert made["newRoom"]
    assert (again["newRoom"], again["room"]["_id"]) == (False, made["room"]["_id"])
    assert len(desk.rc.effects_of("create_room")) == 1
    assert await desk.call("GET", f"{path}&rid=nope", None) == bare("invalid-room")
    assert await desk.call("GET", "livechat/room?token=no", None) == bare("invalid-token")


# Forwarding


async def forward(desk: Desk, who: str = "mara.lind", **body: Any) -> tuple[int, Any]:
    body = {"roomId": seed.OPEN_SERVED} | body
    return await desk.call("POST", "livechat/room.forward", who, json=body)


async def test_a_forward_to_an_agent_moves_the_room(start: Start) -> None:
    desk = await start()
    tom = desk.rc.user("tom.okoro")

    assert await forward(desk, userId=tom.id, comment="yours") == OK

    room = desk.rc.rooms[seed.OPEN_SERVED]
    assert room.served_by is not None
    assert room.served_by["username"] == "tom.okoro"
    assert room.subscriptions == {tom.id}
    (effect,) = desk.rc.effects_of("forward_room", room.id)
    assert effect.detail["to_agent"] == "tom.okoro"


async def test_a_department_with_a_user_picks_inside_it(start: Start) -> None:
    desk = await start()
    billing, support = (desk.rc._department_id(name) for name in ("Billing", "Support"))

    ines = desk.rc.user("ines.faro").id
    answer = await forward(desk, departmentId=billing, userId=ines)
    assert answer == bare("error-user-not-belong-to-department")
    assert await forward(desk, departmentId=billing) == OK
    assert desk.rc.rooms[seed.OPEN_SERVED].department_id == billing
    assert await forward(desk, departmentId=support, userId=ines) == OK
    assert desk.rc.rooms[seed.OPEN_SERVED].department_id == support


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"roomId": "nope"}, "error-invalid-room"),
        ({"roomId": seed.CLOSED_PLAIN}, "This_conversation_is_already_closed"),
        ({"roomId": seed.ON_HOLD}, "error-room-onHold"),
        ({}, "error-forwarding-chat"),
        ({"userId": "nobody"}, "error-user-is-offline"),
        ({"userId": "yUk7iSa4ToHj2GmFb"}, "error-user-is-offline"),
        ({"userId": "iNf3aRo9SeKq5TzWd"}, "error-selected-agent-room-agent-are-same"),
        ({"departmentId": "nope"}, "error-invalid-department"),
        ({"departmentId": "dPs5uP4oRtQ8wEzXc"}, "error-forwarding-chat-same-department"),
        ({"departmentId": "dPn3iGh6TsHf5XqWa"}, "error-no-agents-online-in-department"),
    ],
)
async def test_refused_forwards(start: Start, body: dict[str, Any], error: str) -> None:
    desk = await start()

    assert await forward(desk, **body) == bare(error)
    assert desk.rc.effects == []


async def test_forward_asks_for_the_licence_and_the_visitor(start: Start) -> None:
    desk = await start()
    desk.rc.rooms[seed.OPEN_SERVED].v = None

    assert await forward(desk) == bare("error-invalid-visitor")
    desk.rc.configure(mac_limit_reached=True)
    assert await forward(desk) == bare("error-mac-limit-reached")


async def test_an_agent_may_not_forward(start: Start) -> None:
    desk = await start()

    assert (await forward(desk, "ines.faro"))[0] == 403


async def test_a_forward_may_succeed_without_moving_anything(start: Start) -> None:
    desk = await start()
    desk.rc.rooms[seed.OPEN_SERVED].forward_outcome = "ignored"

    assert await forward(desk, userId=desk.rc.user("tom.okoro").id) == OK
    assert desk.rc.effects_of("forward_room") == []


# People and versions


async def test_the_lists_for_pickers(start: Start) -> None:
    desk = await start()

    _, agents = await desk.call("GET", "livechat/users/agent")
    _, departments = await desk.call("GET", "livechat/department?text=bill")
    _, available = await desk.call("GET", "livechat/users/agent?onlyAvailable=true&text=o")

    assert [u["username"] for u in agents["users"]] == ["ines.faro", "tom.okoro", "yuki.sato"]
    assert agents["users"][2]["emails"] == []
    assert agents["users"][2]["statusLivechat"] == "not-available"
    assert [u["username"] for u in available["users"]] == ["ines.faro", "tom.okoro"]
    assert departments["departments"][0]["requestTagBeforeClosingChat"] is True
    assert departments["total"] == 1


async def test_an_agent_sees_departments_but_no_agents(start: Start) -> None:
    desk = await start()
    path = "livechat/department?onlyMyDepartments=true"

    _, mine = await desk.call("GET", path, "ines.faro")

    assert [known["name"] for known in mine["departments"]] == ["Support"]
    assert (await desk.call("GET", "livechat/users/agent", "ines.faro"))[0] == 403
    desk.rc.roles["transfer-livechat-guest"].clear()
    desk.rc.roles["edit-omnichannel-contact"].clear()
    assert await desk.call("GET", "livechat/users/agent") == (
        403,
        {"success": False, "error": "unauthorized"},
    )


async def test_me_tells_roles_and_address(start: Start) -> None:
    desk = await start()

    _, manager = await desk.call("GET", "me", "mara.lind")
    _, agent = await desk.call("GET", "me", "yuki.sato")

    assert "livechat-manager" in manager["roles"]
    assert manager["email"] == "mara.lind@desk.example"
    assert "statusLivechat" not in manager
    assert "email" not in agent
    assert (agent["emails"], agent["statusLivechat"]) == ([], "not-available")


@pytest.mark.parametrize(
    ("profile", "shown"), [("A", "7.0"), ("B", "7.10"), ("C", "8.7"), ("D", "8.9")]
)
async def test_the_version_has_no_patch_number_for_everybody(
    start: Start, profile: Profile, shown: str
) -> None:
    desk = await start(profile)

    _, public = await desk.call("GET", "/api/info", None)
    _, full = await desk.call("GET", "/api/info", "admin")

    assert (public["version"], "info" in public) == (shown, False)
    assert full["version"].startswith(f"{shown}.")


async def login(desk: Desk, **body: Any) -> tuple[int, Any]:
    return await desk.call("POST", "login", None, json=body)


@pytest.mark.parametrize("profile", ALL)
async def test_logging_in(start: Start, profile: Profile) -> None:
    desk = await start(profile)
    expected = desk.rc.user("mara.lind")

    for name in (
        {"user": "mara.lind"},
        {"user": {"email": expected.email}},
        {"email": expected.email},
    ):
        status, body = await login(desk, **name, password="sandbox")
        assert (status, body["status"]) == (200, "success")
        assert body["data"]["authToken"] == expected.token
        assert ("success" in body) is (profile != "A")
    assert (await login(desk, resume=expected.token))[0] == 200
    assert (await login(desk, resume="old"))[0] == 401


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        ({"user": "who", "password": "x"}, "Unauthorized", "Unauthorized"),
        ({}, "Unauthorized", "Unauthorized"),
        ({"user": "pia.holm", "password": "x"}, 403, "Incorrect password"),
        ({"user": "pia.holm", "password": "sandbox"}, "totp-required", "TOTP Required"),
        ({"user": "pia.holm", "password": "sandbox", "code": "1"}, "totp-invalid", "TOTP Invalid"),
    ],
)
async def test_failing_to_log_in(
    start: Start, body: dict[str, str], error: str | int, message: str
) -> None:
    desk = await start()
    desk.rc.user("pia.holm").totp = "123456"

    status, answer = await login(desk, **body)

    assert (status, answer["error"], answer["message"]) == (401, error, message)
    assert answer["success"] is False
    assert ("details" in answer) is message.startswith("TOTP")


async def test_the_right_code_opens(start: Start) -> None:
    desk = await start()
    desk.rc.user("pia.holm").totp = "123456"

    assert (await login(desk, user="pia.holm", password="sandbox", code="123456"))[0] == 200
