"""What MkDocs calls while it builds: adds the included and the generated pages, and mends links.

https://www.mkdocs.org/dev-guide/plugins/#events
"""

from __future__ import annotations

import logging
import re
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from docs.writing import reference
from docs.writing.repository import INCLUDED, PAGES, ROOT, Linked, source_page

log = logging.getLogger("mkdocs.hooks.deskbridge")  # a warning below "mkdocs" fails a strict build
_LOADED = re.compile(
    r"""<(?:script|img|iframe|source|link(?![^>]*rel="?canonical))\b[^>]*?
        (?:src|href)=["']?((?:https?:)?//[^"'\s>]+)""",
    re.VERBOSE,
)
ACTIONS = "reference/actions/*"
PICTURES = {"assets/mark.svg": "bridge/sandbox/playground/static/mark.svg"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Every action has its page in the navigation, without an edit when one is added."""
    config.nav = _with_actions(config.nav)
    config.watch.extend(str(ROOT / name) for name in ("bridge", "deploy", "docs/writing"))
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add what is included from the repository, what is made from the code, and the sources they name."""
    texts = {
        file.src_uri: (PAGES / file.src_uri).read_text("utf-8")
        for file in files.documentation_pages()
    }
    texts |= {uri: (ROOT / path).read_text("utf-8") for path, uri in INCLUDED.items()}
    texts |= reference.pages()
    linked = Linked()
    for uri, text in texts.items():
        linked.mended(uri, text)
    for uri, text in texts.items():
        if files.get_file_from_path(uri) is None:
            files.append(File.generated(config, uri, content=text))
    for name, path in PICTURES.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / path)))
    for path in sorted(linked.sources):
        files.append(File.generated(config, f"source/{path}.md", content=source_page(path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: Any) -> str:
    """Paths and links into the repository lead to pages of the site."""
    if page.file.src_uri.startswith("source/"):
        return markdown
    linked = Linked()
    mended = linked.mended(page.file.src_uri, markdown)
    for fault in linked.faults:
        log.warning("%s: %s", page.file.src_uri, fault)
    return mended


def on_post_page(output: str, *, page: Page, **_: Any) -> str:
    """A page loads nothing from elsewhere, so that it can be read offline and tells nobody who reads it."""
    for address in loaded_from_elsewhere(output):
        log.warning("%s loads %s", page.file.src_uri, address)
    # the theme's search has no name for those who cannot see it
    return output.replace('role="dialog">', 'role="dialog" aria-label="Search">')


def loaded_from_elsewhere(output: str) -> list[str]:
    """What a browser would fetch from another host to show the page; links to click are none of it."""
    found = _LOADED.findall(output)
    return [address for address in found if not address.startswith("data:")]


def _with_actions(nav: Any) -> Any:
    if isinstance(nav, list):
        return [_with_actions(one) for one in nav]
    if isinstance(nav, dict):
        return {name: _with_actions(one) for name, one in nav.items()}
    if nav == ACTIONS:
        return reference.actions_nav()
    return nav
