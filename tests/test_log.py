"""What a log line may say: names on the list, numbers, and nothing that looks like a secret."""

from __future__ import annotations

import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, Literal

import pytest
import structlog
from pydantic import SecretStr

from bridge.contract import Lost
from bridge.log import REDACTED, configure

Read = Callable[[], list[dict[str, Any]]]
log = structlog.get_logger(__name__)


class Colour(StrEnum):
    RED = "red"


def lose() -> None:
    try:
        json.loads("{}")["CANARY-1"]
    except KeyError as error:
        raise Lost("chat.example: no answer in time") from error


@pytest.fixture(autouse=True)
def _undo() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def lines() -> Read:
    stream = io.StringIO()
    configure("debug", "json", stream=stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line(lines: Read) -> None:
    with structlog.contextvars.bound_contextvars(request_id="r1", text="CANARY"):
        log.info("jobs.finished", job_id="01J", attempts=2, seconds=0.5, durable=True)
    (line,) = lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "jobs.finished",
        "level": "info",
        "job_id": "01J",
        "attempts": 2,
        "seconds": 0.5,
        "durable": True,
        "request_id": "r1",
        "text": REDACTED,
    }


@pytest.mark.parametrize(
    "value",
    ["CANARY", b"CANARY", SecretStr("CANARY"), ["CANARY"], {"a": "CANARY"}, Exception("CANARY")],
)
@pytest.mark.parametrize(
    "name", ["token", "response_url", "trigger_id", "body", "password", "reason"]
)
def test_text_outside_the_list_is_not_written(lines: Read, name: str, value: object) -> None:
    log.info("a.b", **{name: value})
    if name == "reason" and (value in ("CANARY", ["CANARY"])):
        assert lines()[0]["reason"] == value
    else:
        assert "CANARY" not in json.dumps(lines())


def test_values_of_fields_on_the_list(lines: Read) -> None:
    log.info("a.b", state=Colour.RED, problems=["x", 1, None], error=Lost("x"), what={"kind": "y"})
    (line,) = lines()
    assert (line["state"], line["problems"]) == ("red", ["x", 1, None])
    assert (line["error"], line["what"]) == ("Lost", {"kind": "y"})


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-12-CANARY",
        "xoxe.xoxp-1-CANARY",
        "xapp-1-CANARY",
        "whsec_CANARY+/=",
        "8A:Cust12345.CANARY",
        "7T:CANARY+/==",
        "Bearer CANARY",
        "basic CANARY==",
        "SOTicket 7T:CANARY",
        "postgres://bridge:CANARY@db/bridge",
        "https://hooks.slack.com/commands/T1/CANARY",
        "eyJhbGciOi.CANARY.sig",
        "-----BEGIN RSA PRIVATE KEY-----\nCANARY\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nCANARY",
    ],
)
def test_what_looks_like_a_secret_is_cut_out_everywhere(lines: Read, secret: str) -> None:
    event = f"a.b {secret}"
    log.info(event, reason=f"before {secret} after", what={secret: 1})
    logging.getLogger("asyncio").error("said %s", secret)
    assert "CANARY" not in json.dumps(lines())
    assert lines()[0]["reason"].startswith("before ")


def test_a_line_stays_one_line_and_short(lines: Read) -> None:
    log.info("a.b", reason="x\r\n{forged}\u2028\x1b[31m" + "y" * 10_000)
    (line,) = lines()
    assert len(line["reason"]) == 500
    assert not set("\r\n\u2028\x1b") & set(line["reason"])


def test_an_exception_shows_kind_and_frames_only(lines: Read) -> None:
    try:
        lose()
    except Lost:
        log.exception("a.failed", job_id="01J")
    (line,) = lines()
    assert "bridge.contract.exchange.Lost: chat.example: no answer in time" in line["exception"]
    assert "test_log.py:" in line["exception"]
    assert "after builtins.KeyError" in line["exception"]
    assert "CANARY" not in json.dumps(line)
    assert "/" not in line["exception"]


def test_other_libraries_say_only_what_is_harmless(lines: Read) -> None:
    logging.getLogger("slack_bolt.App").warning("Unhandled request: %s", {"text": "CANARY"})
    logging.getLogger("slack_sdk").debug("CANARY")
    logging.getLogger("aiohttp.access").info("GET /CANARY")
    logging.getLogger("unheard.of").info("CANARY", extra={"body": "CANARY"})
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("CANARY", stacklevel=1)
    try:
        int("CANARY")
    except ValueError:
        logging.getLogger("aiohttp.server").exception("Error handling request")
    said = lines()
    assert [line["logger"] for line in said] == [
        *("slack_bolt.App", "unheard.of", "py.warnings", "aiohttp.server")
    ]
    assert said[-1]["event"] == "Error handling request"
    assert said[-1]["exception"].startswith("builtins.ValueError at test_log.py:")
    assert "CANARY" not in json.dumps(said)


def test_levels(lines: Read) -> None:
    stream = io.StringIO()
    configure("warning", "json", stream=stream)
    log.info("a.b")
    logging.getLogger("asyncio").info("x")
    log.warning("a.c")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["a.c"]
    assert not lines()  # the first stream was let go
    assert len([h for h in logging.getLogger().handlers if h.formatter]) >= 1


@pytest.mark.parametrize(("format_", "terminal"), [("auto", True), ("console", False)])
def test_pretty_on_a_terminal(format_: Literal["auto", "console"], *, terminal: bool) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: terminal  # type: ignore[method-assign]  # a terminal in memory
    configure("info", format_, stream=stream)
    try:
        lose()
    except Lost:
        log.exception("a.failed", job_id="01J", token="CANARY")
    told = stream.getvalue()
    assert "a.failed" in told
    assert "chat.example: no answer in time" in told
    assert "CANARY" not in told
    with pytest.raises(ValueError, match=r"Expecting|Extra"):
        json.loads(told.splitlines()[0])


def test_json_where_nobody_looks() -> None:
    stream = io.StringIO()
    configure("info", stream=stream)
    log.info("a.b")
    assert json.loads(stream.getvalue())["event"] == "a.b"


def test_a_line_that_cannot_be_written_ends_nobody() -> None:
    stream = io.StringIO()
    configure("info", "json", stream=stream)
    stream.close()
    structlog.get_logger().error("a.b")
