"""Texts out of a payload: a small, closed part of Jinja2 (https://jinja.palletsprojects.com).

Jinja2's sandbox guards Python's insides but not time or memory, so this goes further. A template is read
as a tree first and only the nodes, names, filters and tests named here may occur: nothing can be called,
assigned, defined or imported, and an attribute is only ever a key of the payload. Each turn of a loop is
counted against the budget, and the text is cut off when it grows beyond its bound.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from jinja2 import ChainableUndefined, TemplateSyntaxError, nodes, pass_context
from jinja2.exceptions import TemplateError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import SandboxedEnvironment

from bridge.ingress.webhooks.budget import MAX_TEXT, Budget, TooMuch
from bridge.ingress.webhooks.expressions import MAX_SOURCE, Unusable

NAMES: Final = frozenset(("payload", "item", "index"))
LOOP: Final = frozenset(("index", "index0", "first", "last", "length"))
FILTERS: Final = (
    *("capitalize", "default", "d", "first", "int", "items", "last", "length", "count", "lower"),
    *("round", "string", "title", "trim", "truncate", "upper"),
)
TESTS: Final = (
    *("boolean", "defined", "even", "false", "in", "integer", "lower", "mapping", "none", "number"),
    *("odd", "sequence", "string", "true", "undefined", "upper"),
)
_NODES: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr),
    *(nodes.Getitem, nodes.Slice, nodes.Filter, nodes.Test, nodes.If, nodes.CondExpr, nodes.For),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.Add),
    *(nodes.Sub, nodes.Neg, nodes.Tuple, nodes.List, nodes.Keyword),
)


class _Environment(SandboxedEnvironment):
    """Keys of mappings, places of lists, and nothing else of any object."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(name=attribute)
        if isinstance(obj, LoopContext) and attribute in LOOP:
            return getattr(obj, attribute)
        return self.undefined(name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        try:
            if isinstance(obj, Mapping | list | tuple | str):
                return obj[argument]
        except (LookupError, TypeError):
            pass
        return self.undefined(name=str(argument)[:80])


def _finalize(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value


@pass_context
def _bounded(context: Context, value: Any) -> Iterator[Any]:
    budget: Budget = context["budget"]
    if not isinstance(value, list | tuple | dict | Iterator | ChainableUndefined):
        raise Unusable("A loop goes over a list or an object only.")
    for one in value:
        budget.spend()
        yield one


def _join(value: Any, separator: str = "", attribute: str = "") -> str:
    if not isinstance(value, list | tuple | Iterator | ChainableUndefined):
        raise Unusable("Only a list can be joined.")
    parts, size = [], 0
    for one in value:
        chosen = one.get(attribute, "") if attribute and isinstance(one, Mapping) else one
        parts.append(str(_finalize(chosen)))
        size += len(parts[-1]) + len(separator)
        if size > MAX_TEXT:
            raise TooMuch("A text is too long.")
    return separator.join(parts)


def _replace(value: Any, old: str, new: str) -> str:
    text = str(value)
    if len(text) + len(new) * (text.count(old) if old else len(text) + 1) > MAX_TEXT:
        raise TooMuch("A text is too long.")
    return text.replace(old, new)


def _environment() -> _Environment:
    # S701: the text goes into a field of an action, and whoever shows it escapes it
    env = _Environment(undefined=ChainableUndefined, finalize=_finalize, autoescape=False)
    env.globals.clear()
    env.filters = {
        **{name: env.filters[name] for name in FILTERS},
        "join": _join,
        "replace": _replace,
        "bounded": _bounded,
    }
    env.tests = {name: env.tests[name] for name in TESTS}
    return env


_ENV: Final = _environment()


class Template:
    """A compiled text with places for the payload's values."""

    def __init__(self, source: str) -> None:
        """Raises `ValueError` with a sentence when it uses what it may not."""
        self.source = source
        if len(source) > MAX_SOURCE:
            raise ValueError(f"A template has at most {MAX_SOURCE} characters.")
        try:
            tree = _ENV.parse(source)
            _check(tree)
            code = _ENV.compile(tree)
            self._template = _ENV.template_class.from_code(_ENV, code, _ENV.globals)
        except TemplateSyntaxError as error:
            raise ValueError(f"The template does not work: {error.message}") from None
        except (TemplateError, RecursionError) as error:
            raise ValueError(f"The template does not work ({type(error).__name__}).") from None

    def render(self, values: Mapping[str, Any], budget: Budget) -> str:
        """The text. Raises `Unusable` and `TooMuch`."""
        try:
            return _collect(self._template.generate(**values, budget=budget), budget)
        except (TooMuch, Unusable):
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's payload meets a library's code
            raise Unusable(
                f"The template does not fit this payload ({type(error).__name__})."
            ) from None


def _collect(parts: Iterator[str], budget: Budget) -> str:
    text = ""
    for part in parts:
        budget.spend()
        text += part
        if len(text) > MAX_TEXT:
            raise TooMuch(f"A text may have at most {MAX_TEXT} characters.")
    return text


def _check(tree: nodes.Template) -> None:
    """Allow what is named above; count each loop. Raises `ValueError`."""
    own = {
        name.name
        for loop in tree.find_all(nodes.For)
        for name in (loop.target, *loop.target.find_all(nodes.Name))
        if isinstance(name, nodes.Name)
    }
    if own & {"budget", *NAMES}:
        raise ValueError("A loop may not use the names payload, item, index and budget.")
    for node in list(_walk(tree)):
        if not isinstance(node, _NODES):
            raise ValueError(f"A template may not use {type(node).__name__} here.")  # noqa: TRY004 - its author's mistake
        if isinstance(node, nodes.Name) and node.name not in {*own, *NAMES, "loop"}:
            raise ValueError(
                f"There is no {node.name} in a template; there are payload, item and index."
            )
        if isinstance(node, nodes.Filter) and node.name not in {*FILTERS, "join", "replace"}:
            raise ValueError(f"There is no filter {node.name} in a template.")
        if isinstance(node, nodes.Test) and node.name not in TESTS:
            raise ValueError(f"There is no test {node.name} in a template.")
        if isinstance(node, nodes.For):
            if node.recursive:
                raise ValueError("A loop may not be recursive.")
            node.iter = nodes.Filter(
                *(node.iter, "bounded", [], [], None, None), lineno=node.lineno, environment=_ENV
            )


def _walk(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _walk(child)
