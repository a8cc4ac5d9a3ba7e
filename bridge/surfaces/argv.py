"""An action as a command of the `bridge` program: `bridge call rocketchat.close_room --rid … --pdf`.

Every leaf is a flag under its documented name and under the name that people type in Slack. The values
go through the same validators; their sentences become click's usage errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click
from pydantic import ValidationError

from bridge.contract import Action
from bridge.surfaces import sentences
from bridge.surfaces.leaves import Kind, Leaf, fold, leaves, squeeze
from bridge.surfaces.line import split_list
from bridge.surfaces.usage import shown_leaves, summary

Callback = Callable[[type[Action], dict[str, Any], dict[str, Any]], Any]
JSON_HELP = "See also: bridge openapi, for the same call over HTTP."


def command(
    action: type[Action], callback: Callback, extra: Sequence[click.Parameter] = ()
) -> click.Command:
    """A click command that calls `callback(action, args, options)` with validated arguments.

    `extra` are the caller's own parameters (`--dry-run`, `--on`); their values are the options.
    """
    taken = {"--help", *(flag for parameter in extra for flag in parameter.opts)}
    parameters = {leaf.key: _option(leaf, taken) for leaf in shown_leaves(action)}
    keys = {option.name: key for key, option in parameters.items()}

    def run(**given: Any) -> Any:
        typed = {keys[name]: value for name, value in given.items() if name in keys}
        options = {name: value for name, value in given.items() if name not in keys}
        return callback(action, read(action, typed), options)

    return click.Command(
        action.id,
        params=[*parameters.values(), *extra],
        callback=run,
        help=f"{summary(action)}\n\nDocumented at {action.docs}",
        short_help=summary(action),
        epilog=JSON_HELP,
        no_args_is_help=any(leaf.required for leaf in leaves(action)),
    )


def read(action: type[Action], typed: dict[str, Any]) -> dict[str, Any]:
    """Flag values by leaf key, validated. Raises `click.UsageError` with a sentence for each fault."""
    kinds = {leaf.key: leaf.kind for leaf in leaves(action)}
    values = {
        key: split_list(",".join(value)) if kinds[key] is Kind.LIST else value
        for key, value in typed.items()
        if value is not None and value != ()
    }
    try:
        valid = action.model_validate(fold(action, values))
    except ValidationError as error:
        found = sentences.faults(action, error)
        raise click.UsageError("\n".join(_told(fault) for fault in found)) from None
    return valid.model_dump(mode="json", by_alias=True, exclude_unset=True)


def _option(leaf: Leaf, taken: set[str]) -> click.Option:
    spelled = (leaf.path[-1], leaf.name, "-".join(leaf.path))
    flags = [f"--{name}" for name in dict.fromkeys(spelled) if f"--{name}" not in taken]
    taken.update(flags)
    yes_no = leaf.kind is Kind.BOOLEAN
    if yes_no:
        flags = [f"{flag}/--no-{flag.removeprefix('--')}" for flag in flags]
    return click.Option(
        [f"leaf_{squeeze('_'.join(leaf.path))}", *flags],
        type=click.Choice(leaf.choices, case_sensitive=False) if leaf.choices else None,
        multiple=leaf.kind is Kind.LIST,
        default=None,
        help=leaf.description,
        metavar=None if yes_no or leaf.choices else leaf.kind.value.upper().replace(" ", "-"),
    )


def _told(fault: sentences.Fault) -> str:
    return f"--{fault.leaf.path[-1]}: {fault.sentence}" if fault.leaf else fault.sentence
