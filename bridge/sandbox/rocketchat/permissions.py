"""Which role holds which permission by default, limited to what the emulated routes ask for.

The names and defaults are those of Rocket.Chat's `server/settings/permissions` seed; an administrator may
change every one of them, so a workspace copies this table and tests edit the copy.
"""

from __future__ import annotations

_MANAGERS = frozenset({"livechat-manager", "admin"})
_SUPERVISORS = _MANAGERS | {"livechat-monitor"}
_EVERYONE_AT_THE_DESK = _SUPERVISORS | {"livechat-agent"}

DEFAULTS: dict[str, frozenset[str]] = {
    "view-l-room": _EVERYONE_AT_THE_DESK,
    "close-livechat-room": _EVERYONE_AT_THE_DESK,
    "request-pdf-transcript": _EVERYONE_AT_THE_DESK,
    "close-others-livechat-room": _SUPERVISORS,
    "transfer-livechat-guest": _SUPERVISORS,
    "view-livechat-rooms": _SUPERVISORS,
    "view-livechat-departments": _SUPERVISORS,
    "view-livechat-room-closed-by-another-agent": _SUPERVISORS,
    "view-livechat-room-closed-same-department": _SUPERVISORS,
    "edit-omnichannel-contact": _MANAGERS | {"livechat-agent"},
    # The odd one out: an agent may ask for the PDF but may not schedule the mail.
    "send-omnichannel-chat-transcript": _MANAGERS,
    "manage-livechat-agents": _MANAGERS,
    "view-livechat-manager": _MANAGERS,
    "view-livechat-webhooks": _MANAGERS,
    # Not even a livechat-manager may export: most integrations meet this refusal first.
    "mail-messages": frozenset({"admin"}),
    "view-statistics": frozenset({"admin"}),
    "api-bypass-rate-limit": frozenset({"admin", "bot", "app"}),
}


def default_roles() -> dict[str, set[str]]:
    """Return a fresh permission → roles table for one workspace."""
    return {permission: set(roles) for permission, roles in DEFAULTS.items()}
