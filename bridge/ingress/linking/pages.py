"""The pages as HTML, and what each of them tells the browser: load only our style, keep nothing, tell nobody.

There is no script at all. The address of a page is a secret while it is good, hence `no-store`, no index and
a referrer for nobody else (`no-referrer` would make browsers send `Origin: null` with the form).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE: Final = Path(__file__).parent
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none';"
        " base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(template: str, status: int = 200, /, **values: Any) -> web.Response:
    """A page of ours."""
    text = _templates().get_template(template).render(values)
    return web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)


def message(said: tuple[str, str], status: int, **values: str) -> web.Response:
    """A page that only says something; `values` fill its sentences."""
    title, sentence = (part.format(**values) for part in said)
    return page("message.html", status, title=title, sentence=sentence, good=status < 400)


async def style(_: web.Request) -> web.Response:
    """The style sheet."""
    return web.Response(
        body=(HERE / "static" / "link.css").read_bytes(),
        content_type="text/css",
        charset="utf-8",
        headers={**HEADERS, "Cache-Control": "public, max-age=3600"},
    )
