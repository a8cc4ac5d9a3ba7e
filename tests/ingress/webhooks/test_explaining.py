from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import catalogue
from bridge.ingress.webhooks import WebhookDoor
from bridge.jobs.store import Store
from tests.clock import Clock
from tests.ingress.webhooks.senders import CLOSE_RULE, ROOM, WHSEC, declared, raw, standard, stored
from tests.ingress.webhooks.test_presets import session

SOURCES: dict[str, Any] = {
    "desk": {
        "checks": [{"kind": "bearer", "secret": "hush"}],
        "rules": [
            {"name": "close", **CLOSE_RULE},
            {
                "name": "mail",
                "action": "rocketchat.email_transcript",
                "args": {"rid": "room", "email": "mail"},
            },
        ],
    },
    "chat": {"preset": "rocketchat", "secret": "hush"},
    "shut": {"preset": "rocketchat", "secret_env": "NO_SUCH_VARIABLE"},
}


@pytest.fixture
def door(store: Store, clock: Clock) -> WebhookDoor:
    return WebhookDoor(settings=declared(SOURCES), catalogue=catalogue(), intake=store, clock=clock)


async def test_it_says_what_would_follow_and_sends_nothing(door: WebhookDoor, store: Store) -> None:
    body = raw({"state": "solved", "room": ROOM, "mail": "anna@example.com"})

    text = "\n".join(door.explain("desk", {"Authorization": "Bearer hush"}, body).lines())

    assert "check bearer: holds, by the secret default" in text
    assert "rule close: holds" in text
    assert f"job rocketchat.close_room on desk with {{'rid': '{ROOM}'}}" in text
    assert "first request: POST /api/v1/livechat/room.closeByUser" in text
    assert "Closed by the support team" in text  # the connection's own comment, as it would be sent
    assert "2 jobs would follow; nothing was sent." in text
    assert "anna@" not in text
    assert "hush" not in text
    assert await stored(store) == []


async def test_it_says_why_not(door: WebhookDoor) -> None:
    body = raw({"state": "open", "room": "no room!"})

    explanation = door.explain("desk", {"Authorization": "Bearer wrong"}, body)
    text = "\n".join(explanation.lines())

    assert "check bearer: does not hold, mismatch" in text
    assert "rule close: does not hold, state == 'solved' finds nothing" in text
    assert "! mail: rid: Give the room's id" in text
    assert "no room!" not in text
    assert explanation.as_json()["rules"][0]["holds"] is False


async def test_a_file_has_no_headers(door: WebhookDoor) -> None:
    text = "\n".join(door.explain("chat", None, raw(session())).lines())

    assert "check rocketchat: not looked at, no headers were given" in text
    assert f"POST /api/v1/omnichannel/{ROOM}/request-transcript" in text or "GET " in text


async def test_the_built_in_source_and_odd_payloads(door: WebhookDoor) -> None:
    body = raw({"action": "rocketchat.close_rom", "args": {"rid": ROOM}})

    told = "\n".join(door.explain("actions", standard(body), body).lines())
    broken = "\n".join(door.explain("desk", None, b"{").lines())
    shut = "\n".join(door.explain("shut", None, b"{}").lines())

    assert "check standard: holds" in told
    assert "Did you mean rocketchat.close_room?" in told
    assert WHSEC not in told
    assert "no JSON" in broken
    assert "503" in shut
