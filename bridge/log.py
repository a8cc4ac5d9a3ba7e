"""Logging, set up once: one line per event, JSON in production and pretty on a terminal, nothing secret.

An allow-list decides what a line may say. A field on it is written; any other field is written only if
it is a number, and its text becomes `[redacted]`, so a forgotten field costs a value in a log and never
a secret. Two more nets lie below: known shapes of tokens are cut out of every text, and an exception
shows its kind and its frames, its words only when the bridge wrote them, because a library's words may
quote what it was given. Lines of other libraries come through the same way; only those whose words are
known to be harmless keep them (slack_bolt logs whole request bodies at INFO).

May import: no other room.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from functools import lru_cache
from pathlib import PurePath
from types import TracebackType
from typing import Any, TextIO, cast

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

REDACTED = "[redacted]"
MAX_TEXT = 500
MAX_ITEMS = 20
MAX_FRAMES = 12
SHORT = 80  # events, names of actions, routes

# What a line may say in words. Ids of people and rooms are among it, their names and texts are not.
LOGGABLE = frozenset(
    (
        # the line itself
        *("at", "event", "exception", "level", "logger", "timestamp"),
        # who, what, where
        *("action", "channel_id", "connection", "door", "enterprise_id", "job_id", "key_name"),
        *(
            "kind",
            "lane",
            "person",
            "remote",
            "rid",
            "scope",
            "session_id",
            "source",
            "team",
            "team_id",
        ),
        *("user_id", "usergroup", "who", "workspace"),
        # what happened
        *("attempt", "before", "cause", "check", "code", "command", "detail", "errand", "error"),
        *(
            "error_id",
            "event_type",
            "field",
            "file",
            "hint",
            "how",
            "method",
            "missing",
            "needed",
            "outcome",
            "phase",
        ),
        *(
            "problem",
            "problems",
            "reason",
            "repeat",
            "result",
            "route",
            "rule",
            "secret_id",
            "stage",
        ),
        *("state", "status", "step", "storage", "subject", "surface"),
        *("variable", "what", "where", "why"),
        # the process; `changed` and `restart` are paths of settings
        *("changed", "database", "environment", "format", "host", "mode", "restart", "revision"),
        *("server", "signal"),
        *("task", "version", "worker", "worker_id"),
        # tracing
        *("request_id", "span_id", "trace", "trace_id", "traceparent"),
    )
)
# Libraries whose own sentences may be written; others say only that they spoke, and from where.
TRUSTED_LOGGERS = ("alembic", "asyncio", "aiohttp.server", "aiohttp.web", "bridge")
# aiohttp's access log names whole paths; ours has route templates. slack_bolt's INFO holds bodies.
LEVELS = {
    "aiohttp.access": logging.CRITICAL,
    "aiohttp": logging.WARNING,
    "asyncio": logging.WARNING,
    "alembic": logging.WARNING,
    "slack_bolt": logging.WARNING,
    "slack_sdk": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "opentelemetry": logging.ERROR,
    "psycopg": logging.ERROR,  # what it warns of as a connection breaks, it also raises
}

SECRET_SHAPES = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w-]+"  # Slack tokens
    r"|xapp-[\w-]+"
    r"|whsec_[\w+/=-]+"
    r"|\b[78][AT]:[^\s\"',]+"  # SuperOffice tickets and access tokens
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"  # JSON Web Tokens
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"  # user:password in an address
    r"|(?i:\b(?:bearer|basic|soticket)\s+)[^\s\"',]+"
    r"|https?://hooks\.slack(?:-gov)?\.com/[^\s\"',]+"
    r"|-----BEGIN[^-]*PRIVATE KEY-----.*?(?:-----END[^-]*-----|$)",
    re.DOTALL,
)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


def configure(level: str, style: str = "auto", *, stream: TextIO | None = None) -> None:
    """Set up logging for this process. A second call replaces the first.

    Args:
        level: debug, info, warning or error.
        style: json, console, or auto, which is console when the stream is a terminal.
        stream: Where the lines go; standard error by default, standard output is for answers.
    """
    out = sys.stderr if stream is None else stream
    pretty = style == "console" or (style == "auto" and out.isatty())
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
    ]
    last: list[Processor] = [
        render_exception,
        redact,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=_plain)
        if pretty
        else _render_json,
    ]
    logger = structlog.WriteLogger(cast("TextIO", _Patient(out)))
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *_: logger,
        cache_logger_on_first_use=False,  # module-level loggers follow a later `configure`
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[foreign, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, structlog.stdlib.ProcessorFormatter):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(threshold)
    for name, least in LEVELS.items():
        logging.getLogger(name).setLevel(max(threshold, least))
    logging.captureWarnings(capture=True)


class _Patient:
    """A stream that takes what it can: a full disk or a closed pipe must not end whoever has something to say."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        with suppress(OSError, ValueError):
            self._stream.write(line)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


