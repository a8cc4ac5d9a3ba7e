"""Traces: strangers' headers, nothing when not asked for, and one trace at a real OTLP receiver."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bridge import metrics, tracing
from bridge.tracing import exporting

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("header", "sampled"),
    [
        (GIVEN, True),
        (GIVEN[:-2] + "00", False),
        (" " + GIVEN + " ", True),
        ("01" + GIVEN[2:] + "-more", True),
    ],
)
def test_a_header_is_read(header: str, sampled: bool) -> None:  # noqa: FBT001
    trace = tracing.parse(header)
    assert trace is not None
    assert trace.trace_id == "0af7651916cd43dd8448eb211c80319c"
    assert trace.sampled is sampled


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        "ff" + GIVEN[2:],
        GIVEN + "-more",
        GIVEN.upper(),
        "00-" + "0" * 32 + GIVEN[35:],
        GIVEN[:36] + "0" * 16 + "-01",
        GIVEN[:-1],
        "\u0660\u0660" + GIVEN[2:],
        GIVEN * 100,
    ],
)
def test_a_header_that_is_none_is_ignored(header: str) -> None:
    assert tracing.parse(header) is None


def test_what_is_made_can_be_read() -> None:
    made = tracing.make()
    assert tracing.parse(made.traceparent) == made
    child = tracing.make(made)
    assert child.trace_id == made.trace_id
    assert child.span_id != made.span_id


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_only_the_standard_variables_ask_for_export(environ: dict[str, str], asked: bool) -> None:  # noqa: FBT001
    assert exporting.is_asked_for("traces", environ) is asked


def test_nothing_is_imported_and_hardly_anything_done_when_nobody_asks() -> None:
    code = "import sys; from bridge import tracing; tracing.start(); print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    started = time.perf_counter()
    for _ in range(10_000):
        with tracing.span("jobs.attempt", GIVEN, action="rocketchat.close_room") as span:
            assert span.traceparent == GIVEN
    assert time.perf_counter() - started < 1.0  # 100 µs each would be a hundred times too much


def test_a_trace_begins_also_when_nobody_asks() -> None:
    with tracing.span("ingress.accepted") as span:
        made = span.traceparent
        assert tracing.parse(made) is not None
        assert span.traceparent == made


class Receiver:
    """An OTLP receiver: keeps what it is sent."""

    def __init__(self) -> None:
        self.bodies: dict[str, list[bytes]] = {"/v1/traces": [], "/v1/metrics": []}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                outer.bodies[self.path].append(body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                del format, args

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    receiver = Receiver()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    yield receiver
    tracing.stop()
    receiver.server.shutdown()
    receiver.server.server_close()


def test_one_trace_from_the_door_to_the_delivery(receiver: Receiver) -> None:
    metrics.slack_rejected("stale")
    assert tracing.start(metrics.REGISTRY)
    with tracing.span("ingress.accepted", GIVEN, door="slack") as door:
        kept = door.traceparent
    with tracing.span("upstreams.send", kept, action="a", text="CANARY", seconds=1.5) as call:
        call.note(status=200, reason="xoxb-CANARY-1")
        assert call.traceparent != kept
    with pytest.raises(KeyError), tracing.span("delivery.tell", kept):
        raise KeyError("CANARY")
    tracing.stop()

    bodies = receiver.bodies["/v1/traces"]
    assert b"CANARY" not in b"".join(bodies)
    sent = ExportTraceServiceRequest.FromString(bodies[0]).resource_spans[0]
    resource = {one.key: one.value.string_value for one in sent.resource.attributes}
    assert resource["service.name"] == "deskbridge"
    spans = {one.name: one for one in sent.scope_spans[0].spans}
    assert {one.trace_id.hex() for one in spans.values()} == {"0af7651916cd43dd8448eb211c80319c"}
    assert spans["ingress.accepted"].parent_span_id.hex() == "b7ad6b7169203331"
    assert spans["upstreams.send"].parent_span_id == spans["ingress.accepted"].span_id
    said = {one.key for one in spans["upstreams.send"].attributes}
    assert said == {"bridge.action", "bridge.seconds", "bridge.status", "bridge.reason"}
    failed = {one.key: one.value.string_value for one in spans["delivery.tell"].attributes}
    assert failed == {"error.type": "KeyError"}

    numbers = ExportMetricsServiceRequest.FromString(receiver.bodies["/v1/metrics"][-1])
    names = {
        one.name for scope in numbers.resource_metrics[0].scope_metrics for one in scope.metrics
    }
    assert "bridge_slack_rejected_total" in names
    assert "bridge_slack_ack_seconds_bucket" in names or "bridge_store_up" in names


def test_an_unknown_protocol_is_said_and_not_tried(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    assert tracing.start() is False
    assert receiver.bodies["/v1/traces"] == []
