"""The page of the settings: each key with its variable, default, bounds and meaning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bridge.settings import Settings
from bridge.settings.connections import RocketChat, SuperOffice
from bridge.settings.environment import VARIABLE_OF
from bridge.settings.rendering import described
from docs.writing.markdown import code, generated, lines, table

HEAD = ("key, variable", "default", "meaning")


def page() -> str:
    """Every setting, section by section."""
    plain = {name: one for name, one in Settings.model_fields.items() if _model(one) is None}
    parts = [f"## At the top\n\n{table(HEAD, _rows(plain, ''))}"]
    for name, field in Settings.model_fields.items():
        if name == "connections":
            parts += [_connection(RocketChat), _connection(SuperOffice)]
        elif model := _model(field):
            keys = table(HEAD, _rows(model.model_fields, f"{name}."))
            parts.append(f"## {name}\n\n{model.__doc__}\n\n{keys}")
            parts += _inner(model, name)
    parts += _inner(Settings, "")
    return f"""# Settings

A variable of the environment goes before the file; the file is `config/bridge.toml`, or what `BRIDGE_CONFIG` names;
the default comes last. `<VARIABLE>_FILE` names a file that holds the value. In the TOML file `${{NAME}}` stands for a
variable and `${{file:/run/secrets/name}}` for a file's content. Lists in variables are separated by commas. An unknown
name stops the start and is answered with the nearest known one; `bridge check` lists everything that is wrong at once.

{lines(parts)}
{generated("`bridge/settings/sections.py` and `bridge/settings/connections.py`")}
"""


def _connection(model: type[BaseModel]) -> str:
    kind = model.model_fields["kind"].default
    fields = {name: one for name, one in model.model_fields.items() if name != "kind"}
    keys = table(HEAD, _rows(fields, f"connections.{kind}."))
    return f"## connections.{kind}\n\n{model.__doc__}\n\n{keys}"


def _inner(model: type[BaseModel], name: str) -> Iterator[str]:
    """The tables of a list: what one entry holds."""
    for key, field in model.model_fields.items():
        inner = _listed(field)
        if inner is not None:
            path = f"{name}.{key}" if name else key
            keys = (
                (code(one), code(_default(told)), described(told))
                for one, told in inner.model_fields.items()
            )
            rows = table(("key", "default", "meaning"), keys)
            yield f"## [[{path}]] {{ #{path} }}\n\n{inner.__doc__}\n\n{rows}"


def _rows(fields: dict[str, FieldInfo], path: str) -> Iterator[tuple[str, ...]]:
    for name, field in fields.items():
        key = f"{path}{name}"
        if key == "connections" or _listed(field) is not None:
            continue
        variable = VARIABLE_OF.get(key, "")
        named = f"`{key}`<br>{code(variable)}" if variable else f"`{key}`"
        yield named, code(_default(field)), described(field)


def _default(field: FieldInfo) -> Any:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "needed"
    if value is None or isinstance(value, SecretStr) or value in ("", [], {}):
        return ""
    return value


def _model(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _listed(field: FieldInfo) -> type[BaseModel] | None:
    if get_origin(field.annotation) is not list:
        return None
    inner = get_args(field.annotation)[0]
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None
