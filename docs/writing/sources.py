"""The page of the webhook sources: keys of a source and a rule, the kinds of checks, the presets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from bridge.ingress.webhooks.declared import Rule, Source
from bridge.ingress.webhooks.presets import PRESETS
from bridge.settings.rendering import described
from bridge.signatures import Check
from docs.writing.markdown import code, generated, lines, table

HEAD = ("key", "default", "meaning")


def page() -> str:
    """Everything that may stand below [webhooks.sources]."""
    checks = [_check(model) for model in get_args(get_args(Check)[0])]
    presets = (
        (
            code(name),
            code(one.check),
            ", ".join(map(code, one.dedupe)),
            ", ".join(f"`{rule}` → `{made['action']}`" for rule, made in one.rules.items()) or "-",
        )
        for name, one in PRESETS.items()
    )
    return f"""# Webhook sources

What may stand in `config/bridge.toml` below `[webhooks.sources.<name>]`. How it is used, with examples that a test runs:
[Any webhook in](../recipes/webhooks.md).

## A source

{table(HEAD, _rows(Source, leave={"name"}))}
## A rule

{table(HEAD, _rows(Rule))}
## Checks

All checks of a source must hold. A secret is given by `secret_env` (a variable) or `secret_file` (a path), or several
in `secrets`, each with `id` and, if it ends, `not_after`. Without a live secret the source answers 503.

{lines(checks)}
## Presets

{table(("preset", "check", "the same event when these are the same", "ready rules"), presets)}
{generated("`bridge/ingress/webhooks/declared.py` and `bridge/signatures/__init__.py`")}
"""


def _check(model: type[BaseModel]) -> str:
    kind = model.model_fields["kind"].default
    doc = " ".join((model.__doc__ or "").split())
    rows = list(_rows(model, leave={"kind", "secrets"}))
    return f"### {kind}\n\n{doc}\n\n{table(HEAD, rows) if rows else ''}"


def _rows(model: type[BaseModel], leave: set[str] | None = None) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        if name not in (leave or set()):
            yield f"`{name}`", _default(field), described(field) or "-"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "needed"
    return code("" if value in (None, "", (), {}) else value)
