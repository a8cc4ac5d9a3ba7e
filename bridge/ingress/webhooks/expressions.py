"""JMESPath (https://jmespath.org) over a payload, step by step under a budget.

The package's own interpreter is used; only its single step is counted, and the one function that can make
much out of little (`join`) looks at the size of its result before it makes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature
from jmespath.visitor import Options, TreeInterpreter

from bridge.ingress.webhooks.budget import Budget, TooMuch

MAX_SOURCE: Final = 2000
MAX_JOINED: Final = 1_000_000


class Unusable(Exception):
    """An expression or template does not work for this payload; the words never hold its values."""


class _Functions(Functions):
    """JMESPath's functions, with a bound on what they make."""

    @signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, array: Sequence[str]) -> str:
        if len(separator) * len(array) + sum(map(len, array)) > MAX_JOINED:
            raise TooMuch("A joined text is too long.")
        return separator.join(array)


class _Interpreter(TreeInterpreter):
    def __init__(self, budget: Budget) -> None:
        super().__init__(Options(custom_functions=_Functions()))
        self._budget = budget

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self._budget.spend()
        return super().visit(node, *args, **kwargs)


class Expression:
    """A compiled expression."""

    def __init__(self, source: str) -> None:
        """Raises `ValueError` with a sentence when it is none."""
        self.source = source
        if len(source) > MAX_SOURCE:
            raise ValueError(f"An expression has at most {MAX_SOURCE} characters.")
        try:
            self._tree = jmespath.compile(source).parsed
        except (JMESPathError, RecursionError):
            raise ValueError(
                f"{source!r} is no JMESPath expression. For a fixed text, put it in single quotes"
                " inside: \"'like this'\"."
            ) from None

    def search(self, value: Any, budget: Budget) -> Any:
        """What it finds; None when there is nothing. Raises `Unusable` and `TooMuch`."""
        try:
            return _Interpreter(budget).visit(self._tree, value)
        except TooMuch:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's payload meets a library's code
            raise Unusable(
                f"The expression {self.source} does not fit this payload ({type(error).__name__})."
            ) from None
