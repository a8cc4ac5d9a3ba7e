"""Exports: a zip whose place only the token owner learns, and chosen messages by mail."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from bridge.sandbox.rocketchat import Profile, seed
from bridge.sandbox.rocketchat.state import Room
from tests.sandbox.rocketchat_desk import ALL, Desk, Start

OK = (200, {"success": True})
DAY = 86_400.0


def coded(code: str, reason: str = "") -> tuple[int, dict[str, Any]]:
    text = f"{reason} [{code}]".strip()
    return 400, {"success": False, "error": text, "errorType": code}


async def export(desk: Desk, who: str = "admin", **body: Any) -> tuple[int, Any]:
    return await desk.call("POST", "rooms.export", who, json={"rid": seed.OPEN_SERVED} | body)


async def export_file(desk: Desk, who: str = "admin", **body: Any) -> tuple[int, Any]:
    return await export(desk, who, **({"type": "file", "format": "json"} | body))


async def export_email(desk: Desk, who: str = "admin", **body: Any) -> tuple[int, Any]:
    return await export(desk, who, **({"type": "email", "messages": ["m"]} | body))


@pytest.mark.parametrize("profile", ALL)
async def test_refusals_of_the_action(start: Start, profile: Profile) -> None:
    desk = await start(profile)
    desk.rc.user("tom.okoro").permissions.add("mail-messages")

    assert await export_file(desk, "mara.lind") == coded(
        "error-action-not-allowed", "Mailing is not allowed"
    )
    assert await export_file(desk, rid="nope") == coded("error-invalid-room")
    assert await export_file(desk, "tom.okoro") == coded("error-not-allowed", "Not Allowed")
    assert desk.rc.effects_of("export_room") == []
    assert desk.rc.outbox == []


@pytest.mark.parametrize("profile", ALL)
async def test_the_zip_is_mailed_to_the_token_owner_alone(start: Start, profile: Profile) -> None:
    desk = await start(profile)

    assert await export_file(desk) == OK

    (mail,) = desk.rc.outbox
    assert (mail.to, mail.subject) == (("admin@desk.example",), "Channel Export")
    link = mail.text.rpartition(" ")[2]
    status, content = await desk.call("GET", link, "admin")
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == [f"{seed.OPEN_SERVED}.json", "assets/"]
        lines = archive.read(f"{seed.OPEN_SERVED}.json").decode().splitlines()
    assert [json.loads(line)["username"] for line in lines] == ["guest-1", "ines.faro", "guest-1"]
    assert (await desk.call("GET", link, "mara.lind"))[0] == 403
    assert (await desk.call("GET", link, None))[0] == 403
    assert (await desk.call("GET", "/data-export/nope"))[0] == 404
    desk.rc.configure(user_data_download=False)
    assert (await desk.call("GET", link, "admin"))[0] == 403


async def test_an_owner_without_an_address_is_answered_200_and_learns_nothing(
    start: Start,
) -> None:
    desk = await start()
    yuki = desk.rc.user("yuki.sato")
    yuki.permissions |= {"mail-messages", "view-livechat-rooms"}

    assert await export_file(desk, "yuki.sato") == OK

    assert desk.rc.outbox == []
    assert len(desk.rc.effects_of("export_room", seed.OPEN_SERVED)) == 1


async def test_every_call_makes_another_zip(start: Start) -> None:
    desk = await start()
    await export_file(desk)
    await export_file(desk)

    assert len(desk.rc.outbox) == 2
    assert len(desk.rc.effects_of("export_room")) == 2


async def test_a_channel_gives_its_name_to_the_json_and_its_id_to_the_html(start: Start) -> None:
    desk = await start()
    await export_file(desk, rid=seed.CHANNEL)
    await export_file(desk, rid=seed.CHANNEL, format="html")

    names = []
    for effect in desk.rc.effects_of("export_room"):
        content = desk.rc.files[effect.detail["file_id"]].content
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names.append(archive.namelist()[0])
    assert names == ["general.json", "GENERAL.html"]


def diary(desk: Desk) -> Room:
    """One message on each of three days, and one at the midnight between the second and the third."""
    room = desk.rc.add_room("Diary", served_by="ines.faro")
    midnight = desk.clock() - desk.clock() % DAY
    for text, at in (
        ("first", midnight - 2 * DAY + 60),
        ("second", midnight - DAY + 60),
        ("midnight", midnight),
        ("third", midnight + 60),
    ):
        desk.rc.say(room, text, at=at)
    return room


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ({}, 4),
        ({"dateFrom": None, "dateTo": None}, 4),
        ({"dateFrom": "2027-01-14"}, 3),
        # The last day counts whole, and one instant more.
        ({"dateTo": "2027-01-14"}, 3),
        ({"dateFrom": "2027-01-13", "dateTo": "2027-01-13"}, 1),
        # Exactly one day after dateTo is still accepted.
        ({"dateFrom": "2027-01-15", "dateTo": "2027-01-14"}, 1),
        ({"dateFrom": "2020-01-01", "dateTo": "2020-01-02"}, 0),
    ],
)
async def test_the_period_is_in_utc_days(
    start: Start, period: dict[str, Any], expected: int
) -> None:
    desk = await start()
    room = diary(desk)

    assert await export_file(desk, rid=room.id, **period) == OK
    (effect,) = desk.rc.effects_of("export_room", room.id)
    assert effect.detail["messages"] == expected


async def test_a_period_may_not_end_before_it_begins(start: Start) -> None:
    desk = await start()

    answer = await export_file(desk, dateFrom="2027-01-16", dateTo="2027-01-14")

    assert answer == coded("error-invalid-dates", "From date cannot be after To date")


async def test_mail_goes_to_all_in_one_and_names_who_is_missing(start: Start) -> None:
    desk = await start()
    ids = [message["_id"] for message in desk.rc.rooms[seed.OPEN_SERVED].messages]

    answer = await export_email(
        desk,
        messages=[ids[0], "unknown"],
        toUsers=["mara.lind", "yuki.sato", "bob"],
        toEmails=["boss@elsewhere.example"],
        subject="FYI",
    )

    assert answer == (200, {"missing": ["yuki.sato", "bob"], "success": True})
    (mail,) = desk.rc.outbox
    assert mail.to == ("mara.lind@desk.example", "boss@elsewhere.example")
    assert mail.subject == "FYI"
    (effect,) = desk.rc.effects_of("export_messages", seed.OPEN_SERVED)
    assert effect.detail["messages"] == [ids[0]]


async def test_all_missing_is_still_a_200_and_a_mail_to_nobody(start: Start) -> None:
    desk = await start()

    answer = await export_email(desk, toUsers=["bob"])

    assert answer == (200, {"missing": ["bob"], "success": True})
    assert desk.rc.outbox == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, coded("error-invalid-recipient")),
        ({"toUsers": [], "toEmails": []}, coded("error-invalid-recipient")),
        ({"toEmails": ["nope"]}, coded("invalid email")),
        ({"toUsers": ["broken"]}, (400, {"success": False, "error": "error-invalid-email"})),
    ],
)
async def test_refused_recipients(
    start: Start, body: dict[str, Any], expected: tuple[int, dict[str, Any]]
) -> None:
    desk = await start()
    desk.rc.add_user("broken", email="no address")

    assert await export_email(desk, **body) == expected
    assert desk.rc.effects_of("export_messages") == []
