"""Programs from npm that tests and benches drive, in a cache outside of the repository."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_GIVEN_UP: Final[dict[str, str]] = {}  # a second try in this process would wait as long again


class NotHere(Exception):
    """The program cannot be had on this machine; the words say why."""


def install(
    name: str,
    package: str,
    program: str,
    *,
    within_s: int,
    overrides: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Path:
    """The installed program, brought by npm the first time. `overrides` as npm has them.

    Raises `NotHere`.
    """
    if name in _GIVEN_UP:
        raise NotHere(_GIVEN_UP[name])
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NotHere(f"npm is not installed, so {name} cannot be started.")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "deskbridge" / name
    found = cache / "node_modules" / program
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run in several processes
            if not found.exists():
                (cache / "package.json").write_text(
                    json.dumps({"private": True, "overrides": dict(overrides or {})}), "utf-8"
                )
                subprocess.run(
                    [npm, "install", "--prefix", str(cache), "--no-audit", "--no-fund", package],
                    check=True,
                    capture_output=True,
                    timeout=within_s,
                    env={**os.environ, **(environment or {})},
                )
    except (OSError, subprocess.SubprocessError) as error:
        _GIVEN_UP[name] = f"npm could not bring {name} ({type(error).__name__})."
        raise NotHere(_GIVEN_UP[name]) from None
    return found
