"""The Slack app's manifest, generated from the actions and the settings, and a lint for it.

Slack refuses a whole `slash_commands` list for one bad name, and answers an unknown event or a missing
scope only when somebody meets it; so the manifest is checked before it is given away. Source:
https://docs.slack.dev/reference/app-manifest.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from bridge.contract import Action
from bridge.surfaces.help import commands
from bridge.surfaces.usage import summary

Manifest = dict[str, Any]

NAME = "Deskbridge"
DESCRIPTION = "Close, transfer and export customer conversations, and get their transcripts."
EVENTS = ("app_mention", "app_uninstalled", "tokens_revoked")
MOST_COMMANDS = 50
MOST_SHORTCUTS = 10

# Commands of Slack itself; an app that asks for one of them loses its whole list.
RESERVED = frozenset(
    "/" + name
    for name in [
        "active",
        "apps",
        "archive",
        "away",
        "call",
        "collapse",
        "dm",
        "dnd",
        "expand",
        "feed",
        "feedback",
        "help",
        "invite",
        "invite_people",
        "join",
        "kick",
        "leave",
        "me",
        "msg",
        "mute",
        "open",
        "people",
        "pref",
        "prefs",
        "remind",
        "remove",
        "rename",
        "search",
        "shortcuts",
        "shrug",
        "star",
        "status",
        "topic",
        "unarchive",
        "who",
    ]
)
NEEDED_SCOPES: Mapping[str, str] = {
    "app_mention": "app_mentions:read",
    "slash_commands": "commands",
}
_COMMAND = re.compile(r"/[a-z0-9_-]{1,31}")


def manifest_of(
    actions: Collection[type[Action]],
    *,
    public_url: str,
    scopes: Sequence[str],
    names: Mapping[str, str] | None = None,
    socket_mode: bool = False,
    many_workspaces: bool = False,
    console_sign_in: bool = False,
) -> Manifest:
    """The manifest as Slack takes it (v2). `public_url` is not needed with Socket Mode."""
    base = public_url.rstrip("/")
    door = {} if socket_mode else {"url": f"{base}/slack/events"}
    slash = [
        {
            "command": one.name,
            **door,
            "description": one.description[:2000],
            "usage_hint": one.usage_hint[:1000],
            "should_escape": True,
        }
        for one in commands(actions, names)
    ]
    shortcuts = [
        {"name": NAME, "type": "global", "callback_id": "bridge", "description": DESCRIPTION[:150]}
    ]
    shortcuts += [
        {
            "name": action.title[:24],
            "type": "message",
            "callback_id": action.id,
            "description": summary(action)[:150],
        }
        for action in actions
    ][: MOST_SHORTCUTS - 1]
    interactivity: Manifest = {"is_enabled": True}
    events: Manifest = {"bot_events": list(EVENTS)}
    oauth: Manifest = {"scopes": {"bot": list(scopes)}}
    if not socket_mode:
        interactivity["request_url"] = interactivity["message_menu_options_url"] = door["url"]
        events["request_url"] = door["url"]
    # Slack sends nobody back to an address that the app does not list
    back = {"/slack/oauth_redirect": many_workspaces, "/console/slack/back": console_sign_in}
    if redirects := [base + path for path, wanted in back.items() if wanted]:
        oauth["redirect_urls"] = redirects
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": NAME,
            "description": DESCRIPTION[:140],
            "background_color": "#12343b",
        },
        "features": {
            "bot_user": {"display_name": NAME.lower(), "always_online": True},
            "slash_commands": slash,
            "shortcuts": shortcuts,
        },
        "oauth_config": oauth,
        "settings": {
            "interactivity": interactivity,
            "event_subscriptions": events,
            "org_deploy_enabled": many_workspaces,
            "socket_mode_enabled": socket_mode,
            "token_rotation_enabled": False,
        },
    }


def lint(manifest: Manifest) -> Iterator[str]:
    """A sentence for each thing that Slack would refuse or that would not work."""
    features = manifest["features"]
    scopes = manifest["oauth_config"]["scopes"]["bot"]
    slash = features["slash_commands"]
    names = [one["command"] for one in slash]
    if len(names) > MOST_COMMANDS:
        yield f"{len(names)} commands; Slack takes {MOST_COMMANDS}."
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name} is there twice. Give one of them another name in slack.commands."
    for name in names:
        if name in RESERVED:
            yield f"{name} belongs to Slack, which refuses all commands for it. Rename it."
        elif not _COMMAND.fullmatch(name):
            yield f"{name} is no command name: / and up to 31 of a-z, 0-9, - and _."
    if len(features["shortcuts"]) > MOST_SHORTCUTS:
        yield f"{len(features['shortcuts'])} shortcuts; Slack takes {MOST_SHORTCUTS}."
    used = [*manifest["settings"]["event_subscriptions"]["bot_events"], "slash_commands"]
    for feature in used:
        needed = NEEDED_SCOPES.get(feature)
        if needed and needed not in scopes:
            yield f"{feature} needs the scope {needed}."
    for url in _urls(manifest):
        if not url.startswith("https://"):
            yield f"Slack calls https addresses only, not {url or 'an empty one'}. Set PUBLIC_URL."
            break


def _urls(manifest: Manifest) -> Iterator[str]:
    if not manifest["settings"]["socket_mode_enabled"]:
        yield manifest["settings"]["interactivity"]["request_url"]
    yield from manifest["oauth_config"].get("redirect_urls", ())
