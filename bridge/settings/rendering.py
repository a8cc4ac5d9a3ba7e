"""The settings as documents: the commented TOML file, and the JSON Schema that editors check it with.

Both are made from the models, so neither can miss a setting or show an old default. The file as it is
sets nothing; uncommenting a line sets the default that stands there.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bridge.settings.connections import RocketChat, SuperOffice
from bridge.settings.environment import VARIABLE_OF
from bridge.settings.model import Settings

WIDTH = 100
_HEAD = """\
#:schema ../deploy/bridge.schema.json
# Every setting of Deskbridge with its default. Generated from the code: make fix.
#
# A line counts when its "# " is taken away. A variable of the environment goes before this file;
# <VARIABLE>_FILE names a file that holds the value. In this file ${NAME} stands for a variable and
# ${file:/run/secrets/name} for a file's content. Lists in variables are separated by commas.
# `bridge check` says what is wrong or missing. On SIGHUP a running bridge reads this file and the files that it or
# the variables name again; variables themselves are read when it starts.
"""
_EXAMPLES: Mapping[str, str] = {
    "slack.commands": '{ close = "/end-chat", root = "/desk" }',
    "slack.in_channel": '{ "rocketchat.close_room" = false }',
}
_TABLES: Mapping[str, str] = {
    "routing": """\
[[routing]]
channels = ["C0123456789"]
teams = []
connections = ["rocketchat"]""",
    "access.rules": """\
[[access.rules]]
who = ["usergroup:S0123456789"]
commands = ["close", "rocketchat.export_*"]
connections = []
channels = []
teams = []""",
    "api.keys": """\
[[api.keys]]
name = "crm"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
actions = ["rocketchat.*"]
connections = ["*"]
expires = ""
per_minute = 600""",
    "webhooks.sources": """\
[webhooks.sources.crm]
checks = [{ kind = "bearer", secret_env = "CRM_TOKEN" }]
rules = [{ action = "rocketchat.close_room", args = { rid = "room.id" } }]""",
}
_SECOND = """\
# Any number of connections may stand beside these two, under names of their own:
#
# [connections.east]
# kind = "rocketchat"
# url = "https://east.example"
# user_id = "aobEdbYhXfu5hkeqG"
# auth_token = "${EAST_AUTH_TOKEN}"
"""


def render_config() -> str:
    """The text of `config/bridge.toml`."""
    parts = [_HEAD, _keys(Settings, "")]
    for name, field in Settings.model_fields.items():
        model = field.annotation
        if name == "connections":
            parts += [_connection(RocketChat), _connection(SuperOffice), _SECOND]
        elif name == "routing":
            parts.append(_table(name, field))
        elif isinstance(model, type) and issubclass(model, BaseModel):
            head = f"# {model.__doc__}\n[{name}]\n"
            parts.append(f"{head}\n{_keys(model, f'{name}.')}")
            tables = [(f"{name}.{key}", inner) for key, inner in model.model_fields.items()]
            parts += [_table(path, inner) for path, inner in tables if path in _TABLES]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def schema() -> dict[str, Any]:
    """The JSON Schema of the TOML file."""
    made = Settings.model_json_schema(mode="validation")
    for connection in ("RocketChat", "SuperOffice"):
        made["$defs"][connection].setdefault("required", [])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **made,
        "title": "Deskbridge settings",
        "description": "config/bridge.toml; every string may hold ${VARIABLE} or ${file:/path}.",
    }


def render_schema() -> str:
    """The text of `deploy/bridge.schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _keys(model: type[BaseModel], path: str) -> str:
    return "\n".join(
        _key(name, field, f"{path}{name}")
        for name, field in model.model_fields.items()
        if name != "kind" and not _is_table(field) and f"{path}{name}" not in _TABLES
        if name not in ("connections", "routing") or path
    )


def _key(name: str, field: FieldInfo, path: str) -> str:
    lines = list(_described(field, path))
    default = field.get_default(call_default_factory=True)
    if path in _EXAMPLES:
        lines.append(f"# {name} = {_EXAMPLES[path]}")
    elif default is PydanticUndefined or default is None:
        lines.append(f'# {name} = ""')
    else:
        lines.append(f"# {name} = {_toml(default)}")
    return "\n".join(lines) + "\n"


def _connection(model: type[BaseModel]) -> str:
    kind = model.model_fields["kind"].default
    keys = _keys(model, f"connections.{kind}.")
    return f"# {model.__doc__}\n# [connections.{kind}]\n\n{keys}"


def _table(path: str, field: FieldInfo) -> str:
    inner = next((one for one in get_args(field.annotation) if isinstance(one, type)), None)
    model = inner if inner is not None and issubclass(inner, BaseModel) else None
    lines = [f"# {model.__doc__ if model is not None else field.description}"]
    if model is not None:
        lines += [f"#   {name}: {key.description}" for name, key in model.model_fields.items()]
    lines += [f"# {line}" for line in _TABLES[path].splitlines()]
    return "\n".join(lines) + "\n"


def described(field: FieldInfo) -> str:
    """What a setting means, with its bounds."""
    text = field.description or ""
    bounds = [f"{_BOUNDS[kind]} {value:g}" for kind, value in _limits(field)]
    return f"{text.rstrip('.')} ({', '.join(bounds)})." if bounds else text


def _described(field: FieldInfo, path: str) -> Iterator[str]:
    text = described(field)
    if path in VARIABLE_OF:
        text += f" Variable: {VARIABLE_OF[path]}."
    yield from (f"# {line}" for line in textwrap.wrap(text, WIDTH - 2))


_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def _limits(field: FieldInfo) -> Iterator[tuple[str, float]]:
    for one in field.metadata:
        for kind in _BOUNDS:
            value = getattr(one, kind, None)
            if isinstance(value, int | float):
                yield kind, value


def _is_table(field: FieldInfo) -> bool:
    kind = field.annotation
    return get_origin(kind) is None and isinstance(kind, type) and issubclass(kind, BaseModel)


def _toml(value: Any) -> str:
    """A default as TOML. Strings of JSON and of TOML are spelt alike; there is no secret among them."""
    if isinstance(value, SecretStr):
        return '""'
    return json.dumps(value, ensure_ascii=False)
