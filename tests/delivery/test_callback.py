"""A program is told its job's end once per message id, signed, and only where the guard allows."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from bridge.contract import Done, Refused
from bridge.delivery.callback import (
    LARGEST_FILE,
    CallbackDelivery,
    message_id,
    retry_after,
)
from bridge.delivery.results import File, NotTold, Told, TryLater
from bridge.outbound import Outbound
from bridge.settings import Outbound as OutboundSettings
from bridge.signatures import Secret
from tests.delivery.office import CLOSED, job

Serve = Callable[[web.Application], Awaitable[TestServer]]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class Receiver:
    """A program with a callback address."""

    def __init__(self) -> None:
        self.url = ""
        self.answer = web.Response(status=204)
        self.seen: list[tuple[dict[str, str], bytes]] = []

    async def receive(self, request: web.Request) -> web.Response:
        self.seen.append((dict(request.headers), await request.read()))
        return self.answer

    def last(self, secret: str = SECRET) -> Any:
        headers, body = self.seen[-1]
        return Webhook(secret).verify(body, {name.lower(): v for name, v in headers.items()})


@pytest.fixture
async def receiver(aiohttp_server: Serve) -> Receiver:
    made = Receiver()
    app = web.Application(client_max_size=10_000_000)
    app.router.add_post("/callback", made.receive)
    made.url = str((await aiohttp_server(app)).make_url("/callback"))
    return made


def delivery(outbound: Outbound, *secrets: str) -> CallbackDelivery:
    live = [Secret(id=str(n), value=SecretStr(value)) for n, value in enumerate(secrets)]
    return CallbackDelivery(
        outbound, live, lambda _: {"email"}, public_url="https://bridge.example/"
    )


async def test_the_job_arrives_signed(outbound: Outbound, receiver: Receiver) -> None:
    told = await delivery(outbound, SECRET).tell(
        job(args={"room": "abc", "email": "anna@example.com"}), receiver.url
    )

    assert told == Told("callback")
    assert receiver.last() == {
        "id": "01JB00000000000000000000AB",
        "action": "rocketchat.close_room",
        "args": {"room": "abc", "email": "a***@example.com"},
        "connection": "rocketchat",
        "state": "done",
        "outcome": {
            "kind": "done",
            "code": "closed",
            "message": "The conversation is closed.",
            "next_step": "",
            "facts": {"closed_by": "anna"},
        },
        "attempts": 0,
        "created_at": "2023-11-14T22:13:20.000Z",
        "finished_at": None,
        "run_at": None,
    }
    headers, body = receiver.seen[0]
    assert headers["Content-Type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD_SECRET).verify(body, {k.lower(): v for k, v in headers.items()})


async def test_both_secrets_of_a_rotation_verify(outbound: Outbound, receiver: Receiver) -> None:
    await delivery(outbound, SECRET, OLD_SECRET).tell(job(), receiver.url)

    assert receiver.last(SECRET) == receiver.last(OLD_SECRET)


async def test_the_message_id_tells_repeats_from_news(
    outbound: Outbound, receiver: Receiver
) -> None:
    callback = delivery(outbound, SECRET)
    for told in (job(), job(attempts=3), job(Refused("x", "No."))):
        await callback.tell(told, receiver.url)

    first, again, other = (headers["webhook-id"] for headers, _ in receiver.seen)
    assert first == again != other
    assert "." not in first


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (200, {}, Told("callback")),
        (202, {}, Told("callback")),
        (410, {}, NotTold("gone")),
        (429, {"Retry-After": "17"}, TryLater(17.0, "http_429")),
        (503, {}, TryLater(None, "http_503")),
        (500, {"Retry-After": "soon"}, TryLater(None, "http_500")),
        (404, {}, TryLater(None, "http_404")),
        (307, {"Location": "http://127.0.0.1:1/elsewhere"}, TryLater(None, "http_307")),
    ],
)
async def test_what_an_answer_means(
    outbound: Outbound, receiver: Receiver, status: int, headers: dict[str, str], told: object
) -> None:
    receiver.answer = web.Response(status=status, headers=headers)

    assert await delivery(outbound, SECRET).tell(job(), receiver.url) == told
    assert len(receiver.seen) == 1


async def test_private_addresses_are_refused(receiver: Receiver) -> None:
    async with Outbound(OutboundSettings()) as outbound:
        callback = delivery(outbound, SECRET)
        for url in (receiver.url, "http://169.254.169.254/latest", "ftp://x/", "https://u:p@x.de"):
            told = await callback.tell(job(), url)
            assert isinstance(told, NotTold), url

    assert receiver.seen == []


async def test_nobody_there_is_tried_later(outbound: Outbound) -> None:
    told = await delivery(outbound, SECRET).tell(job(), "http://127.0.0.1:9/callback")

    assert isinstance(told, TryLater)


async def test_without_a_secret_nothing_is_sent(outbound: Outbound, receiver: Receiver) -> None:
    told = await delivery(outbound).tell(job(), receiver.url)

    assert told == NotTold("no_webhook_secret")
    assert receiver.seen == []


async def test_a_small_file_travels_inside(outbound: Outbound, receiver: Receiver) -> None:
    file = File("a.pdf", "application/pdf", b"%PDF")

    await delivery(outbound, SECRET).tell(job(), receiver.url, file=file)

    carried = receiver.last()["file"]
    assert base64.b64decode(carried["content_base64"]) == b"%PDF"
    assert (carried["name"], carried["size"]) == ("a.pdf", 4)


async def test_a_large_file_is_a_link(outbound: Outbound, receiver: Receiver) -> None:
    file = File("a.pdf", "application/pdf", b"x" * (LARGEST_FILE + 1))

    await delivery(outbound, SECRET).tell(job(), receiver.url, file=file)

    carried = receiver.last()["file"]
    assert "content_base64" not in carried
    assert carried["url"] == "https://bridge.example/api/v1/jobs/01JB00000000000000000000AB/file"


async def test_any_text_can_be_sent(outbound: Outbound, receiver: Receiver) -> None:
    odd = Done("x", "\ud800 \x00 ü 😀", facts={"n": {"deep": ["<!channel>"]}})

    assert await delivery(outbound, SECRET).tell(job(odd), receiver.url) == Told("callback")
    assert json.loads(receiver.seen[0][1])["outcome"]["message"] == "\ud800 \x00 ü 😀"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("", None),
        ("0", 0.0),
        ("120", 120.0),
        ("-5", None),
        ("1e9", None),
        ("²", None),
        ("999999999999", 86400.0),
        ("Tue, 14 Nov 2023 22:14:20 GMT", 60.0),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0.0),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    assert retry_after(value, 1_700_000_000.0) == seconds


def test_the_message_id_holds_no_dot() -> None:
    assert "." not in message_id(job(CLOSED, id="a.b"))
