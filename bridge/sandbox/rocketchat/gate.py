"""The checks in front of every action, in the order each version of Rocket.Chat makes them.

The order is visible from outside: the same request, wrong in two ways, is answered differently by version,
and a call refused early may or may not have used up the rate limit.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl

from aiohttp import web

from bridge.sandbox.rocketchat import envelope
from bridge.sandbox.rocketchat.ajv import Schema, validate
from bridge.sandbox.rocketchat.state import Profile, User
from bridge.sandbox.rocketchat.workspace import Workspace

Router = Literal["legacy", "typed_early", "typed"]
Answer = dict[str, Any] | web.StreamResponse


@dataclass(slots=True)
class Call:
    """One request on its way to its action; `user` is only set once the 401 check has passed."""

    request: web.Request
    query: dict[str, Any]
    body: Any
    headers: dict[str, str] = field(default_factory=dict)
    caller: User | None = None

    @property
    def user(self) -> User:
        if self.caller is None:
            raise LookupError("this route does not ask for a login")
        return self.caller

    def path(self, name: str) -> str:
        return self.request.match_info[name]


Action = Callable[[Workspace, Call], Awaitable[Answer]]


def _always_legacy(_: Workspace) -> Router:
    return "legacy"


@dataclass(frozen=True, slots=True)
class Route:
    """One documented call: where it is, what it asks for, and what it does."""

    method: str
    path: str  # in Rocket.Chat's spelling, below /api/v1/
    action: Action
    permissions: tuple[str, ...] = ()
    any_permission: bool = False
    body: Callable[[Profile], Schema | None] | None = None
    query: Callable[[Profile], Schema] | None = None
    licensed: bool = False
    login: bool = True
    limit: tuple[int, float] | None = None  # its own (calls, seconds) instead of the settings'
    router: Callable[[Workspace], Router] = _always_legacy

    @property
    def pattern(self) -> str:
        parts = (f"{{{p[1:]}}}" if p.startswith(":") else p for p in self.path.split("/"))
        return "/api/v1/" + "/".join(parts)

    @property
    def bucket(self) -> str:
        return f"/api/v1/{self.path}{self.method.lower()}"


def rooms_router(rc: Workspace) -> Router:
    """rooms.export and rooms.info became typed somewhere between 7.4 and 8.5."""
    typed = rc.profile != "A" if rc.settings.rooms_typed is None else rc.settings.rooms_typed
    if not typed:
        return "legacy"
    return "typed_early" if rc.profile == "B" else "typed"


def transcript_router(rc: Workspace) -> Router:
    """The transcript routes are typed on develop only."""
    return "typed" if rc.profile == "D" else "legacy"


# Profile A checks no licence at the call: its route is simply not there.
_ORDER: dict[tuple[Profile, bool], tuple[str, ...]] = {
    ("A", False): ("login", "limit", "schema", "permission"),
    ("A", True): ("login", "limit", "schema", "permission"),
    ("B", False): ("licence", "login", "limit", "schema", "permission"),
    ("B", True): ("licence", "schema", "login", "limit", "permission"),
    ("C", False): ("login", "permission", "licence", "limit", "schema"),
    ("C", True): ("login", "permission", "licence", "schema", "limit"),
    ("D", False): ("login", "permission", "licence", "limit", "schema"),
    ("D", True): ("login", "permission", "licence", "schema", "limit"),
}


async def serve(rc: Workspace, route: Route, request: web.Request) -> web.StreamResponse:
    """Answer one request as this profile would."""
    rc.settle()
    if route.licensed and rc.profile == "A" and not rc.settings.licence:
        return envelope.unknown_path("A")
    call = Call(request, read_query(request.query_string), None)
    try:
        call.body = await read_body(rc.profile, request)
        for step in _ORDER[rc.profile, route.router(rc) != "legacy"]:
            _STEPS[step](rc, route, call)
        answer = await route.action(rc, call)
    except envelope.RefusalError as refusal:
        if rc.profile == "A" and refusal.status in (401, 403):
            await asyncio.sleep(rc.settings.denial_delay_s)
        return envelope.json_answer(refusal.body, refusal.status, call.headers)
    if isinstance(answer, dict):
        return envelope.json_answer(answer | {"success": True}, 200, call.headers)
    return answer


def _login(rc: Workspace, route: Route, call: Call) -> None:
    call.caller = caller_of(rc, call.request)
    if route.login and call.caller is None:
        breaking = rc.settings.breaking_changes_9_0
        raise envelope.unauthenticated(rc.profile, breaking_changes_9_0=breaking)


def _permission(rc: Workspace, route: Route, call: Call) -> None:
    if not route.permissions:
        return
    enough = any if route.any_permission else all
    if not enough(rc.has_permission(call.user, permission) for permission in route.permissions):
        raise envelope.no_permission()


def _licence(rc: Workspace, route: Route, _: Call) -> None:
    if route.licensed and not rc.settings.licence:
        raise envelope.no_licence()


def _limit(rc: Workspace, route: Route, call: Call) -> None:
    settings = rc.settings
    if not settings.limiter_enabled:
        return
    if call.caller and rc.has_permission(call.caller, "api-bypass-rate-limit"):
        return
    calls, seconds = route.limit or (settings.limiter_calls, settings.limiter_window_s)
    client = client_address(call.request, settings.forwarded_count)
    verdict = rc.limiter.count(route.bucket, client, limit=calls, window_s=seconds)
    call.headers |= verdict.headers()
    if not verdict.allowed:
        raise envelope.too_many(verdict.wait_s)


def _schema(rc: Workspace, route: Route, call: Call) -> None:
    router = route.router(rc)
    if route.query is not None:
        messages = validate(route.query(rc.profile), call.query)
        if messages:
            legacy = router == "legacy"
            raise (envelope.invalid_legacy if legacy else envelope.invalid_typed_early)(messages)
    schema = route.body(rc.profile) if route.body is not None else None
    messages = validate(schema, call.body) if schema is not None else []
    if not messages:
        return
    match router:
        case "legacy":
            raise envelope.invalid_legacy(messages)
        case "typed_early":
            raise envelope.invalid_typed_early(messages)
        case "typed":
            raise envelope.invalid_typed(messages)


_STEPS: dict[str, Callable[[Workspace, Route, Call], None]] = {
    "login": _login,
    "permission": _permission,
    "licence": _licence,
    "limit": _limit,
    "schema": _schema,
}


def caller_of(rc: Workspace, request: web.Request) -> User | None:
    """Find the account behind `X-User-Id` and `X-Auth-Token`; both must fit."""
    user = rc.users.get(request.headers.get("X-User-Id", ""))
    if user is None or user.token != request.headers.get("X-Auth-Token"):
        return None
    return user


def client_address(request: web.Request, forwarded_count: int) -> str:
    """The socket peer, unless the workspace is told how many proxies stand in front of it."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    if 0 < forwarded_count <= len(hops) and hops[-forwarded_count]:
        return hops[-forwarded_count]
    return request.remote or ""


