"""A small JSON-Schema validator that fails in AJV's words, in AJV's order, after AJV's type coercion.

Only the keywords used by the emulated routes exist. Like Rocket.Chat's AJV it stops at the first failure
of each (sub)schema, changes the data in place when it coerces, and reports a failed `oneOf` as the first
failure of every branch followed by its own sentence.
Source of the texts: https://github.com/ajv-validator/ajv/tree/v8.17.1/lib/vocabularies
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_MISSING = object()


def validate(schema: Schema, data: Any) -> list[str]:
    """Return AJV's messages about `data`, empty when it fits; coerces inside `data` on the way."""
    return _check(schema, data)[1]


def _check(schema: Schema, data: Any) -> tuple[Any, list[str]]:
    if "type" in schema:
        data, fits = _coerced(schema["type"], data, nullable=schema.get("nullable", False))
        if not fits:
            return data, [f"must be {schema['type']}"]
    if data is None and schema.get("nullable"):
        return data, []
    for keyword in (_format, _enum, _any_of, _one_of, _items, _object):
        data, errors = keyword(schema, data)
        if errors:
            return data, errors
    return data, []


def _format(schema: Schema, data: Any) -> tuple[Any, list[str]]:
    if schema.get("format") == "date" and isinstance(data, str) and not _is_date(data):
        return data, ['must match format "date"']
    return data, []


def _enum(schema: Schema, data: Any) -> tuple[Any, list[str]]:
    if "enum" in schema and data not in schema["enum"]:
        return data, ["must be equal to one of the allowed values"]
    return data, []


def _any_of(schema: Schema, data: Any) -> tuple[Any, list[str]]:
    collected: list[str] = []
    for branch in schema.get("anyOf", ()):
        value, errors = _check(branch, data)
        if not errors:
            return value, []
        collected += errors
    return data, [*collected, "must match a schema in anyOf"] if collected else []


def _one_of(schema: Schema, data: Any) -> tuple[Any, list[str]]:
    if "oneOf" not in schema:
        return data, []
    collected: list[str] = []
    matches = 0
    for branch in schema["oneOf"]:
        _, errors = _check(branch, data)
        matches += not errors
        collected += errors
    return data, [] if matches == 1 else [*collected, "must match exactly one schema in oneOf"]


def _items(schema: Schema, data: Any) -> tuple[Any, list[str]]:
    if not isinstance(data, list):
        return data, []
    least = schema.get("minItems", 0)
    if len(data) < least:
        return data, [f"must NOT have fewer than {least} items"]
    if "items" in schema:
        for index, item in enumerate(data):
            data[index], errors = _check(schema["items"], item)
            if errors:
                return data, errors
    return data, []


def _object(schema: Schema, data: Any) -> tuple[Any, list[str]]:
    if not isinstance(data, dict):
        return data, []
    for name in schema.get("required", ()):
        if name not in data:
            return data, [f"must have required property '{name}'"]
    properties: dict[str, Schema] = schema.get("properties", {})
    if schema.get("additionalProperties") is False and any(name not in properties for name in data):
        return data, ["must NOT have additional properties"]
    for name, child in properties.items():
        value = data.get(name, _MISSING)
        if value is not _MISSING:
            data[name], errors = _check(child, value)
            if errors:
                return data, errors
    return data, []


def _coerced(kind: str, data: Any, *, nullable: bool) -> tuple[Any, bool]:
    if _is_type(kind, data) or (nullable and data is None):
        return data, True
    value = _to(kind, data)
    if (
        value is _MISSING
        and nullable
        and data in ("", 0, False)
        and not isinstance(data, list | dict)
    ):
        return None, True
    return (data, False) if value is _MISSING else (value, True)


def _is_type(kind: str, data: Any) -> bool:
    match kind:
        case "string":
            return isinstance(data, str)
        case "boolean":
            return isinstance(data, bool)
        case "number":
            return isinstance(data, int | float) and not isinstance(data, bool)
        case "array":
            return isinstance(data, list)
        case _:
            return isinstance(data, dict)


def _to(kind: str, data: Any) -> Any:
    if isinstance(data, list | dict):
        return _MISSING
    match kind:
        case "string":
            return _to_string(data)
        case "boolean":
            return _to_boolean(data)
        case "number":
            return _to_number(data)
        case _:
            return _MISSING


def _to_string(data: Any) -> str:
    if data is None:  # a non-nullable string accepts null as ""
        return ""
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, float) and data.is_integer():
        return str(int(data))
    return str(data)


def _to_boolean(data: Any) -> Any:
    if data in ("true", 1):
        return True
    if data in ("false", 0) or data is None:
        return False
    return _MISSING


def _to_number(data: Any) -> Any:
    if data is None or isinstance(data, bool):
        return int(bool(data))
    try:
        number = float(data)
    except ValueError:
        return _MISSING
    if not math.isfinite(number):
        return _MISSING
    return int(number) if number.is_integer() else number


def _is_date(text: str) -> bool:
    if not _DATE.match(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
