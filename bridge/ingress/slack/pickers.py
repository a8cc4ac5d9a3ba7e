"""Lists for the forms, served from a cache that is refreshed beside the requests.

Slack waits three seconds for options (https://docs.slack.dev/interactivity/handling-user-interaction) and
takes at most 100 (https://docs.slack.dev/reference/block-kit/block-elements). What is known is given at once, however old, and a refresh is
started; only a list that was never read is waited for, and not for long. While an upstream hangs people
see the last list, or may type an id. Refreshes are single flight and not more often than the pace of the
upstream bears: its listing calls share their limit with the jobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from bridge.contract import Lost, Unsent, Upstream
from bridge.delivery import mrkdwn
from bridge.ingress.slack.background import BackgroundTasks
from bridge.ingress.slack.sources import SOURCES, Option, Read, Unlisted

log = structlog.get_logger()

FRESH_S = 30.0
WAIT_S = 1.5  # for a list that was never read; Slack gives up at 3 s
MOST = 100
TEXT = 75
VALUE = 150
USE_TYPED = "Use “{typed}”"
Json = dict[str, object]


@dataclass(slots=True)
class _Known:
    options: Sequence[Option]
    read_at: float


class Pickers:
    """The lists of all connections."""

    def __init__(
        self,
        upstreams: Mapping[str, Upstream],
        *,
        background: BackgroundTasks,
        clock: Callable[[], float],
        sources: Mapping[str, Read] = SOURCES,
        wait_s: float = WAIT_S,
    ) -> None:
        self._upstreams = upstreams
        self._background = background
        self._clock = clock
        self._sources = sources
        self._wait_s = wait_s
        self._known: dict[tuple[str, str], _Known] = {}
        self._reading: dict[tuple[str, str], asyncio.Event] = {}

    def prepare(self, connection: str, source: str) -> None:
        """Start reading a list that is about to be needed."""
        known = self._known.get((connection, source))
        if known is None or self._clock() - known.read_at > FRESH_S:
            self._refresh(connection, source)

    async def options(self, connection: str, source: str, query: str = "") -> list[Json]:
        """At most a hundred options that hold every word of the query, as Slack takes them."""
        found = await self.read(connection, source)
        wanted = query.casefold().split()
        fitting = [
            one
            for one in found
            if all(word in f"{one.label} {one.hint} {one.value}".casefold() for word in wanted)
        ]
        typed = query.strip()
        if not fitting and typed and len(typed) <= VALUE:
            # Also the way on while the upstream hangs: an id can always be typed.
            fitting = [Option(typed, USE_TYPED.format(typed=typed))]
        now = self._clock()
        return [_shown(one, now) for one in fitting[:MOST] if len(one.value) <= VALUE]

    def known(self, connection: str, source: str) -> Sequence[Option]:
        """The list as memory has it; never any I/O."""
        known = self._known.get((connection, source))
        return known.options if known else ()

    async def read(self, connection: str, source: str) -> Sequence[Option]:
        """The list as it is known; one that was never read is waited for a little."""
        self.prepare(connection, source)
        key = (connection, source)
        if key not in self._known and key in self._reading:
            try:
                async with asyncio.timeout(self._wait_s):
                    await self._reading[key].wait()
            except TimeoutError:
                log.info("slack.list_not_ready", connection=connection, source=source)
        return self.known(connection, source)

    def _refresh(self, connection: str, source: str) -> None:
        key = (connection, source)
        upstream, read = self._upstreams.get(connection), self._sources.get(source)
        if upstream is None or read is None or key in self._reading:
            return
        self._reading[key] = asyncio.Event()
        self._background.start("list", self._read(key, upstream, read), source=source)

    async def _read(self, key: tuple[str, str], upstream: Upstream, read: Read) -> None:
        try:
            self._known[key] = _Known(await read(upstream), self._clock())
        except (Unlisted, Unsent, Lost) as error:
            log.warning("slack.list_unread", source=key[1], error=type(error).__name__)
        finally:
            self._reading.pop(key).set()


def _shown(option: Option, now: float) -> Json:
    age = f" · {_age(now - option.since)}" if option.since else ""
    label = mrkdwn.plain(option.label, TEXT - len(age)) + age
    shown: Json = {"text": {"type": "plain_text", "text": label}, "value": option.value}
    if option.hint:
        shown["description"] = {"type": "plain_text", "text": mrkdwn.plain(option.hint, TEXT)}
    return shown


def _age(seconds: float) -> str:
    minutes = max(0, int(seconds // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"