def redact(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Apply the allow-list, cut out what looks like a token, and keep a line one line."""
    shown = {name: _shown(value, allowed=name in LOGGABLE) for name, value in line.items()}
    if "exception" in line:  # made of `render_exception`'s own text, and longer than others may be
        shown["exception"] = scrub(str(line["exception"]), 4 * MAX_TEXT)
    return shown


def render_exception(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Turn `exc_info` into `exception`: kinds, frames, and only such words as are ours."""
    given: ExcInfo | BaseException | bool | None = line.pop("exc_info", None)
    if isinstance(given, tuple):
        given = given[1]
    elif given is True:
        given = sys.exc_info()[1]
    if isinstance(given, BaseException):
        line["exception"] = _told(given)
    return line


def foreign(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """A line of another library: its words only when they are known to be harmless."""
    record: logging.LogRecord = line["_record"]
    if not record.name.startswith(TRUSTED_LOGGERS):
        line["event"] = "foreign.logged"
    line["logger"] = record.name
    line["at"] = f"{record.module}:{record.lineno}"
    if record.exc_info:
        line["exc_info"] = record.exc_info
    return line


def scrub(text: str, limit: int = MAX_TEXT) -> str:
    """A text without what looks like a token, on one line, not too long."""
    if text.isalnum() and text.isascii():  # an id: each shape has a sign in it
        return text[:limit]
    if len(text) <= SHORT:  # looking for all shapes takes time, and the same words come again
        return _cleaned(text)[:limit]
    return _clean(text[: limit * 4])[:limit]


def _clean(text: str) -> str:
    return CONTROL.sub(" ", SECRET_SHAPES.sub(REDACTED, text))


_cleaned = lru_cache(maxsize=1024)(_clean)


def _shown(value: Any, *, allowed: bool) -> Any:
    if isinstance(value, str):  # first, since most are
        return scrub(value) if allowed else REDACTED
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return _shown(value.value, allowed=allowed)
    if isinstance(value, Mapping):
        items = list(value.items())[:MAX_ITEMS]
        return {
            scrub(str(name)): _shown(one, allowed=allowed and name in LOGGABLE)
            for name, one in items
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(one, allowed=allowed) for one in list(value)[:MAX_ITEMS]]
    if isinstance(value, BaseException):
        return type(value).__name__ if allowed else REDACTED
    if isinstance(value, PurePath):
        return scrub(str(value)) if allowed else REDACTED
    return REDACTED  # bytes, secrets, objects: whatever their repr would tell


def _told(error: BaseException, depth: int = 0) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}"
    ours = type(error).__module__.startswith("bridge.") and isinstance(error, Exception)
    words = f": {scrub(str(error))}" if ours else ""
    frames = " < ".join(_frames(error.__traceback__))
    told = f"{kind}{words}" + (f" at {frames}" if frames else "")
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and depth < 3:
        told += f" | after {_told(before, depth + 1)}"
    return told


def _frames(trace: TracebackType | None) -> list[str]:
    """The innermost frames first; file names without their folders, and no source text."""
    frames = traceback.extract_tb(trace)[-MAX_FRAMES:]
    return [f"{PurePath(one.filename).name}:{one.lineno} {one.name}" for one in reversed(frames)]


def _render_json(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
    try:
        return to_json(line).decode()  # in a quarter of the time
    except ValueError:  # half a surrogate pair, which somebody sent
        return json.dumps(line)


def _plain(out: TextIO, _exc_info: ExcInfo) -> None:
    """Nothing: `render_exception` has told it already."""
    del out
