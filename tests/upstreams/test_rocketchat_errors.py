"""One code for every shape in which Rocket.Chat has ever told the same thing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.contract import Lost, Request
from bridge.outbound import Answer
from bridge.upstreams.rocketchat import read

ASK = Request("GET", "/api/v1/rooms.info")
WRITE = Request("POST", "/api/v1/livechat/room.closeByUser", write=True)
NOT_LOGGED_IN = "You must be logged in to do this."
NO_PERMISSION = "User does not have the permissions required for this action [error-unauthorized]"
TOO_MANY = (
    "Error, too many requests. Please slow down. You must wait 42 seconds [error-too-many-requests]"
)


@pytest.mark.parametrize(
    ("status", "body", "code", "text"),
    [
        # the three shapes of one refusal
        (400, {"error": "error-invalid-room"}, "error-invalid-room", "error-invalid-room"),
        (400, {"error": "Invalid room [error-invalid-room]"}, "error-invalid-room", "Invalid room"),
        (400, {"error": "[error-invalid-room]"}, "error-invalid-room", "[error-invalid-room]"),
        (
            400,
            {"error": "Invalid room [error-invalid-room]", "errorType": "error-invalid-room"},
            "error-invalid-room",
            "Invalid room",
        ),
        (400, {"error": "not-allowed", "errorType": "Not Allowed"}, "Not Allowed", "not-allowed"),
        (400, {"error": "[invalid email]", "errorType": "invalid email"}, "invalid email", None),
        (400, {"error": "Error removing inquiry"}, "Error removing inquiry", None),
        # schemas, old and typed
        (400, {"error": "a\n b [invalid-params]"}, "invalid-params", "a\n b"),
        (400, {"error": "a\nb", "errorType": "invalid-params"}, "invalid-params", "a\nb"),
        (400, {"error": "a", "errorType": "error-invalid-params"}, "invalid-params", "a"),
        (400, {"error": "a [error-invalid-params]"}, "invalid-params", "a"),
        # 401 whatever it says
        (401, {"status": "error", "message": NOT_LOGGED_IN}, "unauthorized", NOT_LOGGED_IN),
        (401, {"error": NOT_LOGGED_IN, "message": NOT_LOGGED_IN}, "unauthorized", NOT_LOGGED_IN),
        (401, {"error": NOT_LOGGED_IN}, "unauthorized", NOT_LOGGED_IN),
        (401, b"", "unauthorized", NOT_LOGGED_IN),
        (401, b"<html>401</html>", "unauthorized", NOT_LOGGED_IN),
        # the two kinds of 403
        (403, {"error": NO_PERMISSION}, "error-unauthorized", NO_PERMISSION[:-21]),
        (403, {"error": "unauthorized"}, "forbidden", "unauthorized"),
        (403, {"error": "forbidden"}, "forbidden", "forbidden"),
        (403, b"", "forbidden", ""),
        (403, b"<html><body>Blocked by WAF</body></html>", "forbidden", "Blocked by WAF"),
        # routes that are not there
        (404, b"404 Not Found", "not-found", "404 Not Found"),
        (404, b"<!DOCTYPE html><body>Not Found</body>", "not-found", "Not Found"),
        (405, {"message": "API endpoint does not exist"}, "not-found", None),
        (404, {"error": "gone [error-room-not-found]"}, "error-room-not-found", "gone"),
        # limits and failures
        (429, {"error": TOO_MANY}, "error-too-many-requests", None),
        (429, b"slow down", "error-too-many-requests", "slow down"),
        (500, b"Internal Server Error", "server-error", "Internal Server Error"),
        (502, b"<html><head><title>x</title></head>Bad  Gateway</html>", "server-error", None),
        (503, b"", "server-error", ""),
        (400, b"", "bad-request", ""),
        (400, b"\xff\xfe", "bad-request", None),
        (418, b"teapot", "http-418", "teapot"),
        # odd JSON
        (400, [1], "bad-request", "[1]"),
        (400, {"error": None}, "bad-request", None),
        (400, {"error": {"message": "deep [error-deep]"}}, "error-deep", "deep"),
        (400, {"errorType": 7, "error": "x"}, "x", "x"),
        # a 200 that is none
        (200, {"success": False, "error": "no [error-no]"}, "error-no", "no"),
    ],
)
def test_codes(status: int, body: Any, code: str, text: str | None) -> None:
    if isinstance(body, dict):
        body = {"success": False, **body}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = read(ASK, Answer(status, {"retry-after": "3"}, raw))
    assert response.error_code == code
    assert not response.ok
    assert response.status == status
    assert response.headers["retry-after"] == "3"
    if text is not None:
        assert response.error_text == text


@pytest.mark.parametrize("body", [b"{}", b'{"success":true}', b"null", b"[]"])
def test_a_success_that_can_be_read(body: bytes) -> None:
    assert read(ASK, Answer(200, {}, body)).ok


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n"])
@pytest.mark.parametrize("status", [200, 204])
def test_only_a_write_may_answer_nothing(status: int, body: bytes) -> None:
    assert read(WRITE, Answer(status, {}, body)).ok
    with pytest.raises(Lost, match="empty"):
        read(ASK, Answer(status, {}, body))


@pytest.mark.parametrize("body", [b"<html>", b"{", b"\xff", b"ok", b"[" * 100_000])
def test_a_success_that_cannot_be_read_is_lost(body: bytes) -> None:
    with pytest.raises(Lost, match="not readable"):
        read(ASK, Answer(200, {"content-type": "text/html; charset=x"}, body))


def test_a_file_is_not_read() -> None:
    asked = Request("GET", "/file-upload/{file_id}/{name}", expects="file")
    assert read(asked, Answer(200, {}, b"%PDF-1.7")).body == b"%PDF-1.7"
    assert read(asked, Answer(403, {}, b"")).error_code == "forbidden"


@pytest.mark.parametrize("status", [301, 302, 304, 307, 308])
def test_a_redirect_is_an_error(status: int) -> None:
    response = read(ASK, Answer(status, {"location": "https://evil.example/"}))
    assert (response.error_code, response.status, response.ok) == ("redirected", status, False)


def test_a_long_error_is_cut() -> None:
    raw = json.dumps({"success": False, "error": "x" * 100_000}).encode()
    response = read(ASK, Answer(400, {}, raw))
    assert len(response.error_code) <= 200
    assert len(response.error_text) <= 1000
