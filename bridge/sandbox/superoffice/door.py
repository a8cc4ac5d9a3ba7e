"""The way from a request to a route: what IIS refuses, which tenant, who is asking, and how the answer looks.

The order is that of the real stack: the web server's path rules, then the tenant's place, then the
credential, then the call.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from aiohttp import web

from bridge.sandbox.superoffice.answers import (
    ApiError,
    PageError,
    Reply,
    no_route,
    page,
    to_error,
    to_response,
)
from bridge.sandbox.superoffice.credentials import Credentials, Principal
from bridge.sandbox.superoffice.desk import INT32_DIGITS, Desk
from bridge.sandbox.superoffice.entities import ChatSession
from bridge.sandbox.superoffice.render import View
from bridge.sandbox.superoffice.switches import Switches
from bridge.sandbox.superoffice.tenants import Tenants

MOUNTS: Final = ("/{tenant}/api", "/{host}/{tenant}/api")
_INT32_MAX: Final = 2**31 - 1
# ASP.NET's requestPathInvalidCharacters. INFER: SuperOffice documents no rule for its paths.
_DANGEROUS: Final = frozenset("*%&<>:\\?")


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated request on its way through a route."""

    request: web.Request
    desk: Desk
    switches: Switches
    caller: Principal
    view: View
    context: str
    api: str  # the API's own address, for links

    def int32(self, name: str) -> int:
        """A path part that the documents type as int32; the route does not exist for anything else."""
        text = self.request.match_info[name]
        if (
            not (text.isascii() and text.isdigit())
            or len(text) > INT32_DIGITS
            or int(text) > _INT32_MAX
        ):
            raise web.HTTPNotFound
        return int(text)

    def entity(self, chat: ChatSession) -> dict[str, Any]:
        user, target = self.desk.associate(chat.user_id), self.desk.associate(chat.transfer_to_id)
        return self.view.chat_session(chat, user, target)

    def noop(self, chat: ChatSession) -> Reply:
        """Nothing happened; the documents say 200 and no more."""
        match self.switches.noop_body:
            case "entity":
                return Reply(self.entity(chat), "ChatSessionEntity")
            case "null":
                return Reply(None, "ChatSessionEntity")
            case "empty":
                return Reply(bare=True)
            case "204":
                return Reply(bare=True, status=204)


Route = Callable[[Call], Awaitable[Reply]]


class Door:
    """Wraps the routes of the API and mounts them at every base."""

    def __init__(
        self, desk: Desk, credentials: Credentials, tenants: Tenants, switches: Switches
    ) -> None:
        self._desk = desk
        self._credentials = credentials
        self._tenants = tenants
        self._switches = switches

    def mount(self, table: list[tuple[str, str, Route]]) -> list[web.RouteDef]:
        """Route definitions for each (method, path below /api/v1, route), at each mount."""
        return [
            web.route(method, f"{base}/v1/{path}", self._wrap(route))
            for base in MOUNTS
            for method, path, route in table
        ]

    def mount_front(self) -> list[web.RouteDef]:
        return [web.get(base + tail, self._front) for base in MOUNTS for tail in ("", "/")]

    def _wrap(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            self._tenants.check(request)
            onsite = self._tenants.is_onsite(request)
            caller = self._credentials.principal(request, onsite=onsite)
            self._desk.settle()
            call = Call(
                request=request,
                desk=self._desk,
                switches=self._switches,
                caller=caller,
                view=View(request.headers, self._switches),
                context=self._tenants.context(request),
                api=str(request.url.origin()) + request.path.partition("/api/")[0] + "/api",
            )
            return to_response(await route(call), request.headers.get("Accept", ""))

        return answer

    async def _front(self, request: web.Request) -> web.Response:
        """GET /api: versions for a program, a page for everybody else. S:REST/Introduction.md."""
        self._tenants.check(request)
        if "json" not in request.headers.get("Accept", ""):
            return page(200, "SuperOffice WebAPI")
        api = f"{request.url.origin()}{request.path.rstrip('/')}"
        return web.json_response(
            {
                "v1": f"{api}/v1/",
                "NetServerVersion": "11.10.1.1",
                "DatabaseVersion": "11.10.1.1",
                "Version": "v1",
            }
        )

    @web.middleware
    async def guard(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """The web server in front: path rules, and errors in its own words."""
        raw = request.raw_path.partition("?")[0]
        if raw.startswith("/_sandbox/"):
            return await handler(request)
        bad = next((c for c in unquote(raw) if c in _DANGEROUS), None)
        if bad is not None:
            title = "A potentially dangerous Request.Path value was detected from the client"
            return page(400, f"{title} ({bad}).")
        if self._switches.encoded_slash == "split" and "%2f" in raw.lower():
            return page(404, "404 - File or directory not found.")
        accept = request.headers.get("Accept", "")
        try:
            return await handler(request)
        except ApiError as error:
            return to_error(error, accept, self._switches)
        except PageError as error:
            return page(error.status, error.title)
        except web.HTTPMethodNotAllowed as error:
            text = f"The requested resource does not support http method '{request.method}'."
            return web.json_response(
                {"Message": text}, status=405, headers={"Allow": ",".join(error.allowed_methods)}
            )
        except web.HTTPNotFound:
            return no_route(request)
