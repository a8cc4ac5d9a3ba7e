"""A PDF that is only queued, and a mail that is only scheduled: what is told and what really happens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from bridge.sandbox.rocketchat import Profile, RocketChat, seed
from tests.sandbox.rocketchat_desk import ALL, Desk, Start

OK = (200, {"success": True})


def bare(text: str) -> tuple[int, dict[str, Any]]:
    return 400, {"success": False, "error": text}


def coded(code: str, reason: str) -> tuple[int, dict[str, Any]]:
    return 400, {"success": False, "error": f"{reason} [{code}]", "errorType": code}


def kinds(desk: Desk) -> list[str]:
    desk.rc.settle()
    return [effect.kind for effect in desk.rc.effects]


async def pdf(desk: Desk, rid: str, who: str = "deskbridge") -> tuple[int, Any]:
    return await desk.call("POST", f"omnichannel/{rid}/request-transcript", who)


@pytest.mark.parametrize("profile", ALL)
async def test_a_pdf_is_queued_then_made(start: Start, profile: Profile) -> None:
    desk = await start(profile, pdf_delay_s=3)

    assert await pdf(desk, seed.CLOSED_PLAIN) == OK
    assert desk.rc.rooms[seed.CLOSED_PLAIN].pdf_transcript_file_id is None
    desk.clock.now += 3

    _, info = await desk.call("GET", f"rooms.info?roomId={seed.CLOSED_PLAIN}")
    file_id = info["room"]["pdfTranscriptFileId"]
    assert kinds(desk) == ["request_pdf", "create_pdf"]
    told = desk.rc.direct_messages[-1]
    assert (told.to, told.msg) == ("deskbridge", "PDF Transcript successfully generated")
    status, content = await desk.call("GET", f"/file-upload/{file_id}/transcript.pdf")
    assert (status, content[:5]) == (200, b"%PDF-")


@pytest.mark.parametrize("profile", ALL)
async def test_a_repeat_is_a_silent_nothing(start: Start, profile: Profile) -> None:
    desk = await start(profile)

    assert await pdf(desk, seed.CLOSED_PLAIN) == OK
    assert await pdf(desk, seed.CLOSED_PLAIN) == OK
    desk.clock.now += 60
    assert await pdf(desk, seed.CLOSED_PLAIN) == OK
    assert await pdf(desk, seed.CLOSED_WITH_PDF) == OK

    assert kinds(desk) == ["request_pdf", "create_pdf"]


@pytest.mark.parametrize("profile", ALL)
async def test_what_a_pdf_needs(start: Start, profile: Profile) -> None:
    desk = await start(profile)
    odd = desk.rc.add_room(open=False)
    odd.v = None

    assert await pdf(desk, "nope") == bare("error-invalid-room")
    assert await pdf(desk, seed.OPEN_SERVED) == bare("room-still-open")
    assert await pdf(desk, odd.id) == bare("improper-room-state")
    assert await pdf(desk, seed.OPEN_QUEUED, "ines.faro") == bare("error-not-allowed")


async def test_a_closed_room_is_open_to_its_agent_and_to_supervisors(start: Start) -> None:
    desk = await start()

    assert await pdf(desk, seed.CLOSED_PLAIN, "ines.faro") == bare("error-not-allowed")
    assert kinds(desk) == []
    assert await pdf(desk, seed.CLOSED_PLAIN, "tom.okoro") == OK
    assert await pdf(desk, seed.CLOSED_PLAIN, "pia.holm") == OK


@pytest.mark.parametrize(
    "permission",
    ["view-livechat-room-closed-by-another-agent", "view-livechat-room-closed-same-department"],
)
async def test_a_permission_opens_closed_rooms(start: Start, permission: str) -> None:
    desk = await start()
    desk.rc.roles[permission].add("livechat-agent")

    assert await pdf(desk, seed.CLOSED_PLAIN, "ines.faro") == OK


async def test_a_room_that_nobody_served_is_fine(start: Start) -> None:
    desk = await start()
    desk.rc.close_by_visitor(seed.OPEN_QUEUED)

    assert await pdf(desk, seed.OPEN_QUEUED) == OK


async def test_a_hung_job_blocks_profile_a_for_ever(start: Start) -> None:
    desk = await start("A")
    room = desk.rc.rooms[seed.CLOSED_PLAIN]
    room.pdf_outcome = "hangs"
    await pdf(desk, room.id)
    room.pdf_outcome = "ok"
    desk.clock.now += 86_400

    assert await pdf(desk, room.id) == OK
    desk.clock.now += 86_400
    assert kinds(desk) == ["request_pdf"]
    assert desk.rc.rooms[room.id].document()["pdfTranscriptRequested"] is True


@pytest.mark.parametrize(("wait_s", "expected"), [(14.9, 1), (15.0, 2)])
async def test_later_versions_lock_for_fifteen_seconds(
    start: Start, wait_s: float, expected: int
) -> None:
    desk = await start("C")
    desk.rc.configure(pdf_outcome="hangs")
    await pdf(desk, seed.CLOSED_PLAIN)
    desk.clock.now += wait_s

    assert await pdf(desk, seed.CLOSED_PLAIN) == OK
    assert len(desk.rc.effects_of("request_pdf", seed.CLOSED_PLAIN)) == expected


async def test_a_slow_second_job_finds_the_file_and_leaves_it(start: Start) -> None:
    desk = await start("C", pdf_delay_s=20)
    await pdf(desk, seed.CLOSED_PLAIN)
    desk.clock.now += 16
    await pdf(desk, seed.CLOSED_PLAIN)
    desk.clock.now += 60

    assert kinds(desk) == ["request_pdf", "request_pdf", "create_pdf"]


async def test_a_failed_pdf_is_told_in_a_direct_message_only(start: Start) -> None:
    desk = await start("A")
    desk.rc.rooms[seed.CLOSED_PLAIN].pdf_outcome = "fails"

    assert await pdf(desk, seed.CLOSED_PLAIN) == OK
    desk.clock.now += 5

    assert desk.rc.rooms[seed.CLOSED_PLAIN].pdf_transcript_file_id is None
    assert desk.rc.direct_messages[-1].msg.startswith("Error generating PDF Transcript: ")
    assert await pdf(desk, seed.CLOSED_PLAIN) == OK
    assert len(desk.rc.effects_of("request_pdf")) == 2


async def test_a_file_is_for_those_who_may_see_the_room(start: Start) -> None:
    desk = await start()
    file_id = desk.rc.rooms[seed.CLOSED_WITH_PDF].pdf_transcript_file_id
    path = f"/file-upload/{file_id}/x.pdf"
    ines = desk.rc.user("ines.faro")

    assert (await desk.call("GET", path, None))[0] == 403
    assert (await desk.call("GET", path, "tom.okoro"))[0] == 403
    assert (await desk.call("GET", path, "ines.faro"))[0] == 200
    rc_login = f"?rc_uid={ines.id}&rc_token={ines.token}"
    assert (await desk.call("GET", path + rc_login, None))[0] == 200
    assert (await desk.call("GET", "/file-upload/nope/x.pdf"))[0] == 404


# The e-mail

BODY = {"email": "clara@nordlicht.example", "subject": "Your chat"}


async def schedule(
    desk: Desk, rid: str = seed.OPEN_SERVED, who: str = "mara.lind", **changes: Any
) -> tuple[int, Any]:
    return await desk.call("POST", f"livechat/transcript/{rid}", who, json=BODY | changes)


async def cancel(desk: Desk, rid: str = seed.OPEN_SERVED) -> tuple[int, Any]:
    return await desk.call("DELETE", f"livechat/transcript/{rid}", "mara.lind")


@pytest.mark.parametrize("profile", ALL)
async def test_a_schedule_can_be_read_and_taken_back(start: Start, profile: Profile) -> None:
    desk = await start(profile)

    assert await schedule(desk) == OK
    _, info = await desk.call("GET", f"rooms.info?roomId={seed.OPEN_SERVED}")
    request = info["room"]["transcriptRequest"]
    assert request["email"] == BODY["email"]
    assert request["subject"] == "Your chat"
    assert request["requestedAt"] == "2027-01-15T08:00:00.000Z"
    assert set(request["requestedBy"]) == {"_id", "username", "name", "utcOffset"}
    assert await cancel(desk) == OK
    assert kinds(desk) == ["schedule_transcript", "cancel_transcript"]
    assert "transcriptRequest" not in desk.rc.rooms[seed.OPEN_SERVED].document()


@pytest.mark.parametrize("profile", ALL)
async def test_a_second_schedule_is_refused_even_to_the_same_address(
    start: Start, profile: Profile
) -> None:
    desk = await start(profile)
    await schedule(desk)

    code = "error-transcript-already-requested"
    assert await schedule(desk) == coded(code, "Transcript already requested")
    assert kinds(desk) == ["schedule_transcript"]


@pytest.mark.parametrize("profile", ALL)
@pytest.mark.parametrize("rid", ["nope", seed.CLOSED_PLAIN, seed.CHANNEL])
async def test_only_an_open_room_has_a_schedule(start: Start, profile: Profile, rid: str) -> None:
    desk = await start(profile)
    typed = coded("error-invalid-room", "Invalid room")

    assert await schedule(desk, rid) == typed
    assert await cancel(desk, rid) == (typed if profile == "D" else bare("error-invalid-room"))


@pytest.mark.parametrize("profile", ALL)
async def test_nothing_to_take_back(start: Start, profile: Profile) -> None:
    desk = await start(profile)
    code = "error-transcript-not-requested"

    expected = coded(code, "Transcript not requested") if profile == "D" else bare(code)
    assert await cancel(desk) == expected


@pytest.mark.parametrize("profile", ALL)
async def test_the_licence_counts_contacts(start: Start, profile: Profile) -> None:
    desk = await start(profile)
    await schedule(desk)
    desk.rc.configure(mac_limit_reached=True)
    code = "error-mac-limit-reached"

    assert await schedule(desk, seed.NO_EMAIL) == bare(code)
    assert await cancel(desk) == (
        coded(code, "MAC limit reached") if profile == "D" else bare(code)
    )
    desk.rc.configure(licence=False)
    assert await cancel(desk) == OK


async def test_an_agent_may_not_schedule_a_manager_may_for_any_room(start: Start) -> None:
    desk = await start()

    assert (await schedule(desk, who="ines.faro"))[0] == 403
    assert (await schedule(desk, who="pia.holm"))[0] == 403
    desk.rc.roles["view-livechat-rooms"].discard("livechat-manager")
    assert await schedule(desk) == OK


@pytest.mark.parametrize("address", ["nope", ""])
async def test_a_bad_address_is_accepted_and_never_heard_of_again(
    start: Start, address: str
) -> None:
    desk = await start()

    assert await schedule(desk, email=address, subject="") == OK
    desk.rc.close_by_visitor(seed.OPEN_SERVED)

    assert desk.rc.outbox == []
    assert kinds(desk) == ["schedule_transcript", "close_room"]
    assert desk.rc.rooms[seed.OPEN_SERVED].transcript_request is not None


async def test_the_mail_leaves_at_close_and_one_system_message_tells(start: Start) -> None:
    desk = await start(mail_delay_s=2)
    await schedule(desk)
    desk.rc.close_by_visitor(seed.OPEN_SERVED)
    assert desk.rc.outbox == []
    desk.clock.now += 2

    (mail,) = desk.rc.outbox
    assert (mail.to, mail.subject, mail.kind) == ((BODY["email"],), "Your chat", "transcript")
    room = desk.rc.rooms[seed.OPEN_SERVED]
    assert room.transcript_request is None
    assert [m["t"] for m in room.messages[-2:]] == ["livechat-close", "livechat_transcript_history"]
    since = f"roomId={room.id}&lastUpdate=2020-01-01T00:00:00.000Z"
    _, synced = await desk.call("GET", f"chat.syncMessages?{since}")
    assert "livechat_transcript_history" in [m.get("t") for m in synced["result"]["updated"]]
    _, shown = await desk.call("GET", f"livechat/{room.id}/messages")
    assert "livechat_transcript_history" not in [m.get("t") for m in shown["messages"]]


async def test_send_always_overrides_the_schedule_for_a_known_address(start: Start) -> None:
    desk = await start()
    desk.rc.configure(transcript_send_always=True)
    await schedule(desk)
    desk.rc.close_by_visitor(seed.OPEN_SERVED)
    desk.rc.close_by_visitor(seed.NO_EMAIL)

    assert [mail.to for mail in desk.rc.outbox] == [("clara.bergstrom@nordlicht.example",)]


async def test_with_the_real_clock_a_timer_does_what_is_due(aiohttp_client: AiohttpClient) -> None:
    rc = RocketChat(pdf_delay_s=0.0)
    http = await aiohttp_client(rc.app())
    path = f"/api/v1/omnichannel/{seed.CLOSED_PLAIN}/request-transcript"
    seen: asyncio.Queue[str] = asyncio.Queue()
    rc._listeners.add(seen)
    async with http.post(path, headers=rc.credentials("admin")) as response:
        assert response.status == 200

    async with asyncio.timeout(5):
        while "create_pdf" not in [effect.kind for effect in rc.effects]:
            await seen.get()
