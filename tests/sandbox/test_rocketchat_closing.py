"""Closing: the order of refusals by version, and what a close leaves behind."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bridge.sandbox.rocketchat import Profile, seed
from tests.sandbox.rocketchat_desk import ALL, Desk, Start

NEWER: tuple[Profile, ...] = ("B", "C", "D")


OK = (200, {"success": True})
COMMENT = "Solved."


def bare(text: str) -> tuple[int, dict[str, Any]]:
    return 400, {"success": False, "error": text}


async def close(
    desk: Desk, rid: str = seed.OPEN_SERVED, who: str = "deskbridge", **changes: Any
) -> tuple[int, Any]:
    body = {"rid": rid, "comment": COMMENT} | changes
    return await desk.call("POST", "livechat/room.closeByUser", who, json=body)


def closes(desk: Desk, rid: str = seed.OPEN_SERVED) -> int:
    return len(desk.rc.effects_of("close_room", rid))


@pytest.mark.parametrize("profile", ALL)
async def test_a_closed_room_has_no_open_and_no_subscription(
    start: Start, profile: Profile
) -> None:
    desk = await start(profile)

    assert await close(desk, tags=["abc", "abc"]) == OK

    _, info = await desk.call("GET", f"rooms.info?roomId={seed.OPEN_SERVED}")
    room = info["room"]
    assert "open" not in room
    assert room["closedAt"] == "2027-01-15T08:00:00.000Z"
    assert room["closer"] == "user"
    assert room["closedBy"] == {"_id": seed.INTEGRATION_ID, "username": "deskbridge"}
    assert room["servedBy"]["username"] == "ines.faro"
    assert room["tags"] == ["abc"]
    assert desk.rc.rooms[seed.OPEN_SERVED].subscriptions == set()
    last = desk.rc.rooms[seed.OPEN_SERVED].messages[-1]
    assert (last["t"], last["msg"], last["u"]["username"]) == (
        "livechat-close",
        COMMENT,
        "deskbridge",
    )
    assert closes(desk) == 1


@pytest.mark.parametrize("rid", ["nope", seed.CHANNEL])
async def test_only_conversations_are_closed(start: Start, rid: str) -> None:
    desk = await start()

    assert await close(desk, rid) == bare("error-invalid-room")


@pytest.mark.parametrize("profile", ALL)
async def test_another_agents_room_needs_a_permission(start: Start, profile: Profile) -> None:
    desk = await start(profile)

    assert await close(desk, who="tom.okoro") == bare("error-not-authorized")
    assert closes(desk) == 0
    assert await close(desk, who="pia.holm") == OK


@pytest.mark.parametrize(
    ("profile", "agent", "supervisor"),
    [
        ("A", "error-room-already-closed", "error-room-already-closed"),
        ("B", "error-not-authorized", "error-room-already-closed"),
        ("C", "error-not-authorized", "error-room-already-closed"),
        ("D", "error-not-authorized", "error-room-already-closed"),
    ],
)
async def test_repeating_a_close_is_told_by_version_and_by_role(
    start: Start, profile: Profile, agent: str, supervisor: str
) -> None:
    desk = await start(profile)
    assert await close(desk, who="ines.faro") == OK

    assert await close(desk, who="ines.faro") == bare(agent)
    assert await close(desk, who="mara.lind") == bare(supervisor)
    assert closes(desk) == 1


@pytest.mark.parametrize("profile", ALL)
async def test_a_stale_subscription_is_freed_by_old_versions(
    start: Start, profile: Profile
) -> None:
    desk = await start(profile)
    await close(desk)
    ines = desk.rc.user("ines.faro")
    desk.rc.rooms[seed.OPEN_SERVED].subscriptions.add(ines.id)

    answer = await close(desk, who="ines.faro")

    assert answer == (OK if profile == "A" else bare("error-room-already-closed"))
    stale = ines.id in desk.rc.rooms[seed.OPEN_SERVED].subscriptions
    assert stale is (profile != "A")
    assert closes(desk) == 1


@pytest.mark.parametrize("comment", [None, "", "  \n"])
async def test_a_comment_is_asked_for_by_default(start: Start, comment: str | None) -> None:
    desk = await start()

    assert await close(desk, comment=comment) == bare("error-comment-is-required")
    desk.rc.configure(comment_required=False)
    assert await close(desk, comment=comment) == OK


@pytest.mark.parametrize(
    ("given", "on_room", "closing", "expected"),
    [
        ([], [], ["billing"], None),
        (["vat"], [], [], None),
        (["vat"], [], ["billing"], ["vat", "billing"]),
        ([], ["vat"], ["billing"], ["vat", "billing"]),
        (["billing"], ["vat"], ["billing"], ["billing", "vat"]),
    ],
)
async def test_a_department_may_ask_for_tags(
    start: Start,
    given: list[str],
    on_room: list[str],
    closing: list[str],
    expected: list[str] | None,
) -> None:
    desk = await start()
    room = desk.rc.rooms[seed.NEEDS_TAGS]
    room.tags = on_room
    desk.rc.departments[room.department_id or ""].chat_closing_tags = closing

    answer = await close(desk, room.id, tags=given)

    if expected is None:
        assert answer == bare("error-tags-must-be-assigned-before-closing-chat")
        assert closes(desk, room.id) == 0
    else:
        assert answer == OK
        assert room.tags == expected


async def test_the_comment_comes_before_the_tags(start: Start) -> None:
    desk = await start()

    answer = await close(desk, seed.NEEDS_TAGS, comment="")

    assert answer == bare("error-comment-is-required")


@pytest.mark.parametrize("profile", NEWER)
async def test_force_close_acts_only_when_the_setting_allows(
    start: Start, profile: Profile
) -> None:
    desk = await start(profile)
    await close(desk)

    assert await close(desk, forceClose=True) == bare("error-room-already-closed")
    desk.rc.configure(allow_force_close=True)
    assert await close(desk, forceClose=True) == OK
    assert closes(desk) == 2
    messages = desk.rc.rooms[seed.OPEN_SERVED].messages
    assert [m.get("t") for m in messages].count("livechat-close") == 2


async def test_force_close_is_no_key_of_old_versions(start: Start) -> None:
    desk = await start("A")

    status, body = await close(desk, forceClose=True)

    assert (status, body["error"]) == (400, "must NOT have additional properties [invalid-params]")


async def test_of_three_closes_at_once_exactly_one_wins(start: Start) -> None:
    desk = await start()

    answers = await asyncio.gather(*(close(desk) for _ in range(3)))

    assert sorted(status for status, _ in answers) == [200, 400, 400]
    lost = {body["error"] for status, body in answers if status == 400}
    assert lost <= {"error-room-cannot-be-closed-try-again", "error-room-already-closed"}
    assert closes(desk) == 1


async def test_the_visitor_may_be_faster(start: Start) -> None:
    desk = await start()
    desk.rc.configure(close_takes_s=0.05)
    room = desk.rc.rooms[seed.OPEN_SERVED]
    seen: asyncio.Queue[str] = asyncio.Queue()
    desk.rc._listeners.add(seen)
    asked = asyncio.create_task(close(desk))
    async with asyncio.timeout(5):
        await seen.get()
    assert room.closing
    desk.rc.close_by_visitor(room.id)

    assert await asked == bare("Error removing inquiry")
    assert closes(desk) == 1
    assert room.v is not None
    assert (room.closer, room.closed_by) == ("visitor", {"_id": room.v.id, "username": "guest-1"})


@pytest.mark.parametrize("damage", ["Error closing room", "Error: Room not found"])
async def test_a_damaged_room_stays_open(start: Start, damage: str) -> None:
    desk = await start()
    desk.rc.rooms[seed.OPEN_SERVED].damage = damage

    assert await close(desk) == bare(damage)
    assert desk.rc.rooms[seed.OPEN_SERVED].open


def wish(email: str, *, send: bool = True) -> dict[str, Any]:
    return {"sendToVisitor": send, "requestData": {"email": email, "subject": "Our chat"}}


async def test_the_transcript_goes_to_any_address_given(start: Start) -> None:
    desk = await start()

    await close(desk, who="ines.faro", transcriptEmail=wish("boss@elsewhere.example"))

    (mail,) = desk.rc.outbox
    assert (mail.to, mail.subject) == (("boss@elsewhere.example",), "Our chat")


async def test_a_bad_address_fails_without_a_sound(start: Start) -> None:
    desk = await start()

    assert await close(desk, transcriptEmail=wish("nope")) == OK
    assert desk.rc.outbox == []


async def test_a_transcript_without_request_data_is_a_type_error(start: Start) -> None:
    desk = await start()

    answer = await close(desk, transcriptEmail={"sendToVisitor": True})

    assert answer == bare("Cannot read properties of undefined (reading 'email')")
    assert closes(desk) == 0


@pytest.mark.parametrize(
    ("wished", "expected"),
    [
        (None, ["planned@x.example"]),
        (wish("new@x.example"), ["new@x.example"]),
        ({"sendToVisitor": False}, []),
    ],
)
async def test_the_wish_at_close_wins_over_the_schedule(
    start: Start, wished: dict[str, Any] | None, expected: list[str]
) -> None:
    desk = await start()
    planned = {"email": "planned@x.example", "subject": "s"}
    await desk.call("POST", f"livechat/transcript/{seed.OPEN_SERVED}", json=planned)

    body: dict[str, Any] = {"transcriptEmail": wished} if wished else {}
    await close(desk, **body)

    assert [mail.to[0] for mail in desk.rc.outbox] == expected


@pytest.mark.parametrize(("licence", "expected"), [(True, 1), (False, 0)])
async def test_the_pdf_wish_is_ignored_without_a_licence(
    start: Start, *, licence: bool, expected: int
) -> None:
    desk = await start()
    desk.rc.configure(licence=licence)
    desk.rc.roles["request-pdf-transcript"].clear()

    assert await close(desk, generateTranscriptPdf=True) == OK
    desk.clock.now += 5

    assert len(desk.rc.effects_of("create_pdf", seed.OPEN_SERVED)) == expected


async def test_closing_does_not_count_contacts(start: Start) -> None:
    desk = await start()
    desk.rc.configure(mac_limit_reached=True)

    assert await close(desk) == OK


async def test_a_visitor_closes_once(start: Start) -> None:
    desk = await start()
    desk.rc.close_by_visitor(seed.OPEN_SERVED)
    desk.rc.close_by_visitor(seed.OPEN_SERVED)

    assert closes(desk) == 1


async def test_a_lost_answer_leaves_the_effect(start: Start) -> None:
    desk = await start()

    with desk.rc.fault("garbage", "POST */room.closeByUser", times=1):
        status, body = await close(desk)

    assert (status, body) == (200, b"<html>502 from a proxy</html>")
    assert closes(desk) == 1
