"""From pydantic's errors to sentences: which setting, which variable, what to do. Never the value."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from bridge.settings.connections import KINDS, RocketChat, SuperOffice
from bridge.settings.environment import VARIABLE_OF
from bridge.settings.model import Settings

_WANTED: Mapping[str, str] = {
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text; put it into quotes",
    "list_type": "must be a list; write it in [ ]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "string_too_short": "must not be empty",
    "too_short": "must name at least one",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of {expected}",
    "string_pattern_mismatch": "must look like {pattern}",
    "union_tag_not_found": 'needs kind = "rocketchat" or kind = "superoffice"',
    "union_tag_invalid": 'has a kind that does not exist; write "rocketchat" or "superoffice"',
}


def explain(error: ValidationError) -> Iterator[str]:
    """One sentence for each thing that is wrong."""
    for problem in error.errors(include_url=False, include_input=False):
        at = _without_tag(problem["loc"])
        where = _written(at)
        named = f"{where}{_also(where)}"
        kind, context = problem["type"], problem.get("ctx", {})
        if kind == "extra_forbidden":
            known = _known(problem["loc"][:-1])
            yield f"{where}: there is no such setting.{near(str(at[-1]), known)} Rename or remove it."
        elif kind == "missing":
            parent = _written(at[:-1])
            yield f"{named}: is missing. {_described(problem['loc'])} Set it, or remove {parent}."
        else:
            said = _WANTED.get(kind, "").format_map(context) or str(problem["msg"])
            yield f"{named}: {said.removeprefix('Value error, ')}."


def near(name: str, known: Sequence[str]) -> str:
    """` Did you mean …?`, or what there is."""
    found = difflib.get_close_matches(name, known, n=1)
    if found:
        return f" Did you mean {found[0]}?"
    return f" There are: {', '.join(known)}." if 0 < len(known) <= 12 else ""


def _also(where: str) -> str:
    variable = VARIABLE_OF.get(where)
    return f" (variable {variable})" if variable else ""


def _without_tag(loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """A connection's error names its kind after its name; people do not write that."""
    if loc[:1] == ("connections",) and len(loc) > 2 and loc[2] in KINDS:
        return (*loc[:2], *loc[3:])
    return tuple(part for part in loc if part != "[key]")


def _written(loc: tuple[int | str, ...]) -> str:
    text = ""
    for part in loc:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _model(loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    """The table that a path leads to."""
    if loc[:1] == ("connections",):
        models: dict[str, type[BaseModel]] = {"rocketchat": RocketChat, "superoffice": SuperOffice}
        return models.get(str(loc[2])) if len(loc) > 2 else None
    model: Any = Settings
    for part in loc:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        if field is None:
            return None
        inner = [field.annotation, *get_args(field.annotation)]
        tables = [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)]
        if not tables:
            return None
        model = tables[0]
    found: type[BaseModel] = model
    return found


def _known(loc: tuple[int | str, ...]) -> list[str]:
    model = _model(loc)
    return [name for name in model.model_fields if name != "kind"] if model else []


def _described(loc: tuple[int | str, ...]) -> str:
    model = _model(loc[:-1])
    field = model.model_fields.get(str(loc[-1])) if model else None
    return field.description or "" if field else ""
