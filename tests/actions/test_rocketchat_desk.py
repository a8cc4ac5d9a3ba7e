"""The Rocket.Chat actions against the emulated workspace, on each family of versions."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bridge.actions import catalogue
from bridge.contract import Done, Pending, Refused, Retry, Unknown
from bridge.sandbox.rocketchat import Profile
from bridge.sandbox.rocketchat.routes import ROUTES
from bridge.sandbox.rocketchat.seed import (
    CLOSED_PLAIN,
    CLOSED_WITH_PDF,
    NEEDS_TAGS,
    ON_HOLD,
    OPEN_QUEUED,
    OPEN_SERVED,
)
from bridge.sandbox.rocketchat.state import Settings
from tests.actions.desk import rocketchat

ALL: tuple[Profile, ...] = ("A", "B", "C", "D")
PDF = "rocketchat.request_pdf_transcript"
MAIL = "rocketchat.email_transcript"
CANCEL = "rocketchat.cancel_email_transcript"
CLOSE = "rocketchat.close_room"
FILE = "rocketchat.export_room"
MESSAGES = "rocketchat.export_messages"
FORWARD = "rocketchat.forward_room"
EMULATED = {f"{route.method} /api/v1/{route.path}" for route in ROUTES}

each_profile = pytest.mark.parametrize("profile", ALL)


@each_profile
async def test_a_close_is_verified(profile: Profile) -> None:
    async with rocketchat(profile) as (rc, desk):
        outcome = await desk.do(CLOSE, rid=OPEN_SERVED, comment="bye", tags="a,a")
        assert isinstance(outcome, Done)
        assert outcome.facts["closed_by"] == "deskbridge"
        assert outcome.facts["verified"] is True
        assert outcome.facts["tags"] == ["a"]
        again = await desk.do(CLOSE, rid=OPEN_SERVED, comment="bye")
        assert isinstance(again, Done)
        assert again.facts["already_closed"] is True
        assert "already closed by deskbridge" in again.message
        assert len([effect for effect in rc.effects if effect.kind == "close_room"]) == 1


@each_profile
async def test_a_plain_agents_repeat_finds_the_conversation_closed(profile: Profile) -> None:
    async with rocketchat(profile, who="ines.faro") as (_, desk):
        await desk.do(CLOSE, rid=OPEN_SERVED, comment="bye")
        assert isinstance(await desk.do(CLOSE, rid=OPEN_SERVED, comment="bye"), Done)


@each_profile
async def test_a_resumed_close_sends_nothing_again(profile: Profile) -> None:
    async with rocketchat(profile) as (_, desk):
        outcome = await desk.do(CLOSE, resumed=True, rid=CLOSED_PLAIN, comment="bye")
        assert isinstance(outcome, Done)
        assert not [request for request in desk.sent if request.write]


@each_profile
async def test_comment_and_tags_are_asked_for(profile: Profile) -> None:
    async with rocketchat(profile) as (_, desk):
        bare = await desk.do(CLOSE, rid=OPEN_SERVED)
        assert isinstance(bare, Refused)
        assert bare.code == "comment_is_required"
        assert bare.follow_ups[0].ask
        tags = await desk.do(CLOSE, rid=NEEDS_TAGS, comment="bye")
        assert tags.code == "tags_must_be_assigned_before_closing_chat"
        assert isinstance(await desk.do(CLOSE, rid=NEEDS_TAGS, comment="bye", tags="x"), Done)


@each_profile
async def test_a_close_with_pdf_and_mail_ends_with_the_file(profile: Profile) -> None:
    mail = {"requestData": {"email": "anna@example.com"}}
    args: dict[str, Any] = {"rid": OPEN_SERVED, "comment": "bye", "generateTranscriptPdf": "yes"}
    async with rocketchat(profile) as (rc, desk):
        first = await desk.do(CLOSE, transcriptEmail=mail, **args)
        assert isinstance(first, Pending)
        last = await desk.watch(CLOSE, first, **args)
        assert isinstance(last, Done)
        assert last.file is not None
        assert [letter.to for letter in rc.outbox] == [("anna@example.com",)]
        body = await desk.upstream.send(last.file.request)
        assert body.body.startswith(b"%PDF")


@each_profile
async def test_a_close_with_pdf_on_community_says_that_there_is_none(profile: Profile) -> None:
    args: dict[str, Any] = {"rid": OPEN_SERVED, "comment": "bye", "generateTranscriptPdf": True}
    async with rocketchat(profile, settings=Settings(licence=False)) as (_, desk):
        last = await desk.watch(CLOSE, await desk.do(CLOSE, **args), **args)
        assert isinstance(last, Done)
        assert "there is no PDF transcript" in last.message
        assert last.facts["pdf"] == "refused"


@each_profile
async def test_a_forced_close_where_the_version_knows_it(profile: Profile) -> None:
    settings = Settings(allow_force_close=True)
    async with rocketchat(profile, settings=settings) as (_, desk):
        outcome = await desk.do(CLOSE, rid=OPEN_SERVED, comment="bye", forceClose=True)
        assert outcome.code == ("force_close_not_offered" if profile == "A" else "room_closed")


async def test_a_damaged_conversation_is_tried_a_few_times_only() -> None:
    async with rocketchat() as (rc, desk):
        rc.rooms[OPEN_SERVED].damage = "Error removing inquiry"
        outcome = await desk.do(CLOSE, rid=OPEN_SERVED, comment="bye")
        assert isinstance(outcome, Retry)


@each_profile
async def test_the_pdf_is_watched_until_it_is_there(profile: Profile) -> None:
    async with rocketchat(profile, pdf_delay_s=20) as (rc, desk):
        first = await desk.do(PDF, rid=CLOSED_PLAIN)
        assert isinstance(first, Pending)
        last = await desk.watch(PDF, first, rid=CLOSED_PLAIN)
        assert isinstance(last, Done)
        assert last.file is not None
        assert len([effect for effect in rc.effects if effect.kind == "create_pdf"]) == 1


@each_profile
async def test_a_pdf_that_exists_comes_at_once(profile: Profile) -> None:
    async with rocketchat(profile) as (_, desk):
        outcome = await desk.do(PDF, rid=CLOSED_WITH_PDF)
        assert isinstance(outcome, Done)
        assert outcome.file is not None
        assert len(desk.sent) == 2


@each_profile
async def test_a_pdf_that_never_comes_is_said_once_and_asked_for_twice(profile: Profile) -> None:
    async with rocketchat(profile, settings=Settings(pdf_outcome="hangs")) as (_, desk):
        first = await desk.do(PDF, rid=CLOSED_PLAIN)
        last = await desk.watch(PDF, first, rid=CLOSED_PLAIN)
        assert isinstance(last, Unknown)
        assert last.code == "pdf_not_confirmed"
        assert last.follow_ups[0].action == PDF
        assert len([request for request in desk.sent if request.write]) == 2
        assert len(desk.sent) <= 16


@each_profile
async def test_no_licence_is_told_as_such(profile: Profile) -> None:
    async with rocketchat(profile, settings=Settings(licence=False)) as (_, desk):
        outcome = await desk.do(PDF, rid=CLOSED_PLAIN)
        assert isinstance(outcome, Refused)
        assert "premium" in outcome.message


@each_profile
async def test_an_open_conversation_offers_two_ways_and_can_wait(profile: Profile) -> None:
    async with rocketchat(profile) as (rc, desk):
        outcome = await desk.do(PDF, rid=OPEN_SERVED)
        assert outcome.code == "room_still_open"
        assert [follow_up.action for follow_up in outcome.follow_ups] == [CLOSE, PDF]
        waiting = await desk.do(PDF, **outcome.follow_ups[1].args)
        assert waiting.code == "pdf_waits_for_close"
        rc.close_by_visitor(OPEN_SERVED)
        last = await desk.watch(PDF, waiting, rid=OPEN_SERVED, whenClosed=True)
        assert isinstance(last, Done)


@each_profile
async def test_a_mail_is_scheduled_repeated_changed_and_cancelled(profile: Profile) -> None:
    async with rocketchat(profile) as (rc, desk):
        first = await desk.do(MAIL, rid=OPEN_SERVED, email="anna@example.com")
        assert first.code == "transcript_scheduled"
        same = await desk.do(MAIL, rid=OPEN_SERVED, email="ANNA@example.com")
        assert isinstance(same, Pending)
        assert same.facts["already"] is True
        other = await desk.do(MAIL, rid=OPEN_SERVED, email="bo@example.com")
        assert isinstance(other, Refused)
        assert "a***@example.com" in other.message
        assert "anna@" not in str(other.as_json())
        change = other.follow_ups[0]
        assert (await desk.do(change.action, **change.args)).code == "transcript_scheduled"
        request = rc.rooms[OPEN_SERVED].transcript_request
        assert request is not None
        assert request["email"] == "bo@example.com"
        assert (await desk.do(CANCEL, rid=OPEN_SERVED)).facts["cancelled"] is True
        gone = await desk.do(CANCEL, rid=OPEN_SERVED)
        assert isinstance(gone, Done)
        assert gone.facts["cancelled"] is False
        closed = await desk.do(MAIL, rid=CLOSED_PLAIN, email="anna@example.com")
        assert closed.code == "room_closed"
        assert (await desk.do(CANCEL, rid=CLOSED_PLAIN)).code == "room_closed"


@each_profile
async def test_a_scheduled_mail_is_seen_to_be_sent(profile: Profile) -> None:
    args: dict[str, Any] = {"rid": OPEN_SERVED, "email": "anna@example.com"}
    async with rocketchat(profile, mail_delay_s=90) as (rc, desk):
        first = await desk.do(MAIL, **args)
        memo = dict(desk.memo)
        await desk.do(CLOSE, rid=OPEN_SERVED, comment="bye")
        desk.memo = memo
        last = await desk.watch(MAIL, first, **args)
        assert last.code == "transcript_sent"
        assert len(rc.outbox) == 1


async def test_a_mail_that_the_server_swallows_is_not_called_sent() -> None:
    args: dict[str, Any] = {"rid": OPEN_SERVED, "email": "anna@example.com"}
    async with rocketchat() as (rc, desk):
        first = await desk.do(MAIL, **args)
        request = rc.rooms[OPEN_SERVED].transcript_request
        assert request is not None
        rc.close_by_visitor(OPEN_SERVED)
        rc.rooms[OPEN_SERVED].messages.clear()
        last = await desk.watch(MAIL, first, **args)
        assert isinstance(last, Unknown)
        assert last.code == "transcript_not_seen"


@each_profile
async def test_an_export_says_where_the_link_goes(profile: Profile) -> None:
    async with rocketchat(profile) as (rc, desk):
        outcome = await desk.do(FILE, rid=CLOSED_PLAIN, dateFrom="2020-01-01")
        assert isinstance(outcome, Pending)
        assert outcome.look_in_s is None
        assert outcome.facts["link_goes_to"] == "d***@desk.example"
        assert [letter.kind for letter in rc.outbox] == ["channel_export"]


@each_profile
async def test_an_export_without_a_mailbox_is_not_started(profile: Profile) -> None:
    async with rocketchat(profile, who="yuki.sato") as (rc, desk):
        outcome = await desk.do(FILE, rid=CLOSED_PLAIN)
        assert outcome.code == "owner_without_email"
        assert not rc.outbox


@each_profile
async def test_missing_recipients_are_seen(profile: Profile) -> None:
    async with rocketchat(profile) as (rc, desk):
        ids = [message["_id"] for message in rc.rooms[CLOSED_PLAIN].messages][:1]
        some = await desk.do(
            MESSAGES, rid=CLOSED_PLAIN, messages=ids, toUsers="mara.lind,yuki.sato"
        )
        assert isinstance(some, Pending)
        assert "⚠ Not reached: yuki.sato" in some.message
        none = await desk.do(MESSAGES, rid=CLOSED_PLAIN, messages=ids, toUsers="nobody")
        assert none.code == "nobody_reached"


@each_profile
async def test_a_forward_is_verified(profile: Profile) -> None:
    async with rocketchat(profile) as (rc, desk):
        outcome = await desk.do(FORWARD, roomId=OPEN_SERVED, userId="tom.okoro")
        assert isinstance(outcome, Done)
        assert outcome.facts["served_by"] == "tom.okoro"
        same = await desk.do(FORWARD, roomId=OPEN_SERVED, userId="Tom Okoro")
        assert isinstance(same, Done)
        assert "already" in same.message
        moved = await desk.do(FORWARD, roomId=OPEN_QUEUED, departmentId="billing")
        assert isinstance(moved, Done)
        rc.rooms[OPEN_SERVED].forward_outcome = "ignored"
        stuck = await desk.do(FORWARD, roomId=OPEN_SERVED, userId="ines.faro")
        assert stuck.code == "not_moved"
        hold = await desk.do(FORWARD, roomId=ON_HOLD, userId="ines.faro")
        assert hold.code == "room_onhold"
        offline = await desk.do(FORWARD, roomId=OPEN_QUEUED, userId="yuki.sato")
        assert offline.code == "user_is_offline"


@pytest.mark.parametrize("action_id", [name for name in catalogue() if name[0] == "r"])
@each_profile
async def test_a_wrong_token_is_the_operators_turn(action_id: str, profile: Profile) -> None:
    call = re.sub(r"{(\w+)}", r":\1", catalogue()[action_id].write_route)
    if call not in EMULATED:
        pytest.skip(f"the emulator does not know {call}: docs/pages/extend/action.md, step 4")
    fields = catalogue()[action_id].model_fields
    args = {
        field.alias or name: field.examples[0]
        for name, field in fields.items()
        if field.examples and (field.is_required() or name in ("to_users", "user_id"))
    }
    async with rocketchat(profile) as (rc, desk):
        rc.user("deskbridge").token = "renewed"
        outcome = await desk.do(action_id, **args)
        assert isinstance(outcome, Refused)
        assert outcome.code == "not_signed_in"


@each_profile
async def test_no_visitor_token_in_any_outcome_or_memo(profile: Profile) -> None:
    async with rocketchat(profile) as (rc, desk):
        tokens = [room.v.token for room in rc.rooms.values() if room.v]
        for rid in (OPEN_SERVED, CLOSED_PLAIN, CLOSED_WITH_PDF):
            for outcome in (
                await desk.do(MAIL, rid=rid, email="anna@example.com"),
                await desk.do(FORWARD, roomId=rid, userId="tom.okoro"),
                await desk.do(CLOSE, rid=rid, comment="x"),
                await desk.do(PDF, rid=rid),
            ):
                said = str(outcome.as_json()) + str(desk.memo)
                assert not [token for token in tokens if token in said]
