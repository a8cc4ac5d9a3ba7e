"""Export by OTLP over HTTP, configured by the standard OTEL_* variables and by nothing of ours.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and
https://opentelemetry.io/docs/specs/otel/protocol/exporter/. The SDK itself reads addresses, headers,
sampling and limits; here is only decided whether it is imported at all. These variables are OpenTelemetry's
and not settings of the bridge, so they are read here.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, Literal

import structlog

from bridge.tracing.context import Trace
from bridge.tracing.spans import STATE

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer
    from prometheus_client import CollectorRegistry

log = structlog.get_logger()

Signal = Literal["traces", "metrics"]
SIGNALS: Final[tuple[Signal, ...]] = ("traces", "metrics")
SERVICE = "deskbridge"
PROTOCOL = "http/protobuf"
STOP_S = 2.0  # the host kills soon after the drain, whether or not a receiver answers
_stops: list[Callable[[], object]] = []


def is_asked_for(signal: Signal, environ: Mapping[str, str] | None = None) -> bool:
    """Whether the standard variables ask for this signal to be exported."""
    given = os.environ if environ is None else environ
    upper = signal.upper()
    if given.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if given.get(f"OTEL_{upper}_EXPORTER", "otlp").strip().lower() != "otlp":
        return False
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{upper}_ENDPOINT")
    return any(given.get(name, "").strip() for name in endpoints)


def start(registry: CollectorRegistry | None = None) -> bool:
    """Begin to export what is asked for; False when that is nothing. `registry`: whose metrics."""
    wanted = [signal for signal in SIGNALS if is_asked_for(signal)]
    if not wanted:
        return False
    if any(_protocol(signal) != PROTOCOL for signal in wanted):
        hint = "Set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf; other protocols are not built in."
        log.warning("tracing.protocol_unknown", hint=hint)
        return False
    resource = _resource()
    if "traces" in wanted:
        _start_traces(resource)
    if "metrics" in wanted and registry is not None:
        _start_metrics(registry, resource)
    log.info("tracing.started", what=", ".join(wanted))
    return True


def _protocol(signal: Signal) -> str:
    names = (f"OTEL_EXPORTER_OTLP_{signal.upper()}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    return next((os.environ[name] for name in names if os.environ.get(name)), PROTOCOL)


def stop(within_s: float = STOP_S) -> None:
    """Send what is left, and wait so long for it: a receiver that hangs holds nobody up."""
    STATE.exporter = None
    deadline = time.monotonic() + within_s
    # the SDK's own deadlines end only between two requests; a daemon does not hold up the process's end
    threads = [threading.Thread(target=one, daemon=True) for one in _stops]
    _stops.clear()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _resource() -> Any:
    from opentelemetry.sdk.resources import (
        SERVICE_INSTANCE_ID,
        SERVICE_NAME,
        SERVICE_VERSION,
        Resource,
    )

    try:
        release = version(SERVICE)
    except PackageNotFoundError:
        release = "unknown"
    # what OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say goes before
    instance = str(uuid.uuid4())  # a host's name, or Heroku's DYNO, may be that of two for a moment
    ours = Resource(
        {SERVICE_NAME: SERVICE, SERVICE_VERSION: release, SERVICE_INSTANCE_ID: instance}
    )
    return ours.merge(Resource.create() if _names_service() else Resource.get_empty())


def _names_service() -> bool:
    return bool(os.environ.get("OTEL_SERVICE_NAME") or os.environ.get("OTEL_RESOURCE_ATTRIBUTES"))


def _start_traces(resource: Any) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    STATE.exporter = _Sdk(provider.get_tracer(SERVICE))
    _stops.append(provider.shutdown)


def _start_metrics(registry: CollectorRegistry, resource: Any) -> None:
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

    reader = PeriodicExportingMetricReader(OTLPMetricExporter())
    provider = MeterProvider([reader], resource, shutdown_on_exit=False)
    _mirror(provider.get_meter(SERVICE), registry)
    _stops.append(provider.shutdown)


def _mirror(meter: Any, registry: CollectorRegistry) -> None:
    """Each Prometheus sample as an observation; a histogram's buckets keep their `le`."""
    from opentelemetry.metrics import Observation

    def observed(name: str) -> Callable[[Any], list[Observation]]:
        def look(_options: Any) -> list[Observation]:
            return [
                Observation(sample.value, dict(sample.labels))
                for metric in registry.collect()
                for sample in metric.samples
                if sample.name == name
            ]

        return look

    for metric in registry.collect():
        if metric.type == "gauge":
            meter.create_observable_gauge(metric.name, [observed(metric.name)])
        elif metric.type == "info":
            name = f"{metric.name}_info"
            meter.create_observable_gauge(name, [observed(name)])
        elif metric.type == "counter":
            name = f"{metric.name}_total"
            meter.create_observable_counter(name, [observed(name)])
        elif metric.type == "histogram":
            for ending in ("bucket", "count", "sum"):
                name = f"{metric.name}_{ending}"
                meter.create_observable_counter(name, [observed(name)])


class _Sdk:
    """The SDK's tracer, as spans see it."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def begin(self, name: str, parent: Trace | None) -> Any:
        from opentelemetry import trace as api

        context = None
        if parent is not None:
            remote = api.SpanContext(
                int(parent.trace_id, 16),
                int(parent.span_id, 16),
                is_remote=True,
                trace_flags=api.TraceFlags(int(parent.sampled)),
            )
            context = api.set_span_in_context(api.NonRecordingSpan(remote))
        return self._tracer.start_span(name, context=context)

    def trace_of(self, started: Any) -> Trace:
        found = started.get_span_context()
        return Trace(f"{found.trace_id:032x}", f"{found.span_id:016x}", bool(found.trace_flags & 1))
