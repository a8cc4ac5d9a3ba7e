"""Reloading: the new settings as a whole, or the last good ones and the reason.

Pure but for the reader it is given. Files are read again; the variables of a running process cannot change,
so what stands in one counts from the next start. What listens to SIGHUP calls `reload()`, hands the settings on when
there are new ones, and shows `error` in `/readyz` until a reload succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr

from bridge.settings.loading import SettingsError, load
from bridge.settings.model import Settings

# A running process holds these open, or took them when it started; the new value counts from the next start.
RESTART = (
    *("database_url", "encryption_key", "server.host", "server.port"),
    *("server.worker_port", "server.idle_s"),
    *("jobs.concurrency", "jobs.lease_s", "jobs.poll_s", "jobs.give_up_after_s"),
    *("jobs.join_window_s", "jobs.breaker_failures", "jobs.breaker_probe_s"),
)
NOT_PUT_TO_WORK = (
    "The new settings are good, but could not be put to work, so those before stay in force."
    " Look whether the database answers (`bridge doctor`), then reload again."
)
RESTART_SECTIONS = ("outbound.", "log.")


@dataclass(frozen=True, slots=True)
class Change:
    """What a reload brought: paths of settings, never their values."""

    changed: tuple[str, ...]

    @property
    def needs_restart(self) -> tuple[str, ...]:
        """Those of the changed settings that count only from the next start."""
        return tuple(
            path for path in self.changed if path in RESTART or path.startswith(RESTART_SECTIONS)
        )


class Reloader:
    """Keeps the last good settings."""

    def __init__(
        self,
        current: Settings,
        *,
        read: Callable[[], Settings] = load,
        also: Callable[[Settings], object] = lambda _: None,
    ) -> None:
        """`also` may refuse settings by `SettingsError` too, e.g. the room that checks them."""
        self.current = current
        self.error = ""
        self._read = read
        self._also = also

    def reload(self) -> Change | None:
        """Read again. None when they cannot be used: `current` stays, `error` says why."""
        try:
            settings = self._read()
            self._also(settings)
        except SettingsError as error:
            self.error = str(error)
            return None
        change = Change(tuple(differences(self.current, settings)))
        self.current, self.error = settings, ""
        return change

    def take_back(self, in_force: Settings) -> None:
        """What was read could not be put to work after all; `error` says so."""
        self.current, self.error = in_force, NOT_PUT_TO_WORK


def differences(before: Settings, after: Settings) -> Iterator[str]:
    """The paths of all settings that differ."""
    old, new = _leaves(before), _leaves(after)
    for path in sorted({*old, *new}):
        if old.get(path) != new.get(path):
            yield path


def _leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        found: dict[str, Any] = {}
        for name, inner in value.items():
            found |= _leaves(inner, f"{path}.{name}" if path else str(name))
        return found
    return {path: value.get_secret_value() if isinstance(value, SecretStr) else value}
