"""The dashboard in Grafana's own types: every field is one that Grafana knows, with a value that it takes.

Grafana publishes no JSON Schema of a dashboard, but its own types as a package (grafana-foundation-sdk, made from the
same definitions as Grafana's code). What they do not know is gone when they have read a dashboard and written it again.
That its queries are PromQL about metrics that exist, and how panels lie, is in test_rules.py; how it looks, no test says.
"""

from __future__ import annotations

import copy
import json
from importlib.util import find_spec
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.deploy.test_files import DEPLOY

GIVEN: dict[str, Any] = json.loads((DEPLOY / "grafana.json").read_text("utf-8"))
PLAIN = {"row"}  # no plugin


def unknown(given: dict[str, Any]) -> list[str]:
    """The fields that Grafana's types did not give back as they were."""
    plugins.register_default_plugins()
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(copy.deepcopy(given))))
    return _lost(given, again, "")


def _lost(given: Any, again: Any, at: str) -> list[str]:
    if isinstance(given, dict) and isinstance(again, dict):
        return [one for key in given for one in _lost(given[key], again.get(key), f"{at}/{key}")]
    if isinstance(given, list) and isinstance(again, list) and len(given) == len(again):
        pairs = enumerate(zip(given, again, strict=True))
        return [one for number, (a, b) in pairs for one in _lost(a, b, f"{at}/{number}")]
    return [] if given == again else [at]


def test_grafana_knows_every_field() -> None:
    assert unknown(GIVEN) == []


@pytest.mark.parametrize("place", ["options", "fieldConfig", "gridPos", "targets"])
def test_a_field_that_grafana_does_not_know_is_seen(place: str) -> None:
    wrong = copy.deepcopy(GIVEN)
    number = next(n for n, panel in enumerate(wrong["panels"]) if panel["type"] == "timeseries")
    holder = wrong["panels"][number].setdefault(place, {})
    into = holder[0] if isinstance(holder, list) else holder.get("defaults", holder)
    into["legnd"] = "x"
    (found,) = unknown(wrong)
    assert found.startswith(f"/panels/{number}/{place}/")


def test_every_panel_is_of_a_kind_that_grafana_has() -> None:
    kinds = {panel["type"] for panel in GIVEN["panels"]} - PLAIN
    assert kinds
    for kind in kinds:
        assert find_spec(f"grafana_foundation_sdk.models.{kind}"), kind