def read_query(query_string: str) -> dict[str, Any]:
    """Read a query string as `qs` does: `agents[]=a` is a list, a key named twice too."""
    read: dict[str, Any] = {}
    for key, value in parse_qsl(query_string, keep_blank_values=True):
        name = key.removesuffix("[]")
        if name != key or name in read:
            known = read.get(name, [])
            read[name] = [*(known if isinstance(known, list) else [known]), value]
        else:
            read[name] = value
    return read


async def read_body(profile: Profile, request: web.Request) -> Any:
    """Read a body as this profile's parser does, which is seldom what the sender meant."""
    if request.method in {"GET", "HEAD"}:
        return {}
    text = await request.text()
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return _read_json(profile, text)
    if kind == "application/x-www-form-urlencoded":
        # https://github.com/RocketChat/Rocket.Chat/issues/36073: forms broke in 7.6.0 and came back later.
        return {} if profile == "B" else read_query(text)
    if profile == "A" or not text or kind == "multipart/form-data":
        return {}
    # The Hono router spreads the text like an object: {"0": "{", "1": "\"", …}.
    return {str(index): character for index, character in enumerate(text)}


def _read_json(profile: Profile, text: str) -> Any:
    if not text:
        return {}
    try:
        body = json.loads(text)
    except ValueError:
        if profile == "A":
            # connect.json refuses before any route is found; its exact text was not found.
            raise web.HTTPBadRequest(text="invalid json", content_type="text/html") from None
        return {}
    if profile == "A" and not isinstance(body, dict | list):
        raise web.HTTPBadRequest(text="invalid json", content_type="text/html")
    return {} if body is None else body
