"""The environment as a source: which variable is which setting, files of secrets, misspelt names.

Each single value has a variable. Names that were promised to operators stand below; all others
follow from the path: `jobs.lease_s` is BRIDGE_JOBS_LEASE_S, `slack.api_url` is SLACK_API_URL.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel

from bridge.settings.connections import RocketChat, SuperOffice
from bridge.settings.model import Settings

CONFIG = "BRIDGE_CONFIG"
PREFIXES = ("BRIDGE_", "SLACK_", "ROCKETCHAT_", "SUPEROFFICE_")
_NAMED = {
    "server.host": "HOST",
    "server.port": "PORT",
    "server.public_url": "PUBLIC_URL",
    "server.metrics_token": "BRIDGE_METRICS_TOKEN",
    "database_url": "DATABASE_URL",
    "api.token": "BRIDGE_API_TOKEN",
    "webhooks.secret": "BRIDGE_WEBHOOK_SECRET",
    "webhooks.secret_previous": "BRIDGE_WEBHOOK_SECRET_PREVIOUS",
    "access.allow": "BRIDGE_ALLOW",
    "outbound.allow": "BRIDGE_OUTBOUND_ALLOW",
}
# Kubernetes puts such names into every container that runs beside a service called "bridge".
_SERVICE_LINK = re.compile(r"_(?:SERVICE_(?:HOST|PORT)\w*|PORT|PORT_\d+_\w+)$")


def _single_values(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, bool]]:
    """Each setting that one variable can hold, and whether it is a list."""
    for name, field in model.model_fields.items():
        here = f"{path}{name}"
        kind = field.annotation
        if name == "kind" or get_origin(kind) is dict:
            continue
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _single_values(kind, f"{here}.")
        elif get_origin(kind) is list:
            inner = kind.__args__[0] if kind is not None else None
            if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
                yield here, True
        else:
            yield here, False


def _variables() -> Iterator[tuple[str, str, bool]]:
    for path, is_list in _single_values(Settings):
        if path in _NAMED:
            yield _NAMED[path], path, is_list
        elif path.startswith("slack."):
            yield path.replace(".", "_").upper(), path, is_list
        else:
            yield f"BRIDGE_{path.replace('.', '_').upper()}", path, is_list
    for model in (RocketChat, SuperOffice):
        kind = model.model_fields["kind"].default
        for path, is_list in _single_values(model):
            yield f"{kind}_{path}".upper(), f"connections.{kind}.{path}", is_list


_ALL = tuple(_variables())
ENVIRONMENT: Mapping[str, str] = {variable: path for variable, path, _ in _ALL}
VARIABLE_OF: Mapping[str, str] = {path: variable for variable, path, _ in _ALL}
_LISTS = frozenset(path for _, path, is_list in _ALL if is_list)


def read_environment(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The values as a tree, and a sentence for each variable that cannot be used."""
    tree: dict[str, Any] = {}
    problems: list[str] = []
    for variable, path in ENVIRONMENT.items():
        value, problem = look_up(variable, environ)
        if problem:
            problems.append(f"{path}: {problem}")
        if value is not None:
            _put(tree, path, split(value) if path in _LISTS else value)
    return tree, problems


def look_up(variable: str, environ: Mapping[str, str]) -> tuple[str | None, str]:
    """A variable's value, from the file that `<VARIABLE>_FILE` names if so; and what is wrong."""
    inline, file = environ.get(variable, ""), environ.get(f"{variable}_FILE", "")
    if inline and file:
        return None, f"both {variable} and {variable}_FILE are set. Keep one of them."
    if not file:
        return (inline or None), ""
    try:
        content = Path(file).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        return None, f"{variable}_FILE names a file that cannot be read: {reason}. Correct it."
    if not content and variable.endswith("_PREVIOUS"):
        return None, ""  # between two rotations there is none, and its file stays where it is
    if not content:
        return None, f"{variable}_FILE names an empty file. Put the value into it."
    return content, ""


def unknown_variables(
    environ: Mapping[str, str], also_known: Iterable[str] = ()
) -> tuple[list[str], list[str]]:
    """Sentences about misspelt variables, and the names that probably belong to somebody else.

    BRIDGE_ is ours alone, so any unknown name there is a mistake. The other prefixes other tools use
    too; there a name is a mistake when it is close to one of ours.
    """
    known = {*ENVIRONMENT, CONFIG, *also_known}
    mistakes, foreign = [], []
    for variable in sorted(environ):
        prefix = next((one for one in PREFIXES if variable.startswith(one)), "")
        bare = variable.removesuffix("_FILE")
        if not prefix or not environ[variable] or variable in known or bare in known:
            continue
        rests = {one.removeprefix(prefix): one for one in known if one.startswith(prefix)}
        near = difflib.get_close_matches(bare.removeprefix(prefix), rests, n=1, cutoff=0.65)
        if near and not _SERVICE_LINK.search(variable):
            mistakes.append(
                f"{variable}: there is no such variable. Did you mean {rests[near[0]]}?"
                " Rename or remove it."
            )
        elif prefix == "BRIDGE_" and not _SERVICE_LINK.search(variable):
            mistakes.append(
                f"{variable}: there is no such variable. config/bridge.toml lists all of them."
                " Remove it."
            )
        else:
            foreign.append(variable)
    return mistakes, foreign


def split(value: str) -> list[str]:
    """A comma list."""
    return [part.strip() for part in value.split(",") if part.strip()]


def _put(tree: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = value
