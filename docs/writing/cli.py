"""The page of the `bridge` command: each verb's own help, as it prints it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from bridge.cli import main
from docs.writing.markdown import fence, generated

WIDTH = 92


def page() -> str:
    """Every verb, and the verbs of verbs."""
    verbs = "\n".join(f"## {name}\n\n{fence(text)}" for name, text in _verbs(main, "bridge"))
    return f"""# Command line

`bridge` reads the same settings as the running process. What was asked for goes to standard output, errors are
sentences on standard error with a non-zero exit code.

{verbs}
{generated("`bridge/cli/`")}
"""


def _verbs(group: click.Group, name: str) -> Iterator[tuple[str, str]]:
    yield name, _help(group, name)
    for word, verb in group.commands.items():
        if isinstance(verb, click.Group) and word != "call":  # its verbs are the actions' pages
            yield from _verbs(verb, f"{name} {word}")
        else:
            yield f"{name} {word}", _help(verb, f"{name} {word}")


def _help(verb: click.Command, name: str) -> str:
    shown: dict[str, Any] = {"max_content_width": WIDTH, "terminal_width": WIDTH}
    with click.Context(verb, info_name=name, **shown, **main.context_settings) as context:
        return verb.get_help(context)
