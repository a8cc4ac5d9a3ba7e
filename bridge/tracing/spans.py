"""Spans: the stages that a request passes, each with ids and numbers only.

A door begins with `span`, which knows its traceparent whether or not anything is exported; what happens
further in is a `stage`, which while nobody listens is one shared object in which nothing happens.

An attribute is written when its name may be logged, and an error by its kind alone: a library's words may
quote what it was given, and a trace is read by more people than a database.
"""

from __future__ import annotations

from contextvars import Token
from types import TracebackType
from typing import Any, Final, Protocol, Self

from bridge.log import LOGGABLE, scrub
from bridge.tracing.context import HERE, Trace, make, parse

Value = str | int | float | bool


class Exporter(Protocol):
    """What a span needs of the SDK; `exporting` provides it when it is asked for."""

    def begin(self, name: str, parent: Trace | None) -> Any:
        """A started SDK span."""
        ...

    def trace_of(self, started: Any) -> Trace:
        """Its place in the trace."""
        ...


class _State:
    exporter: Exporter | None = None


STATE: Final = _State()


class Span:
    """One stage; use it in a `with` block, in which `here` is its `traceparent` while it is exported."""

    __slots__ = ("_attributes", "_before", "_name", "_parent", "_started", "trace")

    def __init__(self, name: str, parent: str, attributes: dict[str, Value]) -> None:
        self._name = name
        self._parent = parent
        self._attributes = attributes
        self._started: Any = None
        self._before: Token[str] | None = None
        self.trace: Trace | None = None

    @property
    def traceparent(self) -> str:
        """The header for whoever is asked next; the parent's own while nothing is exported."""
        if self.trace is not None:
            return self.trace.traceparent
        if not self._parent:
            self._parent = make().traceparent
        return self._parent

    def note(self, **attributes: Value) -> None:
        """Say more, once it is known."""
        if self._started is not None:
            for name, value in attributes.items():
                if name in LOGGABLE or not isinstance(value, str):
                    shown = scrub(value) if isinstance(value, str) else value
                    self._started.set_attribute(f"bridge.{name}", shown)

    def __enter__(self) -> Self:
        if STATE.exporter is not None:
            self._started = STATE.exporter.begin(self._name, parse(self._parent))
            self.trace = STATE.exporter.trace_of(self._started)
            self._before = HERE.set(self.trace.traceparent)
            self.note(**self._attributes)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del error, trace
        if self._started is None:
            return
        if self._before is not None:
            HERE.reset(self._before)
        if kind is not None:
            self._started.set_attribute("error.type", kind.__name__)
        self._started.end()


class Nothing:
    """A stage while nobody listens."""

    __slots__ = ()

    def note(self, **attributes: Value) -> None:
        """Nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


_NOTHING: Final = Nothing()


def span(name: str, parent: str = "", **attributes: Value) -> Span:
    """A span called `name` (static, dotted, the room first) below a traceparent, if there is one."""
    return Span(name, parent, attributes)


def stage(name: str, parent: str, **attributes: Value) -> Span | Nothing:
    """A span below a traceparent; on the hot path, so that it is made only when somebody listens."""
    return _NOTHING if STATE.exporter is None else Span(name, parent, attributes)
