"""The repository as pages: included documents, sources with a place for each name, and links to both.

In the text of a page `bridge/access.py` and `tests/test_access.py::test_name` in backticks are promises
that these exist; here they become links, and a fault is noted when they do not. A relative link that leaves
`docs/pages` leads to the included page or to the source's page.
"""

from __future__ import annotations

import ast
import html
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from pygments import highlight  # type: ignore[import-untyped]  # has no types
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import TextLexer, get_lexer_for_filename  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PAGES: Final = ROOT / "docs" / "pages"

# Documents that stand elsewhere for a reason (GitHub shows them, operators look there), by their page.
INCLUDED: Final[Mapping[str, str]] = {
    "CHANGELOG.md": "guides/changes.md",
    "CONTRIBUTING.md": "extend/contributing.md",
    "SECURITY.md": "guides/security.md",
    "deploy/ENDS.md": "guides/outcomes.md",
    "deploy/METRICS.md": "reference/metrics.md",
    "deploy/RUNBOOK.md": "guides/runbook.md",
    "deploy/SETUP.md": "guides/setup.md",
    "deploy/SLO.md": "guides/objectives.md",
    "deploy/recipes/curl.md": "recipes/curl.md",
    "deploy/recipes/make.md": "recipes/make.md",
    "deploy/recipes/webhooks.md": "recipes/webhooks.md",
    "deploy/recipes/zapier.md": "recipes/zapier.md",
}
_HOME_OF: Final = {uri: path for path, uri in INCLUDED.items()}

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(
    r"(?<!\[)`((?:bridge|tests|deploy|config|docs)/[\w./-]*\w\.\w+)(?:::([\w.]+))?`(?!\])"
)
_ROW = re.compile(r"^\|.*$", re.MULTILINE)
_CODE = re.compile(r"`[^`\n]+`")
_LINK = re.compile(r"(?<=\]\()([^)#\s:]+)(#[^)\s]*)?(?=\))")


@dataclass(slots=True)
class Linked:
    """Mends the links of pages, and remembers which sources they name and what is not there."""

    sources: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def mended(self, uri: str, text: str) -> str:
        """The page's text with every path into the repository as a link within the site."""
        parts, last = [], 0
        for fence in _FENCE.finditer(text):
            parts += [self._prose(uri, text[last : fence.start()]), fence[0]]
            last = fence.end()
        return "".join((*parts, self._prose(uri, text[last:])))

    def _prose(self, uri: str, text: str) -> str:
        text = _ROW.sub(lambda row: _CODE.sub(_bare, row[0]), text)
        text = _NAMED.sub(lambda found: self._named(found[1], found[2] or "", found[0]), text)
        return _LINK.sub(lambda found: self._link(uri, found[1], found[2] or ""), text)

    def _named(self, path: str, name: str, shown: str) -> str:
        """A path in backticks, perhaps with a name: a link, if both are there."""
        place = f"/{path}#{name}" if name else f"/{path}"
        if not (ROOT / path).is_file():
            self.faults.append(f"there is no file {path}")
        elif name and name not in names(path):
            self.faults.append(f"{path} has no {name}")
        else:
            of_a_test = name and path.startswith("tests/")  # its name is a sentence already
            return f"[{f'`{name}`' if of_a_test else shown}]({place})"
        return shown

    def _link(self, uri: str, target: str, anchor: str) -> str:
        """A link: from the file's own place in the repository to a page of the site."""
        if target.startswith("/"):
            path = target[1:]
        else:
            home = posixpath.dirname(_HOME_OF.get(uri, f"docs/pages/{uri}"))
            path = posixpath.normpath(posixpath.join(home, target))
        if path.startswith("docs/pages/"):
            wanted = path.removeprefix("docs/pages/")
        elif path in INCLUDED:
            wanted = INCLUDED[path]
        elif (ROOT / path).is_file():
            self.sources.add(path)
            wanted = f"source/{path}.md"
        else:
            self.faults.append(f"the link to {target} leads nowhere")
            return f"{target}{anchor}"
        return posixpath.relpath(wanted, posixpath.dirname(uri) or ".") + anchor


def _bare(code: re.Match[str]) -> str:
    """GitHub wants a bar in a table's code escaped; Python-Markdown would show the escape."""
    return code[0].replace("\\|", "|")


@cache
def names(path: str) -> Mapping[str, int]:
    """Each function, class and method (`Class.method`) of a Python file, and the line it begins in."""
    if not path.endswith(".py"):
        return {}
    return dict(_names(ast.parse((ROOT / path).read_text("utf-8")), ""))


def _names(node: ast.AST, above: str) -> Iterator[tuple[str, int]]:
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield f"{above}{inner.name}", inner.lineno
            if isinstance(inner, ast.ClassDef):
                yield from _names(inner, f"{above}{inner.name}.")
        elif isinstance(inner, ast.Assign | ast.AnnAssign) and not above:
            targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
            yield from ((one.id, inner.lineno) for one in targets if isinstance(one, ast.Name))


def source_page(path: str) -> str:
    """A file of the repository as a page: highlighted, with a place to link to at each name."""
    text = (ROOT / path).read_text("utf-8")
    try:
        lexer = get_lexer_for_filename(path)
    except ClassNotFound:
        lexer = TextLexer()
    made = highlight(text, lexer, HtmlFormatter(nowrap=True)).rstrip("\n").split("\n")
    at: dict[int, list[str]] = {}
    for name, line in names(path).items():
        at.setdefault(line, []).append(name)
    lines = []
    for number, line in enumerate(made, start=1):
        places = "".join(f'<span id="{html.escape(name)}"></span>' for name in at.get(number, ()))
        lines.append(f'{places}<span class="line" data-line="{number}">{line}</span>')
    code = "\n".join(lines)
    head = "---\nsearch:\n  exclude: true\nhide: [navigation, toc]\n---\n"
    body = f'<div class="highlight source"><pre><code>{code}\n</code></pre></div>'
    return f"{head}\n# `{path}`\n\n{body}\n"
