"""Who and where: users, conversations, usergroups and teams as the reading methods tell them.

https://docs.slack.dev/reference/methods/users.info and its neighbours. An e-mail is there only with the
scope `users:read.email`, a locale only on request, and nobody of another workspace is ever there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from bridge.sandbox.slack.methods import ApiError, Call, method
from bridge.sandbox.slack.model import Channel, Json, User, Usergroup

Row = TypeVar("Row")
READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_KINDS = {"public": "public_channel", "private": "private_channel", "im": "im"}


@method("users.info", "users:read", takes_json=False)
async def users_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.info."""
    user = call.slack.users.get(call.text("user", missing="user_not_found"))
    if user is None or user.team_id != call.team.id:
        raise ApiError("user_not_found")
    return {"user": _user(call, user)}


@method("users.list", "users:read", takes_json=False)
async def users_list(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.list."""
    there = [user for user in call.slack.users.values() if user.team_id == call.team.id]
    page, cursor = _page(call, there)
    return {"members": [_user(call, user) for user in page], **cursor}


@method("users.lookupByEmail", "users:read.email", takes_json=False)
async def users_lookup_by_email(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/users.lookupByEmail."""
    email = call.text("email", missing="users_not_found").lower()
    for user in call.slack.users.values():
        if user.email.lower() == email and user.team_id == call.team.id and not user.deleted:
            return {"user": _user(call, user)}
    raise ApiError("users_not_found")


@method("conversations.open", "im:write", "mpim:write")
async def conversations_open(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.open, for one person."""
    if call.text("channel"):
        return {"channel": {"id": call.channel().id}, "already_open": True, "no_op": True}
    people = call.text("users", missing="users_list_not_supplied").split(",")
    if len(people) != 1:
        raise ApiError(
            "not_enough_users" if not people else "method_not_supported_for_channel_type"
        )
    user = call.slack.users.get(people[0])
    if user is None or user.team_id != call.team.id:
        raise ApiError("user_not_found")
    if user.deleted:
        raise ApiError("user_disabled")
    channel = call.slack.direct(call.team.id, user.id, call.team.bot_user_id)
    return {"channel": {"id": channel.id}}


@method("conversations.info", *READ, takes_json=False)
async def conversations_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.info."""
    return {"channel": _channel(call, call.channel())}


@method("conversations.members", *READ, takes_json=False)
async def conversations_members(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.members."""
    page, cursor = _page(call, call.channel().members)
    return {"members": list(page), **cursor}


@method("conversations.list", *READ, takes_json=False)
async def conversations_list(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/conversations.list."""
    kinds = (call.text("types") or "public_channel").split(",")
    bot = call.team.bot_user_id
    there = [
        channel
        for channel in call.slack.channels.values()
        if channel.team_id == call.team.id
        and _KINDS[channel.kind] in kinds
        and (channel.kind == "public" or bot in channel.members)
        and not (channel.archived and call.flag("exclude_archived"))
    ]
    page, cursor = _page(call, there)
    return {"channels": [_channel(call, channel) for channel in page], **cursor}


@method("usergroups.list", "usergroups:read", takes_json=False)
async def usergroups_list(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/usergroups.list."""
    there = [group for group in call.slack.usergroups.values() if group.team_id == call.team.id]
    return {"usergroups": [_usergroup(group, users=call.flag("include_users")) for group in there]}


@method("usergroups.users.list", "usergroups:read", takes_json=False)
async def usergroups_users_list(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/usergroups.users.list."""
    group = call.slack.usergroups.get(call.text("usergroup", missing="no_such_subteam"))
    if group is None or group.team_id != call.team.id:
        raise ApiError("no_such_subteam")
    return {"users": list(group.users)}


@method("team.info", "team:read", takes_json=False)
async def team_info(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/team.info."""
    team = call.team
    return {"team": {"id": team.id, "name": team.name, "domain": team.domain}}


def _page(call: Call, rows: Sequence[Row]) -> tuple[Sequence[Row], Json]:
    start, limit = call.number("cursor", 0), call.number("limit", 100)
    if not 1 <= limit <= 1000:
        raise ApiError("invalid_limit")
    after = str(start + limit) if start + limit < len(rows) else ""
    return rows[start : start + limit], {"response_metadata": {"next_cursor": after}}


def _user(call: Call, user: User) -> Json:
    scopes = call.token.scopes if call.token else []
    profile = {"real_name": user.real_name, "display_name": user.name}
    if "users:read.email" in scopes and user.email:
        profile["email"] = user.email
    shown: Json = {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name,
        "profile": profile,
    }
    if user.deleted:
        return shown
    shown |= {"tz": user.tz, "tz_label": user.tz, "tz_offset": user.tz_offset}
    shown |= {"is_admin": user.is_admin, "is_bot": user.is_bot, "is_app_user": False}
    if call.flag("include_locale"):
        shown["locale"] = user.locale
    return shown


def _channel(call: Call, channel: Channel) -> Json:
    member = call.team.bot_user_id in channel.members
    shown: Json = {
        "id": channel.id,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "im",
        "is_private": channel.kind != "public",
        "is_archived": channel.archived,
        "context_team_id": channel.team_id,
    }
    if channel.kind == "im":
        other = [user for user in channel.members if user != call.team.bot_user_id]
        return shown | {"user": other[0] if other else ""}
    shown |= {"name": channel.name, "name_normalized": channel.name, "is_member": member}
    return shown | {"num_members": len(channel.members)}


def _usergroup(group: Usergroup, *, users: bool) -> Json:
    shown: Json = {
        "id": group.id,
        "team_id": group.team_id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "user_count": len(group.users),
    }
    return shown | {"users": list(group.users)} if users else shown
