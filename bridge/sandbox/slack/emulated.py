"""The emulated Slack as one server and one object: what tests hold and the playground shows."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from aiohttp import web

from bridge.sandbox.emulator import Handler
from bridge.sandbox.slack import chat, directory, files, install, manifest, openid, sockets, views
from bridge.sandbox.slack.methods import WebApi
from bridge.sandbox.slack.model import Json, Message, View
from bridge.sandbox.slack.remote import Remote
from bridge.sandbox.slack.response_url import ResponseUrls
from bridge.sandbox.slack.workspace import Switches

# Named so that each registers its methods.
METHOD_MODULES = (chat, directory, files, install, manifest, openid, sockets, views)


class Slack(
    Remote,
    sockets.Sockets,
    WebApi,
    ResponseUrls,
    files.Files,
    install.Consent,
    openid.OpenId,
):
    """People who type and click, and the Web API the bridge calls; both halves share one state."""

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            *self.method_routes(),
            web.post("/commands/{team}/{at}/{secret}", self.post_to_hook),
            web.post("/actions/{team}/{at}/{secret}", self.post_to_hook),
            web.post("/upload/v1/{file}", self.receive_file),
            web.get("/files-pri/{file}/{name}", self.give_file),
            web.get("/oauth/v2/authorize", self.consent_page),
            web.get("/openid/connect/authorize", self.consent_page),
            web.get("/openid/connect/keys", self.keys),
            web.get("/.well-known/openid-configuration", self.configuration),
            web.get("/link/", self.link),
            web.post("/_sandbox/act/{gesture}", self.act),
            web.get("/_sandbox/settings", self._get_settings),
            web.post("/_sandbox/settings", self._post_settings),
        ]

    async def _get_settings(self, _: web.Request) -> web.Response:
        return web.json_response(asdict(self.settings))

    async def _post_settings(self, request: web.Request) -> web.Response:
        """Change switches, or where the bridge listens, from another process."""
        wanted: Json = await request.json()
        known = {item.name for item in fields(Switches)}
        for name, value in wanted.items():
            if name in known:
                setattr(self.settings, name, value)
            elif name in {"bridge_url", "public_url", "signing_secret"}:
                setattr(self, name, str(value).rstrip("/"))
            else:
                return web.json_response({"ok": False, "error": f"no switch {name}"}, status=400)
        self.notify()
        return web.json_response({"ok": True, **asdict(self.settings)})

    def snapshot(self) -> dict[str, Any]:
        return {
            "settings": asdict(self.settings),
            "teams": [asdict(team) for team in self.teams.values()],
            "users": [asdict(user) for user in self.users.values()],
            "channels": [asdict(channel) for channel in self.channels.values()],
            "usergroups": [asdict(group) for group in self.usergroups.values()],
            "messages": [self._message_row(m) for m in self.all_messages if not m.deleted],
            "views": {
                user: [self._view_row(self.views[view_id]) for view_id in stack]
                for user, stack in self.stacks.items()
                if stack
            },
            "homes": {user: self._view_row(view) for user, view in self.homes.items()},
            "commands": self._commands_known(),
            "files": [
                {
                    "id": file.id,
                    "name": file.name,
                    "title": file.title,
                    "size": file.length,
                    "channels": file.channels,
                }
                for file in self.files.values()
                if file.completed
            ],
            "rejected": self.rejected[-20:],
        }

    def _commands_known(self) -> list[Json]:
        """The commands of the manifest that was pushed, for completion while typing."""
        manifest = self.manifests.get(self.app_id, {})
        return list(manifest.get("features", {}).get("slash_commands", []))

    def _message_row(self, message: Message) -> Json:
        reading = self.read(message)
        author = self.users.get(message.user)
        return {
            "ts": message.ts,
            "channel": message.channel,
            "thread_ts": message.thread_ts,
            "user": message.user,
            "name": author.real_name if author else "Slackbot",
            "is_bot": author is None or author.is_bot,
            "ephemeral_to": message.ephemeral_to,
            "edited": message.edited,
            "text": message.text,
            "visible": reading.text,
            "pings": reading.pings,
            "links": [asdict(link) for link in reading.links],
            "blocks": message.blocks,
            "attachments": message.attachments,
            "files": [{"id": f.id, "name": f.name} for f in message.files],
            "via": message.via,
        }

    def _view_row(self, view: View) -> Json:
        return view.as_json() | {"errors": view.errors, "warning": view.warning}

    @web.middleware
    async def _observe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """As everywhere, except that a file's bytes are no text and are logged by their number."""
        if not request.path.startswith(("/upload/", "/files-pri/")):
            return await super()._observe(request, handler)
        resource = request.match_info.route.resource
        pattern = resource.canonical if resource is not None else request.path
        started, raw = self.clock(), await request.read()
        route = f"{request.method} {pattern}"
        response = await self._answer(request, handler, self._take_fault(route))
        self._write_down(request, pattern, started, f"<{len(raw)} bytes>", response.status)
        return response
