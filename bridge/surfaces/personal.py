"""Personal data in an action's arguments: which fields hold it, and how it is hidden."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from bridge.contract import Action
from bridge.surfaces.leaves import leaves

MASK = "•••"


@cache
def personal_fields(action: type[Action]) -> frozenset[str]:
    """The fields that hold personal data at any depth, as `delivery.view` wants them named."""
    return frozenset(leaf.path[0] for leaf in leaves(action) if leaf.personal)


def mask(action: type[Action], args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with personal data hidden, when a payload is explained."""
    personal = {leaf.key for leaf in leaves(action) if leaf.personal}
    return {name: _masked(value, name, personal) for name, value in args.items()}


def _masked(value: Any, key: str, personal: Collection[str]) -> Any:
    if key in personal:
        return value if value is None else MASK
    if isinstance(value, Mapping):
        return {name: _masked(inner, f"{key}.{name}", personal) for name, inner in value.items()}
    return value
