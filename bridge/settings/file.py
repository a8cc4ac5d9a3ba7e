"""The TOML file as a source: `${VARIABLE}` and `${file:/path}` stand for values from elsewhere.

So a second connection's secret need not stand in the file. A place that cannot be filled is an error: left
as literal text it would be sent to somebody as a password. `$${` is a literal `${`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bridge.settings.environment import CONFIG, look_up

DEFAULT = "config/bridge.toml"
_PLACE = re.compile(r"(\$?)\$\{([^{}]*)\}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_file(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The file's values with every place filled, and a sentence for each thing that is wrong."""
    name = environ.get(CONFIG, "")
    path = Path(name or DEFAULT)
    try:
        if not path.is_file():
            if not name:
                return {}, []
            return {}, [f"{CONFIG} names {path}, which is no file. Correct the path or remove it."]
        tree = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at .*\)$", str(error))  # the words before may quote the file
        return {}, [f"{path} is no valid TOML {where[0] if where else ''}. Correct that line."]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        return {}, [f"{path} cannot be read: {reason}. Correct that, or name another in {CONFIG}."]
    problems: list[str] = []
    filled = _filled(tree, "", environ, problems)
    return filled, problems


def named_variables(tree: Any) -> Iterator[str]:
    """Variables that the file itself names: `${VARIABLE}`, and `secret_env` of webhook sources."""
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            if key == "secret_env" and isinstance(value, str):
                yield value
            yield from named_variables(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from named_variables(value)
    elif isinstance(tree, str):
        yield from (match[2] for match in _PLACE.finditer(tree) if not match[1])


def places(environ: Mapping[str, str]) -> list[str]:
    """The variables that the configured file names, read without filling anything."""
    path = Path(environ.get(CONFIG, "") or DEFAULT)
    try:
        return list(named_variables(tomllib.loads(path.read_text("utf-8"))))
    except (OSError, ValueError):
        return []


def _filled(value: Any, where: str, environ: Mapping[str, str], problems: list[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: _filled(inner, f"{where}.{key}" if where else key, environ, problems)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [
            _filled(inner, f"{where}[{number}]", environ, problems)
            for number, inner in enumerate(value, start=1)
        ]
    if not isinstance(value, str):
        return value

    def fill(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        found, problem = _found(match[2], environ)
        if problem:
            problems.append(f"{where}: {problem}")
        return found

    return _PLACE.sub(fill, value)


def _found(name: str, environ: Mapping[str, str]) -> tuple[str, str]:
    if name.startswith("file:"):
        found, problem = look_up("VALUE", {"VALUE_FILE": name.removeprefix("file:")})
        return found or "", problem.replace("VALUE_FILE", f"${{{name}}}")
    if not _VARIABLE.fullmatch(name):
        return "", "${…} holds no variable's name. Write ${NAME} or ${file:/path}, or $${ for text."
    found, problem = look_up(name, environ)
    if problem or found:
        return found or "", problem
    return "", f"${{{name}}} names a variable that is not set. Set {name}, or write the value here."
