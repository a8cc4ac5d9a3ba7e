"""Alerts and dashboard: valid by Prometheus' own tool, and about metrics that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bridge import metrics
from bridge.metrics import collectors
from tests.conftest import missing

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
USED = re.compile(r"\bbridge_[a-z_]+")
DERIVED = re.compile(r"_(bucket|sum|count)$")


def known() -> set[str]:
    return {name for name, *_ in collectors._rows} | {"bridge_info"}


def rules() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load((DEPLOY / "alerts.yaml").read_text("utf-8"))["groups"]:
        yield from group["rules"]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))["panels"]
    return found


def promtool(*arguments: str) -> str:
    tool = shutil.which("promtool")
    if tool is None:
        missing("promtool is not installed; it is in Debian's package prometheus.")
    done = subprocess.run(
        [tool, *arguments], capture_output=True, text=True, check=False, cwd=DEPLOY
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_rules_are_valid() -> None:
    assert "SUCCESS" in promtool("check", "rules", "alerts.yaml")


def test_the_rules_fire_when_they_should_and_only_then() -> None:
    assert "SUCCESS" in promtool("test", "rules", "alerts.test.yaml")


def test_every_alert_says_how_bad_it_is_and_where_to_read_on() -> None:
    for rule in rules():
        if "alert" in rule:
            assert rule["labels"]["severity"] in {"page", "ticket"}
            assert rule["annotations"]["summary"].endswith(".")
            assert rule["annotations"]["runbook"] == f"deploy/RUNBOOK.md#{rule['alert'].lower()}"


def test_rules_and_panels_are_about_metrics_that_exist() -> None:
    assert metrics.table()
    texts = [rule["expr"] for rule in rules()]
    texts += [one["expr"] for panel in panels() for one in panel.get("targets", ())]
    for text in texts:
        for name in USED.findall(text):
            assert DERIVED.sub("", name) in known() or name in known(), name


def test_every_metric_is_on_the_dashboard() -> None:
    shown = " ".join(one["expr"] for panel in panels() for one in panel.get("targets", ()))
    for name in known() - {"bridge_secret_not_after_seconds"}:  # it has an alert
        assert name in shown, name


def test_the_dashboards_queries_are_promql(tmp_path: Path) -> None:
    queries = {
        one["expr"].replace("$__rate_interval", "5m")
        for panel in panels()
        for one in panel.get("targets", ())
    }
    recorded = [
        {"record": f"panel:query:{number}", "expr": query}
        for number, query in enumerate(sorted(queries))
    ]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": recorded}]}))
    assert f"{len(recorded)} rules found" in promtool("check", "rules", str(file))


def test_the_panels_are_laid_out_without_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)
    for panel in panels():
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"], panel["title"]


def test_the_objectives_are_the_alerts() -> None:
    text = (DEPLOY / "SLO.md").read_text("utf-8")
    for factor in (14.4, 6, 1):
        assert f"| {factor:g} " in text
    burning = [rule for rule in rules() if "slo" in rule.get("labels", {})]
    assert {rule["labels"]["slo"] for rule in burning} == {"accepts", "final_message", "parked"}
