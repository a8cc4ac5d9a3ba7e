"""The two senders that are known by name, with their documented payloads."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from bridge.jobs.store import Store
from tests.ingress.webhooks.conftest import Serve
from tests.ingress.webhooks.senders import ROOM, raw, stored, superoffice

TOKEN = {"X-RocketChat-Livechat-Token": "livechat-word"}


def session(**more: Any) -> dict[str, Any]:
    """The documented example: https://docs.rocket.chat/docs/webhooks-1."""
    return {
        "_id": ROOM,
        "label": "Visitor name",
        "createdAt": "2026-01-01T10:00:00.000Z",
        "tags": ["t"],
        "visitor": {
            "_id": "v1",
            "token": "SECRET",
            "name": "Ann",
            "email": [{"address": "ann@x.org"}],
            "phone": [{"phoneNumber": "+1"}],
        },
        "agent": {"_id": "a1", "username": "bob", "name": "Bob", "email": "bob@x.org"},
        "type": "LivechatSession",
        "messages": [
            {"_id": "m1", "username": "guest-3", "msg": "hi", "rid": ROOM},
            {"_id": "m2", "username": "bob", "msg": "close via API", "closingMessage": True},
        ],
        "closedAt": "2026-01-01T10:05:00.000Z",
        "closer": "user",
        **more,
    }


def changed(**more: Any) -> dict[str, Any]:
    """The documented example of SuperOffice's webhooks."""
    return {
        "EventId": "e87ac619-0000",
        "Timestamp": "2018-04-24T08:18:42.089895Z",
        "Changes": [],
        "Event": "chatsession.changed",
        "PrimaryKey": 178105,
        "Entity": "chatsession",
        "ContextIdentifier": "Default",
        "ChangedByAssociateId": 316,
        "FieldValues": {"Status": 0, "TopicId": "5", "UserId": 0, "CustomerId": "12"},
        **more,
    }


async def test_a_closed_conversation_brings_its_pdf(serve: Serve, store: Store) -> None:
    client = await serve({"chat": {"preset": "rocketchat", "secret": "livechat-word"}})

    began = time.monotonic()
    by_agent = await client.post("/hooks/chat", data=raw(session()), headers=TOKEN)
    assert time.monotonic() - began < 5
    assert (by_agent.status, await by_agent.text()) == (200, "ok")

    visitor = session(_id="room2", closer="visitor")
    await client.post("/hooks/chat", data=raw(visitor), headers=TOKEN)
    rows = await stored(store)
    assert [row["action"] for row in rows] == ["rocketchat.request_pdf_transcript"] * 2
    assert [json.loads(row["args"])["rid"] for row in rows] == [ROOM, "room2"]


async def test_its_repetitions_are_one_event(serve: Serve, store: Store) -> None:
    client = await serve({"chat": {"preset": "rocketchat", "secret": "livechat-word"}})

    for crm in ("", "ok", "ok ok"):  # the echo of our own answer changes the bytes
        answer = await client.post("/hooks/chat", data=raw(session(crmData=crm)), headers=TOKEN)
        assert answer.status == 200
    reopened = session(closedAt="2026-01-02T10:05:00.000Z")
    await client.post("/hooks/chat", data=raw(reopened), headers=TOKEN)

    assert len(await stored(store)) == 2


@pytest.mark.parametrize(
    "payload",
    [
        session(type="LivechatSessionStart"),
        session(type="Message"),
        {
            "type": "LivechatOfflineMessage",
            "visitor": {"name": "A", "email": "a@b.c"},
            "message": "x",
        },
        session(_id="fasd6f5a4sd6f8a4sdf"),  # livechat/webhook.test
        session(_id="../../users.delete"),  # cannot be mapped: logged, and still 200
        session(_id=None),
        {},
        [],
        5,
        None,
    ],
)
async def test_what_means_nothing_is_answered_with_200(
    serve: Serve, store: Store, payload: Any
) -> None:
    client = await serve({"chat": {"preset": "rocketchat", "secret": "livechat-word"}})

    answer = await client.post("/hooks/chat", data=raw(payload), headers=TOKEN)

    assert answer.status == 200
    assert await stored(store) == []


async def test_the_transcript_can_be_mailed_instead(serve: Serve, store: Store) -> None:
    source = {"preset": "rocketchat", "secret": "livechat-word", "use": ["email_on_close"]}
    client = await serve({"chat": source})

    await client.post("/hooks/chat", data=raw(session()), headers=TOKEN)
    nobody = session(_id="room2", visitor={"email": None})
    await client.post("/hooks/chat", data=raw(nobody), headers=TOKEN)

    (row,) = await stored(store)
    assert row["action"] == "rocketchat.email_transcript"
    assert json.loads(row["args"]) == {"rid": ROOM, "email": "ann@x.org"}


SUPEROFFICE = {
    "preset": "superoffice",
    "secret": "so-secret",
    "rules": [
        {
            "when": "Event == 'chatsession.changed' && fields.topicid == `5` && fields.userid == `0`",
            "action": "superoffice.transfer_session",
            "args": {"chatSessionId": "PrimaryKey", "toAssociate": "'anna'"},
        }
    ],
}


@pytest.mark.parametrize(
    "values",
    [
        {"TopicId": "5", "UserId": 0},
        {"topicId": 5, "userId": "0"},
    ],
)
async def test_superoffice_in_all_its_spellings(
    serve: Serve, store: Store, values: dict[str, Any]
) -> None:
    client = await serve({"office": SUPEROFFICE})
    body = raw(changed(FieldValues=values))

    answer = await client.post("/hooks/office", data=body, headers=superoffice(body, "so-secret"))

    assert (answer.status, await answer.text()) == (200, "ok")
    (row,) = await stored(store)
    assert json.loads(row["args"]) == {"chatSessionId": 178105, "toAssociate": "anna"}


async def test_superoffice_is_known_by_the_event_id_in_the_body(serve: Serve, store: Store) -> None:
    client = await serve({"office": SUPEROFFICE})

    for retry in range(3):
        body = raw(changed(Timestamp=f"2018-04-24T08:18:4{retry}Z"))
        headers = {**superoffice(body, "so-secret"), "X-SuperOffice-EventId": str(retry)}
        assert (await client.post("/hooks/office", data=body, headers=headers)).status == 200
    unsigned = await client.post("/hooks/office", data=raw(changed()))

    assert unsigned.status == 401
    assert len(await stored(store)) == 1
