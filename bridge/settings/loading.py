"""Reading all settings: the environment over the TOML file over the defaults, or every reason why not."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from bridge.settings import environment, file
from bridge.settings.completeness import halves
from bridge.settings.explaining import explain
from bridge.settings.model import READ, Settings
from bridge.settings.remaining import remaining


class SettingsError(Exception):
    """The settings are not usable; the text lists everything that is wrong, one sentence a line.

    `rest` is what is left without that, if anything is: only to look for more that is wrong.
    """

    def __init__(self, text: str, rest: Settings | None = None) -> None:
        super().__init__(text)
        self.rest = rest


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings. Raises `SettingsError` with everything that is wrong at once.

    May be called again at any time, e.g. for a reload: nothing is remembered between calls.
    """
    environ = os.environ if environ is None else environ
    from_file, problems = file.read_file(environ)
    from_environment, more = environment.read_environment(environ)
    problems += more
    mistakes, _ = environment.unknown_variables(environ, file.places(environ))
    problems += mistakes
    trees = (from_environment, from_file)
    problems += halves(trees)
    settings: Settings | None = None
    try:
        settings = _validated(trees)
    except ValidationError as error:
        problems += explain(error)
        with suppress(ValidationError):
            settings = _validated(remaining(trees, error))
    if problems or settings is None:
        raise SettingsError("\n".join(dict.fromkeys(problems)), settings)
    return settings


def _validated(trees: Sequence[Mapping[str, Any]]) -> Settings:
    token = READ.set(trees)
    try:
        return Settings()
    finally:
        READ.reset(token)


def foreign_variables(environ: Mapping[str, str] | None = None) -> list[str]:
    """Variables with one of our prefixes that no setting has; probably another tool's."""
    environ = os.environ if environ is None else environ
    return environment.unknown_variables(environ, file.places(environ))[1]


def secret_from(variable: str = "", file: str = "") -> SecretStr | None:
    """The secret that a webhook source names; None when it is not there, so the source stays shut."""
    if variable:
        value = environment.look_up(variable, os.environ)[0] or ""
    else:
        try:
            value = Path(file).read_text("utf-8") if file else ""
        except (OSError, UnicodeDecodeError):
            value = ""
    return SecretStr(value.strip()) if value.strip() else None
