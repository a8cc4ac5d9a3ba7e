"""Metrics: every one documented and counted by its function, and labels that never grow without end."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import metrics
from bridge.metrics import collectors
from tests.conftest import missing

ROOT = Path(__file__).resolve().parent.parent


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


def count_everything() -> None:
    metrics.slack_acked("command", 0.002)
    metrics.accepted("slack", "stored", 0.004)
    metrics.http_answered("POST", "/api/v1/actions/{action}", 202, 0.01)
    metrics.slack_rejected("stale")
    metrics.slack_socket(down=False)
    metrics.api_rejected("mismatch")
    metrics.verified("crm", "2026-01")
    metrics.not_verified("crm", "mismatch")
    metrics.secret_ends("crm", "2025-12", 1_800_000_000)
    metrics.job_started("rocketchat", 0.5, person=True)
    metrics.attempt_ended("rocketchat.close_room", "rocketchat", "done")
    metrics.job_ended("rocketchat.close_room", "rocketchat", "done")
    metrics.jobs_now({"queued": 3}, 12.5)
    metrics.pace_waited("rocketchat", "POST /api/v1/rooms.export", 12)
    metrics.breaker("rocketchat", is_open=True)
    metrics.heartbeat(1_700_000_000)
    metrics.worker_seen(1_700_000_000)
    metrics.fenced()
    metrics.store(up=True)
    metrics.upstream_answered("rocketchat", "POST /api/v1/rooms.export", 0, 20)
    metrics.delivered("slack", "response_url")
    metrics.final_message("rocketchat.close_room", 1.5, person=True)
    metrics.about("0.1.0", durable=False)
    metrics.reloaded(failed=False)


def test_each_function_counts() -> None:
    before = value("bridge_accepts_total", door="slack", result="stored")
    count_everything()
    assert value("bridge_accepts_total", door="slack", result="stored") == before + 1
    assert value("bridge_slack_ack_seconds_count", kind="command") >= 1
    route = {"method": "POST", "route": "/api/v1/actions/{action}", "status": "2xx"}
    assert value("bridge_http_seconds_count", **route) >= 1
    assert value("bridge_secret_used_total", source="crm", secret_id="2026-01") >= 1
    assert value("bridge_webhook_verifications_total", source="crm", result="mismatch") >= 1
    assert value("bridge_jobs", state="queued") == 3
    assert value("bridge_jobs", state="parked") == 0
    none = {"connection": "rocketchat", "route": "POST /api/v1/rooms.export", "status": "none"}
    assert value("bridge_upstream_seconds_count", **none) >= 1
    assert value("bridge_info", version="0.1.0", storage="volatile") == 1
    assert value("bridge_breaker_open", connection="rocketchat") == 1


def test_every_metric_is_documented_and_filled_by_some_function() -> None:
    count_everything()
    rows = [line.split("|") for line in metrics.table().splitlines()[2:]]
    shown = metrics.render()[0].decode()
    for row in rows:
        name, meaning = row[1].strip().strip("`"), row[4].strip()
        assert meaning.endswith("."), name
        assert name.startswith("bridge_")
        if "lag" not in name:
            assert re.search(rf"^{name}(_count)?(\{{| )", shown, re.MULTILINE), name
    assert len(rows) > 20


def test_the_table_of_the_documents_is_in_step() -> None:
    text = (ROOT / "deploy" / "METRICS.md").read_text("utf-8")
    assert metrics.table() in text, "Run: make fix"


@pytest.fixture
def sources_forgotten() -> Iterator[None]:
    """The names that fill the label here would turn later tests' sources into `other`."""
    before = set(collectors._seen.get("source", ()))
    yield
    collectors._seen["source"] = before


@pytest.mark.usefixtures("sources_forgotten")
def test_a_label_stops_growing() -> None:
    for number in range(10 * collectors.MOST_VALUES):
        metrics.not_verified(f"stranger-{number}", "mismatch")
    shown = metrics.render()[0].decode()
    sources = set(re.findall(r'verifications_total\{.*?source="([^"]+)"', shown))
    assert len(sources) <= collectors.MOST_VALUES + 1
    assert value("bridge_webhook_verifications_total", source="other", result="mismatch") > 1000


def test_what_never_happened_has_no_sample() -> None:
    metrics.worker_seen(None)
    assert metrics.REGISTRY.get_sample_value("bridge_worker_seen_seconds") is None
    metrics.worker_seen(12.5)
    assert value("bridge_worker_seen_seconds") == 12.5


def test_a_long_label_is_cut() -> None:
    metrics.slack_rejected("x" * 10_000)
    assert b"x" * (collectors.MOST_CHARACTERS + 1) not in metrics.render()[0]


@pytest.mark.parametrize(
    ("status", "shown"), [(200, "2xx"), (404, "4xx"), (429, "429"), (503, "5xx"), (0, "none")]
)
def test_statuses_are_classes(status: int, shown: str) -> None:
    assert collectors.status_class(status) == shown


async def test_a_blocked_event_loop_shows() -> None:
    before = value("bridge_event_loop_lag_seconds_count")
    watch = asyncio.create_task(metrics.watch_event_loop(0.001))
    await asyncio.sleep(0.02)
    watch.cancel()
    assert value("bridge_event_loop_lag_seconds_count") > before


def test_promtool_finds_nothing_wrong_with_the_page() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        missing("promtool is not installed; it is in Debian's package prometheus.")
    count_everything()
    page = "\n".join(
        line
        for line in metrics.render()[0].decode().splitlines()
        # prometheus_client's own collectors and `_created` series are not ours to name
        if re.match(r"(# (HELP|TYPE) )?bridge_", line) and "_created" not in line
    )
    done = subprocess.run(
        [promtool, "check", "metrics"],
        input=page + "\n",
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
