"""OTLP receivers: one that keeps what it is sent, and one that takes connections and never answers."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SENT_WITHIN_S = 30.0  # a real stop waits for 2 s, too few beside other tests


@dataclass(frozen=True)
class Sent:
    """A span as it arrived; ids in hex, `parent` empty for the first of a trace."""

    name: str
    trace: str
    id: str
    parent: str
    said: dict[str, str]


class Receiver:
    """Keeps what it is sent."""

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

    def spans(self) -> list[Sent]:
        return [
            Sent(
                one.name,
                one.trace_id.hex(),
                one.span_id.hex(),
                one.parent_span_id.hex(),
                {said.key: said.value.string_value for said in one.attributes},
            )
            for body in list(self.bodies["/v1/traces"])
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for one in scope.spans
        ]

    def samples(self) -> dict[str, set[str]]:
        """Name -> the instances that sent a value of it."""
        found: dict[str, set[str]] = {}
        for body in list(self.bodies["/v1/metrics"]):
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                about = {one.key: one.value.string_value for one in resource.resource.attributes}
                for scope in resource.scope_metrics:
                    for one in scope.metrics:
                        if one.gauge.data_points or one.sum.data_points:
                            instances = found.setdefault(one.name, set())
                            instances.add(about.get("service.instance.id", ""))
        return found

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextmanager
def mute() -> Iterator[str]:
    """The address of a receiver that takes every connection, reads nothing and answers nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
