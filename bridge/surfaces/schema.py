"""JSON Schema (draft 2020-12) of an action's arguments, by their documented names, with examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from bridge.contract import Action
from bridge.surfaces.leaves import fold, leaves
from bridge.surfaces.usage import summary

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(action: type[Action], ref_template: str = "#/$defs/{model}") -> dict[str, Any]:
    """The schema of `args`; what it refers to stands under `$defs`."""
    found = action.model_json_schema(by_alias=True, ref_template=ref_template)
    full = full_example(action)
    examples = [example_args(action), *([full] if full != example_args(action) else [])]
    return {
        "$schema": DIALECT,
        **found,
        "title": action.title,
        "description": summary(action),
        "examples": examples,
    }


def example_args(action: type[Action]) -> dict[str, Any]:
    """The smallest example that the action accepts: what is needed, and more only if it must be."""
    chosen = {leaf.key: leaf.example for leaf in leaves(action) if leaf.required}
    spare = {leaf.key: leaf.example for leaf in leaves(action) if not leaf.required}
    for extra in ((), *((key,) for key in spare)):
        args = fold(action, {**chosen, **{key: spare[key] for key in extra}})
        if _accepts(action, args):
            return _as_json(action, args)
    return full_example(action)


def full_example(action: type[Action]) -> dict[str, Any]:
    """An example with every field that has one."""
    values = {leaf.key: leaf.example for leaf in leaves(action) if leaf.example is not None}
    return fold(action, values)


def _accepts(action: type[BaseModel], args: Mapping[str, Any]) -> bool:
    try:
        action.model_validate(args)
    except ValidationError:
        return False
    return True


def _as_json(action: type[Action], args: Mapping[str, Any]) -> dict[str, Any]:
    """As the action itself would write them: dates and sets become JSON."""
    valid = action.model_validate(args)
    return valid.model_dump(mode="json", by_alias=True, exclude_unset=True)
