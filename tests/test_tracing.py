"""Traces: strangers' headers, nothing when not asked for, and one trace at a real OTLP receiver."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bridge import metrics, tracing
from bridge.sandbox.rocketchat import seed as rooms
from bridge.sandbox.slack import seed as people
from bridge.tracing.exporting import STOP_S, is_asked_for
from tests.otlp import SENT_WITHIN_S, Receiver, mute
from tests.world import world

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
    assert is_asked_for("traces", environ) is asked


def test_nothing_is_imported_and_hardly_anything_done_when_nobody_asks() -> None:
    code = "import sys; from bridge import tracing; tracing.start(); print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    started = time.perf_counter()
    for _ in range(10_000):
        with tracing.span("jobs.attempt", GIVEN, action="rocketchat.close_room") as span:
            assert span.traceparent == GIVEN
    assert time.perf_counter() - started < 1.0  # 100 µs each would be a hundred times too much


def test_a_stage_is_one_shared_object_when_nobody_asks() -> None:
    stages = {tracing.stage(name, GIVEN, action="a") for name in ("jobs.attempt", "delivery.tell")}
    [nothing] = stages
    with nothing as stage:
        stage.note(status=200)


def test_a_trace_begins_also_when_nobody_asks() -> None:
    with tracing.span("ingress.accepted") as span:
        made = span.traceparent
        assert tracing.parse(made) is not None
        assert span.traceparent == made


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    receiver = Receiver()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    yield receiver
    tracing.stop()
    receiver.close()


def test_a_span_says_what_may_be_said_and_nothing_else(receiver: Receiver) -> None:
    metrics.slack_rejected("stale")
    assert tracing.start(metrics.REGISTRY)
    with tracing.span("ingress.request", GIVEN, door="slack") as door:
        kept = door.traceparent
        assert tracing.here() == kept
    with tracing.stage("upstream.call", kept, action="a", text="CANARY", seconds=1.5) as call:
        call.note(status=200, reason="xoxb-CANARY-1")
        assert tracing.here() not in (kept, "")
    with pytest.raises(KeyError), tracing.stage("delivery.tell", kept):
        raise KeyError("CANARY")
    tracing.stop(SENT_WITHIN_S)

    bodies = receiver.bodies["/v1/traces"]
    assert b"CANARY" not in b"".join(bodies)
    sent = ExportTraceServiceRequest.FromString(bodies[0]).resource_spans[0]
    resource = {one.key: one.value.string_value for one in sent.resource.attributes}
    assert resource["service.name"] == "deskbridge"
    assert len(resource["service.instance.id"]) == 36
    spans = {one.name: one for one in receiver.spans()}
    assert {one.trace for one in spans.values()} == {"0af7651916cd43dd8448eb211c80319c"}
    assert spans["ingress.request"].parent == "b7ad6b7169203331"
    assert spans["upstream.call"].parent == spans["ingress.request"].id
    said = set(spans["upstream.call"].said)
    assert said == {"bridge.action", "bridge.seconds", "bridge.status", "bridge.reason"}
    assert spans["delivery.tell"].said == {"error.type": "KeyError"}

    assert receiver.samples()["bridge_slack_rejected_total"] == {resource["service.instance.id"]}


async def test_one_trace_leads_from_a_command_to_the_upstream_and_to_the_message(
    tmp_path: Path, receiver: Receiver
) -> None:
    async with world(tmp_path) as here:
        await here.slack.command(people.ANNA, people.SUPPORT, "/close", rooms.OPEN_SERVED)
        [job] = await here.finished(1)
        carried = {
            one.headers["traceparent"][36:52]
            for one in here.rocketchat.exchanges
            if "close" in one.route
        }
    spans = [one for one in receiver.spans() if one.trace == job.trace[3:35]]
    names = ["delivery.tell", "ingress.request", "jobs.attempt", "upstream.call"]
    assert sorted({one.name for one in spans}) == names
    by_id = {one.id: one.name for one in spans}
    parents = {(one.name, by_id.get(one.parent, one.parent)) for one in spans}
    assert parents == {
        ("ingress.request", ""),
        ("jobs.attempt", "ingress.request"),
        ("upstream.call", "jobs.attempt"),
        ("delivery.tell", "ingress.request"),
    }
    assert carried < set(by_id), "the upstream's own spans hang below ours"
    said = {one.name: one.said for one in spans}
    assert said["ingress.request"]["bridge.door"] == "slack"
    assert said["jobs.attempt"]["bridge.outcome"] == "done"
    assert said["delivery.tell"]["bridge.result"] == "Told"


async def test_the_bridge_info_is_exported_too(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "200")
    async with world(tmp_path), asyncio.timeout(30):
        while "bridge_info" not in receiver.samples():  # noqa: ASYNC110 - it comes from a thread
            await asyncio.sleep(0.05)


def test_a_receiver_that_never_answers_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with mute() as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        assert tracing.start(metrics.REGISTRY)
        with tracing.span("ingress.request"):
            pass
        began = time.monotonic()
        tracing.stop()
        assert time.monotonic() - began < 2 * STOP_S


@pytest.mark.parametrize("which", ["", "TRACES_", "METRICS_"])
def test_an_unknown_protocol_is_said_and_not_tried(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    monkeypatch.setenv(f"OTEL_EXPORTER_OTLP_{which}PROTOCOL", "grpc")
    assert tracing.start() is False
    assert receiver.bodies["/v1/traces"] == []
