"""What a log line may say: names on the list, numbers, and nothing that looks like a secret."""

from __future__ import annotations

import ast
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog
from pydantic import SecretStr

from bridge.contract import Lost
from bridge.log import LOGGABLE, REDACTED, configure

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


ROOT = Path(__file__).resolve().parent.parent
# Fields outside the list are written only as numbers: these are counts, seconds, a port and two switches.
NUMBERS = frozenset(
    (
        "attempts",
        "budget_s",
        "bytes",
        "count",
        "delay_s",
        "ended",
        "errands",
        "jobs",
        "links",
        "port",
        "probe_s",
    )
) | {"seconds", "serves", "wait_s", "works"}
SAYS = {
    "log": {"debug", "info", "warning", "error", "exception"},
    "stage": {"note"},
    "span": {"note"},
}
ALSO = {"note", "tracing.span", "self._background.start", "self._upkeep.start", "self._note"}


def fields_of(source: str) -> Iterator[tuple[int, str]]:
    """The name of each field that a line of the log or a stage of a trace is given, by name or as `**fields`."""
    tree = ast.parse(source)
    gathered: set[str] = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        holder, _, verb = ast.unparse(call.func).rpartition(".")
        if verb in SAYS.get(holder, ()) or f"{holder}.{verb}".strip(".") in ALSO:
            for keyword in call.keywords:
                if keyword.arg is not None:
                    yield call.lineno, keyword.arg
                elif isinstance(keyword.value, ast.Name):
                    gathered.add(keyword.value.id)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Dict):
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if gathered & {target.id for target in targets if isinstance(target, ast.Name)}:
            for key in node.value.keys:
                yield node.lineno, ast.literal_eval(key) if key is not None else ""


def test_no_line_names_a_field_whose_words_would_be_redacted() -> None:
    found = [
        (f"{path.relative_to(ROOT)}:{line}", name)
        for path in sorted((ROOT / "bridge").rglob("*.py"))
        for line, name in fields_of(path.read_text("utf-8"))
    ]
    assert len(found) > 200, "the search still finds them"
    lost = [one for one in found if one[1] not in LOGGABLE | NUMBERS]
    assert not lost, "name them as bridge.log.LOGGABLE does; a number belongs into NUMBERS here"
    assert {name for _, name in found} >= NUMBERS, "what no line says any more"


def test_the_search_for_fields_sees_every_way_to_name_one() -> None:
    source = (
        "def f():\n"
        "    log.info('a.b', one=1)\n"
        "    about = {'two': 2}\n"
        "    log.exception('a.c', **about)\n"
        "    stage.note(three=3)\n"
        "    with tracing.span('a.d', four=4): ...\n"
        "    self._audit.note(who, 'deed', target=5)\n"
    )
    assert {name for _, name in fields_of(source)} == {"one", "two", "three", "four"}
