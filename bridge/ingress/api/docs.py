"""GET /openapi.json and GET /docs: the OpenAPI document, for programs and for people.

Both are made once, from the actions. The page is rendered here and needs nothing else: no script, no
font, no request to anywhere, so it works offline, and its Content-Security-Policy allows nothing but
its own style sheet, by hash.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment
from markupsafe import Markup, escape

from bridge.contract import Action
from bridge.ingress.http.edge import edge, only
from bridge.ingress.http.problems import PROBLEMS
from bridge.surfaces.openapi import document

PAGES: Final = files(__package__) / "pages"
TAGS: Final[Mapping[str, str]] = {
    "actions": "Each documented call of an upstream is one action. A launch is answered when it is stored.",
    "jobs": "A job is one launch. Follow it, list them, put right what went wrong.",
    "hooks": "Payloads of configured senders, verified and mapped.",
    "service": "What operators and monitors ask.",
}


@dataclass(frozen=True, slots=True)
class Field:
    """A line of a table of fields."""

    name: str
    kind: str
    needed: bool
    about: str
    example: str


@dataclass(slots=True)
class Operation:
    """One method on one path, as the page shows it."""

    anchor: str
    method: str
    path: str
    summary: str
    about: str
    docs: str
    fields: list[Field] = field(default_factory=list)
    curl: str = ""
    answers: list[tuple[str, str]] = field(default_factory=list)
    facts: list[tuple[str, str]] = field(default_factory=list)


class Docs:
    """The two pages."""

    def __init__(self, catalogue: Mapping[str, type[Action]], public_url: str) -> None:
        self._catalogue = catalogue
        self._public_url = public_url.rstrip("/")

    @cached_property
    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document."""
        actions = tuple(self._catalogue.values())
        return document(actions, version=version("deskbridge"), public_url=self._public_url)

    def routes(self) -> Sequence[web.RouteDef]:
        return (
            web.get("/openapi.json", edge(self._openapi)),
            web.route("*", "/openapi.json", edge(only("GET"))),
            web.get("/docs", edge(self._docs)),
            web.route("*", "/docs", edge(only("GET"))),
        )

    async def _openapi(self, request: web.Request) -> web.Response:
        return _cached(request, self._document, "application/json", {})

    async def _docs(self, request: web.Request) -> web.Response:
        return _cached(request, self._page, "text/html", self._policy)

    @cached_property
    def _document(self) -> bytes:
        return json.dumps(self.openapi, ensure_ascii=False).encode()

    @cached_property
    def _style(self) -> str:
        return (PAGES / "docs.css").read_text("utf-8")

    @cached_property
    def _policy(self) -> dict[str, str]:
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        return {
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}';"
            " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }

    @cached_property
    def _page(self) -> bytes:
        env = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        env.filters["prose"] = _prose
        template = env.from_string((PAGES / "docs.html").read_text("utf-8"))
        groups = [
            (tag, about, [one for one in self._operations() if one[0] == tag])
            for tag, about in TAGS.items()
        ]
        page = template.render(
            style=Markup(self._style),  # noqa: S704 - our own file
            about=self.openapi["info"],
            base=self._base,
            groups=[(tag, about, [one for _, one in found]) for tag, about, found in groups],
            problems=[(slug, *told) for slug, told in PROBLEMS.items()],
        )
        return page.encode()

    @property
    def _base(self) -> str:
        return self._public_url or "http://127.0.0.1:8080"

    def _operations(self) -> Iterator[tuple[str, Operation]]:
        for path, item in self.openapi["paths"].items():
            for method in ("get", "post"):
                if method in item:
                    yield item[method]["tags"][0], self._operation(path, method, item)

    def _operation(self, path: str, method: str, item: Mapping[str, Any]) -> Operation:
        said = item[method]
        operation = Operation(
            anchor=said["operationId"],
            method=method.upper(),
            path=path,
            summary=said.get("summary", ""),
            about=said.get("description", ""),
            docs=said.get("externalDocs", {}).get("url", ""),
        )
        given = [*item.get("parameters", ()), *said.get("parameters", ())]
        parameters = [self._resolve(one) for one in given]
        operation.fields += [_parameter(one) for one in parameters if one["in"] != "header"]
        content = said.get("requestBody", {}).get("content", {}).get("application/json", {})
        operation.fields += self._fields(content.get("schema", {}), ())
        operation.fields += [_parameter(one) for one in parameters if one["in"] == "header"]
        operation.answers = [
            (status, self._resolve(answer)["description"])
            for status, answer in sorted(said["responses"].items())
        ]
        schemas = self.openapi["components"]["schemas"]
        facts = schemas.get(f"{operation.anchor}.facts", {}).get("properties", {})
        operation.facts = [(name, one.get("description", "")) for name, one in facts.items()]
        operation.curl = self._curl(method, path, said, content)
        return operation

    def _fields(self, schema: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[Field]:
        """The fields of a body, nested ones by their path; of a choice the first, which is the bare one."""
        schema = self._resolve(schema)
        if "properties" not in schema:
            if "anyOf" in schema:
                yield from self._fields(schema["anyOf"][0], above)
            return
        for name, one in schema["properties"].items():
            resolved = self._resolve(one)
            path = (*above, name)
            yield Field(
                name=".".join(path),
                kind=_kind(resolved),
                needed=name in schema.get("required", ()),
                about=one.get("description") or resolved.get("description", ""),
                example=_example(one) or _example(resolved),
            )
            inner = resolved
            if "anyOf" in inner:
                inner = self._resolve(inner["anyOf"][0])
            if "properties" in inner and len(path) < 4:
                yield from self._fields(inner, path)

    def _resolve(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in value:
            found: Any = self.openapi
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    def _curl(
        self, method: str, path: str, said: Mapping[str, Any], content: Mapping[str, Any]
    ) -> str:
        lines = [f"curl{' -X POST' if method == 'post' else ''} {self._base}{path}"]
        if said.get("security", self.openapi["security"]) == [{"bearer": []}]:
            lines.append('-H "Authorization: Bearer $BRIDGE_API_TOKEN"')
        examples = content.get("examples", {})
        if "bare" in examples:
            # only what is needed and the first optional one: a command to start from
            schema = self._resolve(content["schema"]["anyOf"][0])
            value = examples["bare"]["value"]
            needed = [name for name in value if name in schema.get("required", ())]
            short = {name: value[name] for name in (needed or list(value)[:1])}
            lines.append("-H 'Content-Type: application/json'")
            lines.append(f"-d '{json.dumps(short, ensure_ascii=False)}'")
        return " \\\n  ".join(lines)


def _parameter(one: Mapping[str, Any]) -> Field:
    schema = one.get("schema", {})
    return Field(
        name=f"{one['name']} ({one['in']})",
        kind=_kind(schema),
        needed=bool(one.get("required")),
        about=one.get("description", ""),
        example=_example(schema),
    )


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        kinds = [_kind(one) for one in schema["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in schema:
        return " | ".join(str(one) for one in schema["enum"])
    kind = schema.get("format") or schema.get("type") or ("object" if "$ref" in schema else "any")
    return ", ".join(kind) if isinstance(kind, list) else str(kind)


def _example(schema: Mapping[str, Any]) -> str:
    examples = schema.get("examples") or []
    if not examples:
        return ""
    value = examples[0]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _prose(text: str) -> Markup:
    """Escaped text with `code` as code."""
    parts = str(text).split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )


def _cached(
    request: web.Request, body: bytes, media_type: str, headers: Mapping[str, str]
) -> web.Response:
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    told = {**headers, "ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=told)
    return web.Response(body=body, content_type=media_type, charset="utf-8", headers=told)
