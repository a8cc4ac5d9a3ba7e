"""Declaring metrics: a registry of our own, labels that stay bounded, the page and the table of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, Final, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    exposition,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

REGISTRY: Final = CollectorRegistry()
MOST_VALUES: Final = 200
MOST_CHARACTERS: Final = 120
MOST_CHILDREN: Final = 1024  # remembered by each metric; more only cost the time to look them up
OTHER: Final = "other"
QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)
USUAL: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LONG: Final = (0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 21_600.0, 259_200.0)
NAMESPACE: Final = "bridge"

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

Made = TypeVar("Made")

_seen: dict[str, set[str]] = {}
_rows: list[tuple[str, str, tuple[str, ...], str]] = []


def labels(**given: object) -> dict[str, str]:
    """Label values that cannot grow without end."""
    bounded = {}
    for name, value in given.items():
        text, seen = str(value)[:MOST_CHARACTERS], _seen.setdefault(name, set())
        if text not in seen:
            if len(seen) >= MOST_VALUES:
                text = OTHER
            seen.add(text)
        bounded[name] = text
    return bounded


def remembered(make: Callable[..., Made]) -> Callable[..., Made]:
    """Finding a labelled child costs ten times what counting does, so hot paths find each only once."""
    return lru_cache(MOST_CHILDREN)(make)


def histogram(
    name: str, meaning: str, names: tuple[str, ...], buckets: tuple[float, ...]
) -> Histogram:
    """Times in seconds."""
    _rows.append((f"{NAMESPACE}_{name}", "histogram", names, meaning))
    return Histogram(name, meaning, names, namespace=NAMESPACE, registry=REGISTRY, buckets=buckets)


def counter(name: str, meaning: str, *names: str) -> Counter:
    """Events; `_total` is appended to the name."""
    _rows.append((f"{NAMESPACE}_{name}_total", "counter", names, meaning))
    return Counter(name, meaning, names, namespace=NAMESPACE, registry=REGISTRY)


def gauge(name: str, meaning: str, *names: str) -> Gauge:
    """What is so now."""
    _rows.append((f"{NAMESPACE}_{name}", "gauge", names, meaning))
    return Gauge(name, meaning, names, namespace=NAMESPACE, registry=REGISTRY)


class Moment(Collector):
    """When something last happened (epoch seconds); no sample before, because 0 would be a moment, too."""

    def __init__(self, name: str, meaning: str) -> None:
        self._name = f"{NAMESPACE}_{name}"
        self._meaning = meaning
        self._at: float | None = None
        _rows.append((self._name, "gauge", (), meaning))
        REGISTRY.register(self)

    def set(self, at: float | None) -> None:
        self._at = at

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily(self._name, self._meaning)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily(self._name, self._meaning, value=self._at)


def status_class(status: int) -> str:
    """2xx and so on; 429 by itself, because it means something else than its class; none."""
    if status == 429:
        return "429"
    return f"{status // 100}xx" if 100 <= status < 600 else "none"


def render(accept: str = "") -> tuple[bytes, str]:
    """The page for a scraper, and its content type."""
    encode: Any
    encode, content_type = exposition.choose_encoder(accept)
    page: bytes = encode(REGISTRY)
    return page, content_type


def table() -> str:
    """Every metric of ours as a Markdown table, for the documents."""
    rows = ["| metric | type | labels | meaning |", "| --- | --- | --- | --- |"]
    for name, kind, names, meaning in sorted(_rows):
        shown = ", ".join(f"`{one}`" for one in names)
        rows.append(f"| `{name}` | {kind} | {shown} | {meaning} |")
    return "\n".join(rows)
