"""What the page knows of each system: its visible state as JSON, cut to what is looked at.

Taken from the emulators' own snapshots, so no credential of anybody is in it; personal data is, because
everybody in the sandbox is invented.
"""

from __future__ import annotations

from typing import Any, Final

from bridge.sandbox.playground.switches import Switches
from bridge.sandbox.slack import seed
from bridge.sandbox.stack import Sandbox

MESSAGES: Final = 250
MAILS: Final = 40
EFFECTS: Final = 200
PEOPLE: Final = (
    (seed.ANNA, "agent", "May run every command."),
    (seed.MIA, "manager", "May run every command."),
    (seed.SAM, "stranger", "May run nothing, and is told why."),
)
PLACES: Final = (seed.SUPPORT, seed.VIP, seed.RANDOM, seed.DM)


def section(sandbox: Sandbox, switches: Switches, name: str) -> dict[str, Any]:
    """One system's state; every system also tells its switches and what really happened in it."""
    found = {"slack": _slack, "rocketchat": _rocketchat, "superoffice": _superoffice}[name](sandbox)
    emulator = next(one for one in sandbox.emulators if one.name == name)
    happened = [[e.kind, e.subject, e.at] for e in emulator.effects[-EFFECTS:]]
    mine = [switch for switch in switches.as_json() if switch["system"] == name]
    return found | {"effects": happened, "switches": mine}


def people(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Who one can be."""
    return [
        {
            "id": user_id,
            "name": sandbox.slack.user(user_id).real_name,
            "handle": sandbox.slack.user(user_id).name,
            "role": role,
            "about": about,
        }
        for user_id, role, about in PEOPLE
    ]


def places(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Where one can write."""
    return [
        {
            "id": channel.id,
            "name": channel.name or "Deskbridge",
            "kind": channel.kind,
            "members": channel.members,
            "bridge_is_here": seed.BOT in channel.members,
        }
        for channel in (sandbox.slack.channel(place) for place in PLACES)
    ]


def _slack(sandbox: Sandbox) -> dict[str, Any]:
    shown = sandbox.slack.snapshot()
    here = [m for m in shown["messages"] if m["channel"] in _own_channels(sandbox)]
    return {
        "messages": here[-MESSAGES:],
        "views": shown["views"],
        "names": sandbox.slack.names(),
        "files": {file["id"]: file for file in shown["files"]},
        "direct": {
            channel.id: channel.members
            for channel in sandbox.slack.channels.values()
            if channel.kind == "im" and seed.BOT in channel.members
        },
    }


def _own_channels(sandbox: Sandbox) -> set[str]:
    return {c.id for c in sandbox.slack.channels.values() if c.team_id == seed.TEAM}


def _rocketchat(sandbox: Sandbox) -> dict[str, Any]:
    shown = sandbox.rocketchat.snapshot()
    departments = {one["_id"]: one["name"] for one in shown["departments"]}
    return {
        "rooms": [
            room | {"department": departments.get(room.get("departmentId", ""), "")}
            for room in shown["rooms"]
            if room["t"] == "l"
        ],
        "outbox": shown["outbox"][-MAILS:],
        "version": shown["profile"],
    }


def _superoffice(sandbox: Sandbox) -> dict[str, Any]:
    shown = sandbox.superoffice.snapshot()
    topics = {one["topic_id"]: one["name"] for one in shown["topics"]}
    sessions = [one | {"topic": topics.get(one["topic_id"], "")} for one in shown["sessions"]]
    return {"sessions": sessions, "associates": shown["associates"]}
