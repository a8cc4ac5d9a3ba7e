"""What a process does not start or reload with: the errors of `bridge check`, all of them, and none of its doubts.

Half-configured is worse than not running: a rule that can never match, or a proxy that anybody may claim to
be, is found months later or by a stranger.
"""

from __future__ import annotations

from collections.abc import Mapping

from bridge import log
from bridge.checks.offline import check
from bridge.checks.report import State
from bridge.contract import Action
from bridge.settings import Settings, SettingsError


def refuse(settings: Settings, actions: Mapping[str, type[Action]] | None = None) -> None:
    """Raise `SettingsError` with every error in a line; do nothing when there is none.

    `actions` are those of the process, which rules and sources may name; by default the catalogue.
    """
    found = _errors(settings, actions)
    if found:
        raise SettingsError("\n".join(found))


def everything_wrong(problem: SettingsError) -> str:
    """What the settings cannot be read for, and what is wrong with all that can be."""
    more = [] if problem.rest is None else _errors(problem.rest, None)
    return "\n".join(dict.fromkeys([*str(problem).splitlines(), *more]))


def _errors(settings: Settings, actions: Mapping[str, type[Action]] | None) -> list[str]:
    """Sentences fit for a log and for `/readyz`: they quote what stands there, by mistake perhaps a token."""
    return [
        log.scrub(f"{row.said} {row.todo}")
        for row in check(settings, actions=actions).rows
        if row.state is State.ERROR
    ]
