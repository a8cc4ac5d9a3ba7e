"""What a field of a rule stands for: a path into the payload, a text with places, or just itself.

A string with `{{` or `{%` is a template, every other string is JMESPath (so a fixed text is written with
quotes of its own: "'text'"); numbers, booleans and what is nested are themselves. The two cannot be
mixed up: no JMESPath expression can hold `{{`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.ingress.webhooks.budget import Budget
from bridge.ingress.webhooks.expressions import Expression
from bridge.ingress.webhooks.templates import Template


@dataclass(frozen=True, slots=True)
class Scene:
    """What expressions and templates see: the payload, and with `for_each` the item and its number."""

    payload: Any
    item: Any = None
    index: int = 0
    in_loop: bool = False

    @property
    def root(self) -> Any:
        """Where a path begins: at the payload; in a fan-out at {payload, item, index}."""
        return self.names if self.in_loop else self.payload

    @property
    def names(self) -> dict[str, Any]:
        return {"payload": self.payload, "item": self.item, "index": self.index}


def compile_value(raw: Any) -> Any:
    """The value with its strings compiled. Raises `ValueError` with a sentence."""
    if isinstance(raw, str):
        return Template(raw) if "{{" in raw or "{%" in raw else Expression(raw)
    if isinstance(raw, Mapping):
        return {str(name): compile_value(value) for name, value in raw.items()}
    if isinstance(raw, list | tuple):
        return [compile_value(value) for value in raw]
    return raw


def resolve(value: Any, scene: Scene, budget: Budget) -> Any:
    """What it stands for in this scene; None and empty texts mean "not given"."""
    if isinstance(value, Expression):
        return value.search(scene.root, budget)
    if isinstance(value, Template):
        return value.render(scene.names, budget).strip() or None
    if isinstance(value, dict):
        found = {name: resolve(inner, scene, budget) for name, inner in value.items()}
        given = {name: inner for name, inner in found.items() if inner is not None}
        return given if given or not value else None
    if isinstance(value, list):
        found_items = [resolve(inner, scene, budget) for inner in value]
        return [inner for inner in found_items if inner is not None]
    return value
