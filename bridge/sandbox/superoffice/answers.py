"""Answers as they leave: JSON, XML when only XML is accepted, HTML from the web server, and errors in their several shapes.

Docs: api/web-services/endpoints/rest-webapi/index.md shows the one documented error body; SuperOffice's
own npm tests show another with `Message`. A 200 from the "Agents" flavour may carry `null`.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from bridge.sandbox.superoffice.switches import Switches

SERVICES: Final = "SuperOffice.Services.Implementation"


class ApiError(Exception):
    """An error answer: a status with its own reason phrase and, mostly, SuperOffice's error body."""

    def __init__(
        self,
        status: int,
        error_type: str,
        message: str,
        *,
        reason: str | None = None,
        source: str = SERVICES,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.message = message
        self.reason = reason or HTTPStatus(status).phrase
        self.source = source


class PageError(Exception):
    """An error that the web server answers before the API sees the request: a page of HTML."""

    def __init__(self, status: int, title: str) -> None:
        super().__init__(title)
        self.status = status
        self.title = title


@dataclass(frozen=True, slots=True)
class Reply:
    """What a route has to say; `root` names the carrier, which is the root element in XML."""

    payload: Any = None
    root: str = "Object"
    reason: str | None = None
    status: int = 200
    bare: bool = field(default=False)  # no body at all


def not_found(entity: str, entity_id: object) -> ApiError:
    """Documented as `HTTP 404 Contact Not Found` with an SoNotFoundException."""
    message = f"{entity} id {entity_id} not found"
    return ApiError(404, "SoNotFoundException", message, reason=f"{entity} Not Found")


def no_route(request: web.Request) -> web.Response:
    """ASP.NET Web API's own sentence for a path that leads nowhere. INFER: no page of SuperOffice shows it."""
    text = f"No HTTP resource was found that matches the request URI '{request.url}'."
    return web.json_response({"Message": text}, status=404)


def page(status: int, title: str) -> web.Response:
    """A page as IIS writes it."""
    text = (
        "<!DOCTYPE html>\r\n<html>\r\n<head><title>"
        f"{html.escape(title)}</title></head>\r\n<body><h1>Server Error</h1>"
        f"<h2>{html.escape(title)}</h2></body>\r\n</html>\r\n"
    )
    return web.Response(status=status, text=text, content_type="text/html")


def to_response(reply: Reply, accept: str) -> web.Response:
    """A reply in the form that `Accept` asks for; JSON when in doubt."""
    if reply.bare:
        return web.Response(status=reply.status, reason=reply.reason)
    content_type = _content_type(accept)
    if content_type.endswith("xml"):
        text = '<?xml version="1.0" encoding="utf-8"?>' + _xml(reply.root, reply.payload)
    else:
        text = json.dumps(reply.payload, ensure_ascii=False)
    return web.Response(
        status=reply.status,
        reason=reply.reason,
        text=text,
        content_type=content_type,
        charset="utf-8",
    )


def to_error(error: ApiError, accept: str, switches: Switches) -> web.Response:
    """The documented error body, or what a 401 carries instead."""
    if error.status == 401 and switches.unauthorized_body == "empty":
        return web.Response(status=401, reason=error.reason)
    if error.status == 401 and switches.unauthorized_body == "html":
        return page(401, "401 - Unauthorized: Access is denied due to invalid credentials.")
    body = {
        "Error": True,
        "ErrorType": error.error_type,
        switches.error_key: error.message,
        "ErrorSource": error.source,
    }
    # INFER: that an error follows Accept into XML; its XML form is documented nowhere.
    return to_response(Reply(body, "Error", error.reason, error.status), accept)


def _content_type(accept: str) -> str:
    asked = [part.split(";")[0].strip().lower() for part in accept.split(",")]
    if any(part in {"application/json", "*/*", "application/*"} for part in asked):
        return "application/json"
    for part in asked:
        if part in {"text/json", "application/xml", "text/xml"}:
            return part
    return "application/json"


def _xml(name: str, value: Any) -> str:
    match value:
        case None:
            return f"<{name} />"
        case dict():
            inner = "".join(_xml(key, item) for key, item in value.items())
        case list():
            item_name = name.removeprefix("ArrayOf")
            inner = "".join(_xml(item_name, item) for item in value)
        case bool():
            inner = str(value).lower()
        case _:
            inner = html.escape(str(value), quote=False)
    return f"<{name}>{inner}</{name}>"
