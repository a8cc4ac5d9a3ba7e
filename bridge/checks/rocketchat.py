"""Rocket.Chat by its own words: version, whose token it is, what that account may do, how it is limited.

Permissions belong to roles and any administrator may move them, so the workspace's own table is read
(`permissions.listAll`). Where it cannot be, Rocket.Chat's defaults are told as such. Sources:
https://developer.rocket.chat/apidocs and `server/settings/permissions` of Rocket.Chat.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

from bridge.checks.asking import Clocks, Silence, ask
from bridge.checks.report import Row, error, ok, unknown, warning
from bridge.contract import Request, Upstream

MANAGERS = frozenset(("admin", "livechat-manager"))
SUPERVISORS = MANAGERS | {"livechat-monitor"}
AGENTS = SUPERVISORS | {"livechat-agent"}
BYPASSING = frozenset(("admin", "bot", "app"))  # hold api-bypass-rate-limit by default
OLDEST = (6, 4)  # livechat/transcript takes a subject since then
NEWEST = 8


class Need(NamedTuple):
    """Who has a permission by default, and which actions want it for what."""

    roles: frozenset[str]
    actions: tuple[str, ...]
    why: str


NEEDS: Mapping[str, Need] = {
    "close-livechat-room": Need(AGENTS, ("close_room",), "close conversations"),
    "close-others-livechat-room": Need(SUPERVISORS, ("close_room",), "close those of others"),
    "request-pdf-transcript": Need(AGENTS, ("request_pdf_transcript",), "make PDF transcripts"),
    "view-livechat-rooms": Need(
        SUPERVISORS, ("request_pdf_transcript", "export_room"), "see conversations of others"
    ),
    "send-omnichannel-chat-transcript": Need(
        MANAGERS, ("email_transcript", "cancel_email_transcript"), "schedule transcripts by e-mail"
    ),
    "mail-messages": Need(frozenset(("admin",)), ("export_room", "export_messages"), "export"),
    "view-l-room": Need(AGENTS, ("forward_room",), "look at conversations"),
    "transfer-livechat-guest": Need(SUPERVISORS, ("forward_room",), "forward conversations"),
}


async def look(name: str, upstream: Upstream, clocks: Clocks) -> AsyncIterator[Row]:
    """Rows about one workspace."""
    subject = f"Connection {name}"
    info = await ask(upstream.send(Request("GET", "/api/info")))
    if isinstance(info, Silence):
        yield error(subject, f"No answer: {info.why}.", "Check its url, the name and the network.")
        return
    clocks.heed(subject, info)
    version = _version(info.json)
    if not info.ok or version is None:
        yield error(
            subject,
            f"What answers there (status {info.status}) is no Rocket.Chat.",
            "Write the workspace's base address, without /api.",
        )
        return
    yield _about_version(subject, version)
    me = await ask(upstream.send(Request("GET", "/api/v1/me")))
    if isinstance(me, Silence):
        yield error(subject, f"No answer to /me: {me.why}.", "Try again; the network is unsteady.")
        return
    if not me.ok or not isinstance(me.json, dict):
        yield error(
            subject,
            f"The token is refused ({me.error_code or me.status}).",
            "Make a personal access token for the account (Profile, Personal Access Tokens, ignore"
            " two factor) and set user id and token again.",
        )
        return
    account = me.json
    roles = {str(role) for role in account.get("roles") or ()}
    shown = ", ".join(sorted(roles)) or "no role"
    yield ok(subject, f"Signed in as {account.get('username')} ({shown}).")
    if "admin" in roles:
        yield warning(
            subject,
            "The account is an administrator: whoever gets its token has everything.",
            "Use an account with the role livechat-manager, and a role of its own that has"
            " mail-messages.",
        )
    yield _about_email(subject, account)
    yield _about_limit(subject, me.headers, roles)
    async for row in _about_permissions(subject, upstream, roles):
        yield row


def _version(info: Any) -> tuple[int, int] | None:
    said = info.get("version") if isinstance(info, dict) else None
    found = re.match(r"(\d{1,4})\.(\d{1,4})", said) if isinstance(said, str) else None
    return (int(found[1]), int(found[2])) if found else None


def _about_version(subject: str, version: tuple[int, int]) -> Row:
    said = f"Rocket.Chat {version[0]}.{version[1]}."
    if version < OLDEST:
        return warning(subject, f"{said} It is older than the calls.", "Update to 6.4 or newer.")
    if version[0] > NEWEST:
        return warning(
            subject,
            f"{said} The bridge was tested up to {NEWEST}.x.",
            "Try each command once; report what is told wrongly.",
        )
    return ok(subject, said)


def _about_email(subject: str, account: Mapping[str, Any]) -> Row:
    mails = [one for one in account.get("emails") or () if isinstance(one, dict)]
    if not mails:
        return warning(
            subject,
            "The account has no e-mail address: Rocket.Chat mails the link of an export to it.",
            "Give the account an address that somebody reads.",
        )
    if not any(one.get("verified") for one in mails):
        return warning(
            subject,
            "The account's e-mail address is not verified.",
            "Verify it under Administration, Users.",
        )
    return ok(subject, "It has an e-mail address, so links of exports arrive.")


def _about_limit(subject: str, headers: Mapping[str, str], roles: set[str]) -> Row:
    limit = headers.get("x-ratelimit-limit")
    if limit is not None:
        said = f"Limited to {limit} calls per window and route; bursts will wait."
        return ok(subject, said, "If they wait too long, raise that number in Rocket.Chat.")
    by_role = ", ".join(sorted(roles & BYPASSING))
    advice = (
        f"The role {by_role} lifts the limit. The bridge keeps to one without it."
        if by_role
        else ""
    )
    return ok(subject, "It is not rate limited (bypassed, or the limiter is off).", advice)


async def _about_permissions(
    subject: str, upstream: Upstream, roles: set[str]
) -> AsyncIterator[Row]:
    answer = await ask(upstream.send(Request("GET", "/api/v1/permissions.listAll")))
    table = None if isinstance(answer, Silence) or not answer.ok else _granted(answer.json)
    by_default = " by Rocket.Chat's defaults" if table is None else ""
    lacking = [
        (permission, need)
        for permission, need in NEEDS.items()
        if not roles & (need.roles if table is None else table.get(permission, frozenset()))
    ]
    for permission, need in lacking:
        yield warning(
            subject,
            f"It may not {need.why}{by_default}: it lacks {permission}"
            f" ({', '.join(need.actions)}).",
            "An administrator gives one of its roles that permission under Administration,"
            " Permissions, or you leave those actions unused.",
        )
    if not lacking:
        yield ok(subject, f"Its roles have every permission the actions need{by_default}.")
    elif table is None:
        yield unknown(
            subject,
            "The workspace's own table of permissions cannot be read, so these are the defaults.",
        )


def _granted(answer: Any) -> Mapping[str, frozenset[str]] | None:
    rows = answer.get("update") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not rows:
        return None
    return {
        str(row.get("_id")): frozenset(str(role) for role in row.get("roles") or ())
        for row in rows
        if isinstance(row, dict)
    }
