"""The emulated Rocket.Chat itself: its routes on the shared emulator, and the handles tests hold."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields
from functools import partial
from typing import Any

from aiohttp import web

from bridge.sandbox.emulator import Clock, Fault, Handler
from bridge.sandbox.rocketchat import account, closing, envelope, files, seed
from bridge.sandbox.rocketchat.gate import (
    Answer,
    Call,
    Route,
    serve,
)
from bridge.sandbox.rocketchat.livechat_webhook import LivechatWebhook, send_test
from bridge.sandbox.rocketchat.routes import ROUTES
from bridge.sandbox.rocketchat.snapshot import snapshot
from bridge.sandbox.rocketchat.state import PROFILES, Profile, Room, Settings, User
from bridge.sandbox.rocketchat.workspace import Workspace


class RocketChat(Workspace):
    """One emulated workspace.

    `profile` chooses the family of versions (`PROFILES`), `pdf_delay_s` how long
    the PDF worker takes. The workspace starts with the seed data; `seeded=False` starts it empty. `calls` are
    what it answers below /api/v1.
    """

    def __init__(
        self,
        profile: Profile = "C",
        clock: Clock = time.time,
        *,
        pdf_delay_s: float = 1.0,
        mail_delay_s: float = 0.0,
        settings: Settings | None = None,
        seeded: bool = True,
        calls: Sequence[Route] = ROUTES,
    ) -> None:
        super().__init__(
            profile, clock, pdf_delay_s=pdf_delay_s, mail_delay_s=mail_delay_s, settings=settings
        )
        self._seeded = seeded
        self._calls = tuple(calls)
        self.webhook = LivechatWebhook(self)
        if seeded:
            seed.plant(self)

    def snapshot(self) -> dict[str, Any]:
        return snapshot(self) | {
            "webhook_deliveries": [
                {
                    "at": d.at,
                    "event": d.event,
                    "rid": d.rid,
                    "attempt": d.attempt,
                    "status": d.status,
                }
                for d in self.webhook.deliveries
            ]
        }

    def reset(self) -> None:
        super().reset()
        self.clear()
        self.webhook.forget()
        if self._seeded:
            seed.plant(self)

    # Handles for tests and the playground

    def close_by_visitor(self, rid: str) -> Room:
        """Let the visitor end the chat."""
        return closing.close_by_visitor(self, rid)

    def take(self, rid: str, username: str) -> Room:
        """Let an agent take a conversation, whoever served it before."""
        room = self.rooms[rid]
        self.serve(room, self.user(username))
        self.record("take_room", rid, by=username)
        self.announce("LivechatSessionTaken", room)
        return room

    def start_room(self, visitor_name: str = "Ann Visitor", **options: Any) -> Room:
        """Let a visitor begin a chat: as `add_room`, but the webhook is told."""
        room = self.add_room(visitor_name, **options)
        self.announce("LivechatSessionStart", room)
        if room.queued:
            self.announce("LivechatSessionQueued", room)
        return room

    def crash(self, route: str = "*", times: int | None = 1) -> Fault:
        """Switch on a 500 as this profile words it."""
        kind, text = envelope.crashed(self.profile)
        headers = {"Content-Type": kind}
        fault = Fault("status", route, times=times, status=500, body=text, headers=headers)
        self.faults.append(fault)
        return fault

    def credentials(self, user: User | str) -> dict[str, str]:
        """Return the login headers of an account."""
        account_ = self.user(user) if isinstance(user, str) else user
        return {"X-User-Id": account_.id, "X-Auth-Token": account_.token}

    def announce(self, event: str, room: Room, **extra: Any) -> None:
        self.webhook.announce(event, room, **extra)

    def configure(self, **changes: Any) -> None:
        """Change settings, and the profile; an unknown name is an error."""
        known = {field.name for field in fields(Settings)}
        unknown = set(changes) - known - {"profile"}
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        profile = changes.pop("profile", self.profile)
        if profile not in PROFILES:
            raise ValueError(f"unknown profile: {profile}")
        self.profile = profile
        for name, value in changes.items():
            setattr(self.settings, name, value)
        self.notify()

    # Routes

    def routes(self) -> list[web.AbstractRouteDef]:
        test = Route(
            "POST",
            "livechat/webhook.test",
            partial(_send_test, self.webhook),
            ("view-livechat-webhooks",),
        )
        documented: list[web.AbstractRouteDef] = [
            web.route(route.method, route.pattern, self._serving(route))
            for route in (*self._calls, test)
        ]
        return [
            *documented,
            web.get("/api/info", self._bound(account.server_info)),
            web.get("/file-upload/{file_id}/{name}", self._bound(files.file_upload)),
            web.get("/data-export/{file_id}", self._bound(files.data_export)),
        ]

    def app(self) -> web.Application:
        app = super().app()
        app.add_routes(
            [
                web.post("/_sandbox/settings", self._post_settings),
                web.post("/_sandbox/rooms/{rid}/{what}", self._post_room),
                # Last, so that every other route comes first.
                web.route("*", "/{path:.*}", self._unknown),
            ]
        )
        app.on_cleanup.append(self._cleanup)
        return app

    def _serving(self, route: Route) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await serve(self, route, request)

        return handle

    def _bound(
        self, answer: Callable[[Workspace, web.Request], Awaitable[web.StreamResponse]]
    ) -> Handler:
        return partial(answer, self)

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        allowed: set[str] = set()
        for resource in request.app.router.resources():
            if resource.canonical != "/{path}" and resource.canonical.startswith("/api/"):
                match, methods = await resource.resolve(request)
                allowed |= methods if match is None else set()
        if not allowed:
            return envelope.unknown_path(self.profile)
        return envelope.wrong_method(self.profile, allowed)

    async def _cleanup(self, _: web.Application) -> None:
        await self.webhook.close()

    async def _post_settings(self, request: web.Request) -> web.Response:
        try:
            self.configure(**json.loads(await request.text()))
        except (TypeError, ValueError) as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)
        return web.json_response({"ok": True, "profile": self.profile})

    async def _post_room(self, request: web.Request) -> web.Response:
        rid, what = request.match_info["rid"], request.match_info["what"]
        options = json.loads(await request.text() or "{}")
        room = self.rooms.get(rid)
        if room is None:
            return web.json_response({"ok": False, "error": "no such room"}, status=404)
        match what:
            case "close_by_visitor":
                self.close_by_visitor(rid)
            case "take":
                self.take(rid, options["username"])
            case "pdf_outcome":
                room.pdf_outcome = options["pdf_outcome"]
            case _:
                return web.json_response({"ok": False, "error": "no such switch"}, status=404)
        self.notify()
        return web.json_response({"ok": True})

    async def _get_effects(self, request: web.Request) -> web.Response:
        self.settle()
        return await super()._get_effects(request)


async def _send_test(webhook: LivechatWebhook, rc: Workspace, call: Call) -> Answer:
    return await send_test(rc, call, webhook)
