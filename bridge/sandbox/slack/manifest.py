"""App manifests: checked as Slack checks them, then kept.

https://docs.slack.dev/reference/app-manifest. One bad command name refuses all of them with one sentence,
an empty list of commands is refused too, and Slack's own commands cannot be taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from bridge.sandbox.slack.methods import ApiError, Call, method
from bridge.sandbox.slack.model import Json

BUILT_IN = frozenset(
    [
        "/me",
        "/status",
        "/away",
        "/active",
        "/dnd",
        "/shrug",
        "/remind",
        "/msg",
        "/dm",
        "/feed",
        "/who",
        "/collapse",
        "/expand",
        "/leave",
        "/join",
        "/open",
        "/search",
        "/topic",
        "/mute",
        "/shortcuts",
        "/archive",
        "/invite",
        "/rename",
        "/remove",
        "/apps",
        "/call",
        "/star",
    ]
)
SCOPE_OF_EVENT = {
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "message.channels": "channels:history",
    "link_shared": "links:read",
}
INVALID_NAME = "the slash command has an invalid name"


@method("apps.manifest.validate", kinds=("config",))
async def validate(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/apps.manifest.validate."""
    _manifest(call)
    return {}


@method("apps.manifest.create", "app_configurations:write", kinds=("config",))
async def create(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/apps.manifest.create."""
    manifest = _manifest(call)
    app_id = call.slack.new_id("A0")
    _keep(call, app_id, manifest)
    here = call.slack.public_url
    return {
        "app_id": app_id,
        "credentials": {
            "client_id": call.slack.client_id,
            "client_secret": call.slack.client_secret,
            "verification_token": "sandbox",
            "signing_secret": call.slack.signing_secret,
        },
        "oauth_authorize_url": f"{here}/oauth/v2/authorize?client_id={call.slack.client_id}",
    }


@method("apps.manifest.update", "app_configurations:write", kinds=("config",))
async def update(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/apps.manifest.update."""
    app_id = call.text("app_id", missing="invalid_app_id")
    if app_id != call.slack.app_id and app_id not in call.slack.manifests:
        raise ApiError("invalid_app_id")
    manifest = _manifest(call)
    before = call.slack.manifests.get(app_id, {})
    _keep(call, app_id, manifest)
    scopes = [m.get("oauth_config", {}).get("scopes") for m in (before, manifest)]
    return {"app_id": app_id, "permissions_updated": scopes[0] != scopes[1]}


@method("apps.manifest.export", "app_configurations:read", kinds=("config",))
async def export(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/apps.manifest.export."""
    manifest = call.slack.manifests.get(call.text("app_id", missing="invalid_app_id"))
    if manifest is None:
        raise ApiError("invalid_app_id")
    return {"manifest": manifest}


def _keep(call: Call, app_id: str, manifest: Json) -> None:
    call.slack.manifests[app_id] = manifest
    for command in manifest.get("features", {}).get("slash_commands", []):
        escapes = bool(command.get("should_escape"))
        call.slack.should_escape_of[command["command"]] = escapes
    call.slack.record("push_manifest", app_id, name=manifest["display_information"]["name"])


def _manifest(call: Call) -> Json:
    manifest = call.json("manifest", "invalid_manifest")
    found = (
        [{"message": message, "pointer": pointer} for message, pointer in problems(manifest)]
        if isinstance(manifest, dict)
        else [{"message": "must be an object", "pointer": "/"}]
    )
    if found:
        raise ApiError("invalid_manifest", errors=found)
    return dict(manifest)


def problems(manifest: Json) -> Iterator[tuple[str, str]]:
    """Each reason to refuse a manifest, with the spot it is at."""
    about = manifest.get("display_information", {})
    yield from _length(about.get("name"), 35, "/display_information/name", required=True)
    yield from _length(about.get("description"), 140, "/display_information/description")
    color = about.get("background_color")
    if color is not None and not re.fullmatch(r"#(?:[0-9a-fA-F]{3}){1,2}", str(color)):
        yield "must be a hex color", "/display_information/background_color"
    settings, features = manifest.get("settings", {}), manifest.get("features", {})
    socket = bool(settings.get("socket_mode_enabled"))
    yield from _commands(features.get("slash_commands"), socket=socket)
    yield from _shortcuts(features.get("shortcuts"))
    yield from _settings(manifest, settings, socket=socket)
    if len(json.dumps(manifest)) > 1_000_000:
        yield "manifest too large", "/"


def _commands(commands: Any, *, socket: bool) -> Iterator[tuple[str, str]]:
    where = "/features/slash_commands"
    if commands is None:
        return
    if not commands:
        yield "must have at least 1 item", where
    if len(commands) > 50:
        yield "no more than 50 items allowed", where
    names = [str(command.get("command")) for command in commands]
    good = [re.fullmatch(r"/[a-z0-9_-]{1,31}", n) is not None and n not in BUILT_IN for n in names]
    if not all(good):
        yield INVALID_NAME, where
    if len(set(names)) < len(names):
        yield "duplicate slash command", where
    for index, command in enumerate(commands):
        spot = f"{where}/{index}"
        yield from _length(command.get("description"), 2000, f"{spot}/description", required=True)
        yield from _length(command.get("usage_hint"), 1000, f"{spot}/usage_hint")
        if not socket and not _is_address(command.get("url")):
            yield "must be a valid URL", f"{spot}/url"


def _shortcuts(shortcuts: Any) -> Iterator[tuple[str, str]]:
    where = "/features/shortcuts"
    if shortcuts is None:
        return
    if not 1 <= len(shortcuts) <= 10:
        yield "must have 1 to 10 items", where
    for index, shortcut in enumerate(shortcuts):
        spot = f"{where}/{index}"
        if shortcut.get("type") not in {"message", "global"}:
            yield "must be message or global", f"{spot}/type"
        yield from _length(shortcut.get("name"), 24, f"{spot}/name", required=True)
        yield from _length(shortcut.get("callback_id"), 255, f"{spot}/callback_id", required=True)
        yield from _length(shortcut.get("description"), 150, f"{spot}/description", required=True)


def _settings(manifest: Json, settings: Json, *, socket: bool) -> Iterator[tuple[str, str]]:
    oauth = manifest.get("oauth_config", {})
    scopes = oauth.get("scopes", {}).get("bot", [])
    features = manifest.get("features", {})
    if features.get("slash_commands") and "commands" not in scopes:
        yield "slash commands need the scope commands", "/oauth_config/scopes/bot"
    if scopes and "bot_user" not in features:
        yield "bot scopes need a bot user", "/features/bot_user"
    events = settings.get("event_subscriptions", {})
    for event in events.get("bot_events", []):
        needed = SCOPE_OF_EVENT.get(event)
        if needed and needed not in scopes:
            yield f"{event} needs the scope {needed}", "/settings/event_subscriptions/bot_events"
    for part in ("interactivity", "event_subscriptions"):
        active = settings.get(part, {})
        wanted = active.get("is_enabled") or active.get("bot_events")
        if wanted and not socket and not _is_address(active.get("request_url")):
            yield "must be a valid URL", f"/settings/{part}/request_url"
    for index, url in enumerate(oauth.get("redirect_urls", [])):
        if not _is_address(url):
            yield "must be a valid URL", f"/oauth_config/redirect_urls/{index}"


def _is_address(url: Any) -> bool:
    return isinstance(url, str) and re.match(r"https://[^/\s]+", url) is not None


def _length(
    value: Any, most: int, where: str, *, required: bool = False
) -> Iterator[tuple[str, str]]:
    if value is None or value == "":
        if required:
            yield "missing required field", where
    elif len(str(value)) > most:
        yield f"must be less than {most + 1} characters", where
