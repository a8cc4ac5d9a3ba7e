"""The visible state as JSON, for the playground and for other processes; no token of anybody in it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict
from typing import Any

from bridge.sandbox.rocketchat.state import Room, User
from bridge.sandbox.rocketchat.workspace import Workspace


def snapshot(rc: Workspace) -> dict[str, Any]:
    """Return the whole workspace as people may see it."""
    return {
        "profile": rc.profile,
        "settings": asdict(rc.settings),
        "rooms": [_room(room) for room in rc.rooms.values()],
        "departments": [known.document() for known in rc.departments.values()],
        "users": [_user(user) for user in rc.users.values()],
        "outbox": [asdict(mail) for mail in rc.outbox],
        "direct_messages": [asdict(message) for message in rc.direct_messages],
    }


def _room(room: Room) -> dict[str, Any]:
    email = room.v.email if room.v else None
    # A copy: what is looked at later must not change because the room did.
    return deepcopy(room.document(with_token=False) | {"email": email, "messages": room.messages})


def _user(user: User) -> dict[str, Any]:
    return user.stub() | {
        "name": user.name,
        "roles": list(user.roles),
        "emails": user.emails(),
        "status": user.status,
        "statusLivechat": user.status_livechat,
    }
