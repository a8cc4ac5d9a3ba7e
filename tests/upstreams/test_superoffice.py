"""The SuperOffice client against the emulated one: headers, addresses, error shapes, missing answers."""

from __future__ import annotations

import pytest

from bridge.contract import Lost, Request
from bridge.outbound import Answer
from bridge.sandbox.emulator import FaultKind
from bridge.sandbox.superoffice import SuperOffice as Emulator
from bridge.sandbox.superoffice import login_of
from bridge.upstreams.superoffice.client import read
from tests.upstreams.desk import AA, ME, Desk, transfer


async def test_a_transfer_and_its_headers(desk: Desk, superoffice: Emulator) -> None:
    so = desk.onsite(
        username=AA.username,
        password=AA.password,
        app_token="app",
        language="US",
        culture="en-US",
        timezone="UTC",
    )
    response = await so.send(transfer("anna@example.com"))
    assert response.json["TransferTo"]["AssociateId"] == 5
    sent = superoffice.exchanges[-1]
    assert sent.path == "/SuperOffice/api/v1/ChatSession/648/TransferTo/anna%40example.com"
    names = ("Accept", "Accept-Language", "SO-Language", "SO-Culture", "SO-TimeZone", "SO-AppToken")
    assert [sent.headers[name] for name in names] == [
        *("application/json", "en", "US", "en-US", "UTC", "app")
    ]
    assert sent.headers["Content-Length"] == "0"  # IIS answers 411 to a POST without it
    assert "Content-Type" not in sent.headers


@pytest.mark.parametrize("to", ["a/b", "%2e%2e", "Chloé Çelik", "a?b", "x" * 255])
async def test_an_odd_associate_never_leaves_the_route(
    desk: Desk, superoffice: Emulator, to: str
) -> None:
    so = desk.onsite(username=AA.username, password=AA.password)
    await so.send(transfer(to))
    (sent,) = superoffice.exchanges
    assert sent.path.startswith("/SuperOffice/api/v1/ChatSession/648/TransferTo/")
    assert sent.path.count("/") == 7


@pytest.mark.parametrize("to", ["..", ".", "", "a\nb"])
async def test_an_associate_that_may_not_enter_a_path(
    desk: Desk, superoffice: Emulator, to: str
) -> None:
    so = desk.onsite(username=AA.username, password=AA.password)
    response = await so.send(transfer(to))
    assert (response.status, response.error_code) == (400, "invalid-path")
    assert not response.sent
    assert not superoffice.exchanges


@pytest.mark.parametrize("accept", ["application/xml", "text/xml", "text/json", "", "*/*"])
async def test_json_comes_whatever_else_is_asked_for(desk: Desk, accept: str) -> None:
    so = desk.onsite(username=AA.username, password=AA.password, accept=accept)
    assert (await so.send(ME)).json["AssociateId"] == 2


@pytest.mark.parametrize("key", ["ErrorMessage", "Message"])
async def test_errors(desk: Desk, superoffice: Emulator, key: str) -> None:
    superoffice.change(error_key=key)
    so = desk.onsite(username=AA.username, password=AA.password)
    missing = await so.send(Request("GET", "/api/v1/ChatSession/{id}", {"id": "99999"}))
    assert missing.error_code == "not-found"
    assert missing.error_text
    wrong = desk.onsite(username=AA.username, password="wrong")
    for body in ("error", "empty", "html"):
        superoffice.change(unauthorized_body=body)
        assert (await wrong.send(ME)).error_code == "unauthorized"
    assert (
        await so.send(Request("DELETE", "/api/v1/User/currentPrincipal"))
    ).error_code == "not-found"


@pytest.mark.parametrize(
    ("status", "body", "code", "text"),
    [
        (
            400,
            b'{"Error":true,"ErrorType":"ArgumentException","Message":"no"}',
            "ArgumentException",
            "no",
        ),
        (400, b'{"ErrorMessage":"no"}', "bad-request", "no"),
        (400, b"<html><body>Bad</body></html>", "bad-request", "Bad"),
        (403, b'{"ErrorType":"SoSessionException","ErrorMessage":"no"}', "forbidden", "no"),
        (404, b'{"ErrorType":"SoNotFoundException","ErrorMessage":"no"}', "not-found", "no"),
        (412, b"", "precondition-failed", ""),
        (421, b"", "wrong-subdomain", ""),
        (429, b"", "error-too-many-requests", ""),
        (500, b'{"ErrorType":"X","ErrorMessage":7}', "X", None),
        (500, b"", "server-error", ""),
        (500, b'{"ErrorType":["X"]}', "server-error", None),
        (200, b'{"Error":true,"ErrorType":"X","ErrorMessage":"no"}', "X", "no"),
        (302, b"", "redirected", None),
    ],
)
def test_codes(status: int, body: bytes, code: str, text: str | None) -> None:
    response = read(ME, Answer(status, {}, body))
    assert (response.error_code, response.ok) == (code, False)
    if text is not None:
        assert response.error_text == text


@pytest.mark.parametrize("body", ["entity", "null", "empty", "204"])
async def test_a_no_op_is_a_success_in_every_shape(
    desk: Desk, superoffice: Emulator, body: str
) -> None:
    superoffice.change(noop_body=body)
    so = desk.onsite(username="BB", password=login_of("BB").password)
    assert (await so.send(transfer("5"))).ok


async def test_a_read_that_says_nothing_is_lost(desk: Desk, superoffice: Emulator) -> None:
    so = desk.onsite(username=AA.username, password=AA.password)
    with superoffice.fault("empty"), pytest.raises(Lost):
        await so.send(ME)


@pytest.mark.parametrize(
    "fault", ["hang", "hang_after", "reset_before", "reset_after", "garbage", "truncated", "huge"]
)
async def test_a_missing_answer_is_lost(
    desk: Desk, superoffice: Emulator, fault: FaultKind
) -> None:
    so = desk.onsite(username=AA.username, password=AA.password)
    with superoffice.fault(fault), pytest.raises(Lost):
        await so.send(transfer("5"))
    assert len(superoffice.exchanges) <= 1
