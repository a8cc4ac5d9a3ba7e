"""The Web API's front door: one table of methods, the token check, the arguments and Slack's way to say no.

https://docs.slack.dev/apis/web-api: every refusal is a 200 with `ok: false` and an `error` by name, only
rate limits use the status. Reading methods take a form but no JSON body, which surprises everyone once.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from bridge.sandbox.slack.model import Channel, Json, Team, Token, TokenKind
from bridge.sandbox.slack.workspace import Workspace


class ApiError(Exception):
    """A refusal by name; `more` goes into the answer beside it."""

    def __init__(self, error: str, *, retry_after: int = 0, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.retry_after = retry_after
        self.more = more


@dataclass(slots=True)
class Call:
    """One call of one method: whose token, which arguments."""

    slack: Workspace
    name: str
    args: Json
    request: web.Request
    token: Token | None = None
    basic: tuple[str, str] = ("", "")

    @property
    def team(self) -> Team:
        if self.token is None:
            raise ApiError("not_authed")
        return self.slack.teams[self.token.team_id]

    def text(self, name: str, *, missing: str = "") -> str:
        """An argument as text; absent is empty, or the error `missing`."""
        value = self.args.get(name)
        if value in (None, "") and missing:
            raise ApiError(missing)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        return str(self.args.get(name, "")).lower() in {"true", "1"}

    def json(self, name: str, error: str) -> Any:
        """An argument that is JSON, or JSON in a string; None when absent."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise ApiError(error) from None

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.args.get(name) or default)
        except ValueError:
            raise ApiError("invalid_arguments") from None

    def channel(self, name: str = "channel") -> Channel:
        """The conversation named by an argument, when the token's bot may know of it."""
        wanted = self.text(name, missing="channel_not_found")
        try:
            channel = self.slack.channel(wanted, self.team.id)
        except LookupError:
            raise ApiError("channel_not_found") from None
        # What a bot is not part of does not exist for it, unless it is public.
        hidden = channel.kind != "public" and self.team.bot_user_id not in channel.members
        if channel.team_id != self.team.id or hidden:
            raise ApiError("channel_not_found")
        return channel


Method = Callable[[Call], Awaitable[Json]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One method: who may call it and in which form."""

    run: Method
    scopes: tuple[str, ...] = ()
    kinds: tuple[TokenKind, ...] = ("bot", "user")
    takes_json: bool = True
    needs_token: bool = True


METHODS: dict[str, Entry] = {}


def method(
    name: str,
    *scopes: str,
    kinds: tuple[TokenKind, ...] = ("bot", "user"),
    takes_json: bool = True,
    needs_token: bool = True,
) -> Callable[[Method], Method]:
    """Register the function below as the Web API method `name`; any one of `scopes` is enough."""

    def register(run: Method) -> Method:
        METHODS[name] = Entry(run, scopes, kinds, takes_json, needs_token)
        return run

    return register


@dataclass(slots=True)
class Arguments:
    """What a request carried: its fields and where its token stood."""

    fields: Json = field(default_factory=dict)
    token: str = ""
    basic: tuple[str, str] = ("", "")


class WebApi(Workspace):
    """Answers `/api/{method}`; each method is a route of its own, so that a fault can be set on one."""

    def method_routes(self) -> list[web.RouteDef]:
        known = [web.route("*", f"/api/{name}", self.call_method) for name in METHODS]
        return [*known, web.route("*", "/api/{method}", self.call_method)]

    async def call_method(self, request: web.Request) -> web.Response:
        name = request.path.removeprefix("/api/")
        entry = METHODS.get(name)
        if entry is None:
            unknown = {"ok": False, "error": "unknown_method", "req_method": name}
            return web.json_response(unknown)
        headers: dict[str, str] = {}
        try:
            given = await _arguments(request, takes_json=entry.takes_json)
            call = Call(self, name, given.fields, request, basic=given.basic)
            if entry.needs_token:
                if (known := self.tokens.get(given.token)) is not None:
                    headers["x-oauth-scopes"] = ",".join(known.scopes)
                call.token = self._token(given.token, entry)
            answer = {"ok": True, **await entry.run(call)}
        except ApiError as refused:
            answer = {"ok": False, "error": refused.error, **refused.more}
            if refused.error == "ratelimited":
                headers["Retry-After"] = str(refused.retry_after)
                return web.json_response(answer, status=429, headers=headers)
        return web.json_response(answer, headers=headers)

    def _token(self, value: str, entry: Entry) -> Token:
        if not value:
            raise ApiError("not_authed")
        token = self.tokens.get(value)
        if token is None:
            raise ApiError("invalid_auth")
        if token.revoked:
            raise ApiError("token_revoked")
        if token.expires_at is not None and token.expires_at <= self.clock():
            raise ApiError("token_expired")
        if not self.teams[token.team_id].active:
            raise ApiError("account_inactive")
        if token.kind not in entry.kinds:
            raise ApiError("not_allowed_token_type")
        if entry.scopes and not set(entry.scopes) & set(token.scopes):
            raise ApiError("missing_scope", needed=entry.scopes[0], provided=",".join(token.scopes))
        return token


async def _arguments(request: web.Request, *, takes_json: bool) -> Arguments:
    body = await request.read()
    given = Arguments(dict(request.query))
    if "json" in request.content_type:
        try:
            content = json.loads(body or b"{}")
        except ValueError:
            raise ApiError("invalid_json") from None
        if not isinstance(content, dict):
            raise ApiError("json_not_object")
        if takes_json:
            given.fields |= content
    elif "urlencoded" in request.content_type:
        given.fields |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(credential).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise ApiError("invalid_auth") from None
        given.basic = (user, password)
    given.token = credential if scheme.lower() == "bearer" else str(given.fields.get("token") or "")
    return given
