"""The webhooks SuperOffice sends: which events, how signed, how often, and when it stops."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from bridge.sandbox.superoffice import SuperOffice
from bridge.sandbox.superoffice.answers import ApiError


@dataclass
class Receiver:
    """Takes webhooks, answers with the statuses it was given, then 200; notes the waits between."""

    statuses: list[int] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.headers.append(dict(request.headers))
        self.bodies.append(await request.read())
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    async def wait(self, seconds: float) -> None:
        self.waits.append(seconds)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
async def so(receiver: Receiver, aiohttp_server: AiohttpServer) -> SuperOffice:
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    url = str((await aiohttp_server(app)).make_url("/hook"))
    return SuperOffice(
        lambda: 1_524_557_902.089895,
        sleep=receiver.wait,
        webhook_url=url,
        webhook_secret="s3cret",
    )


async def test_a_created_event_is_signed_and_has_field_values(
    so: SuperOffice, receiver: Receiver
) -> None:
    so.add_session(700, user_id=3)
    await so.webhooks.sent()

    (event,), (headers,) = receiver.events, receiver.headers
    assert (event["Event"], event["PrimaryKey"]) == ("chatsession.created", 700)
    assert event["Timestamp"] == "2018-04-24T08:18:22.089895Z"
    # Brede is associate 3 and ejUser 5: a webhook names the ejUser.
    expected = {"Status": 5, "TopicId": 458, "UserId": 5, "CustomerId": "700"}
    assert event["FieldValues"] == expected
    digest = hmac.digest(b"s3cret", receiver.bodies[0], hashlib.sha256)
    assert headers["X-SuperOffice-Signature"] == base64.b64encode(digest).decode()
    assert headers["X-SuperOffice-Event"] == "chatsession.created"
    assert headers["X-SuperOffice-EventId"] == event["EventId"]
    assert headers["X-SuperOffice-Retry"] == "0"
    assert headers["User-Agent"].startswith("NetServer-Webhook/")


async def test_without_a_secret_there_is_no_signature(so: SuperOffice, receiver: Receiver) -> None:
    so.change(webhook_secret=None, webhook_header_event_id="different")
    so.set_status(648, "Finished")
    await so.webhooks.sent()

    assert "X-SuperOffice-Signature" not in receiver.headers[0]
    assert receiver.headers[0]["X-SuperOffice-EventId"] != receiver.events[0]["EventId"]


async def test_a_pending_transfer_is_invisible(so: SuperOffice, receiver: Receiver) -> None:
    so.change(webhook_field_values="always")
    chat = so.session(648)
    so.desk.transfer(chat, "5", so.desk.associates[2])
    await so.webhooks.sent()
    assert receiver.bodies == []

    so.accept(648)
    await so.webhooks.sent()
    events = {event["Event"]: event for event in receiver.events}
    assert set(events) == {"chatsession.message", "chatsession.changed"}
    assert events["chatsession.changed"]["FieldValues"]["UserId"] == 7  # Anna's ejUser id


async def test_a_rejection_is_only_a_message(so: SuperOffice, receiver: Receiver) -> None:
    so.reject(649)
    await so.webhooks.sent()

    (event,) = receiver.events
    assert event["Event"] == "chatsession.message"
    assert "FieldValues" not in event


@pytest.mark.parametrize(
    ("statuses", "waits", "failures"),
    [
        ([], [], 0),
        ([500], [1.0], 0),
        ([202, 302], [1.0, 4.0], 0),  # needs exactly 200
        ([204, 404, 500], [1.0, 4.0], 3),
    ],
)
async def test_three_attempts_in_a_cycle(
    so: SuperOffice, receiver: Receiver, statuses: list[int], waits: list[float], failures: int
) -> None:
    receiver.statuses = list(statuses)
    so.set_status(648, "Finished")
    await so.webhooks.sent()

    assert receiver.waits == waits
    assert so.webhooks.failures == failures
    assert len(set(receiver.bodies)) == 1
    retries = [headers["X-SuperOffice-Retry"] for headers in receiver.headers]
    assert retries == [str(number) for number in range(len(retries))]


async def test_nine_failures_in_a_row_end_it_until_reset(
    so: SuperOffice, receiver: Receiver
) -> None:
    receiver.statuses = [500] * 9
    for session_id in (648, 649, 650):
        so.set_status(session_id, "Finished")
        await so.webhooks.sent()
    assert so.snapshot()["webhook"] == {"state": "TooManyErrors", "failures": 9}

    so.set_status(651, "Deleted")
    await so.webhooks.sent()
    assert len(receiver.bodies) == 9

    so.webhooks.reset()
    so.set_status(651, "ClosedFromQueue")
    await so.webhooks.sent()
    assert len(receiver.bodies) == 10


async def test_a_receiver_that_is_not_there(so: SuperOffice, receiver: Receiver) -> None:
    so.change(webhook_url="http://127.0.0.1:9/none")
    so.set_status(648, "Finished")
    await so.webhooks.sent()

    assert so.webhooks.failures == 3
    assert receiver.bodies == []


def test_the_target_must_be_https() -> None:
    with pytest.raises(ApiError, match="Webhook TargetUrl must be secure"):
        SuperOffice(webhook_url="http://www.example.com")


def test_events_wait_for_an_event_loop() -> None:
    so = SuperOffice(webhook_url="https://hooks.example.com/superoffice")
    so.set_status(648, "Closed")

    assert so.session(648).when_ended is not None
