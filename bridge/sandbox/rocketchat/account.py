"""Logging in, looking at oneself, the server's version, and the lists from which targets are picked."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bridge.sandbox.rocketchat.envelope import forbidden, json_answer
from bridge.sandbox.rocketchat.gate import Answer, Call, caller_of
from bridge.sandbox.rocketchat.rooms import page
from bridge.sandbox.rocketchat.state import Profile, User
from bridge.sandbox.rocketchat.workspace import Workspace

VERSIONS: dict[Profile, str] = {"A": "7.0.3", "B": "7.10.1", "C": "8.7.0", "D": "8.9.0-develop"}


async def server_info(rc: Workspace, request: web.Request) -> web.StreamResponse:
    """GET /api/info: no login, no limit, and no patch number unless the caller may see statistics."""
    full = VERSIONS[rc.profile]
    user = caller_of(rc, request)
    body: dict[str, Any] = {
        "version": ".".join(full.split(".")[:2]),
        "minimumClientVersions": {"desktop": "3.9.6", "mobile": "4.39.0"},
        "supportedVersions": {"signed": "sandbox"},
        "cloudWorkspaceId": "sandbox",
    }
    if user is not None and rc.has_permission(user, "view-statistics"):
        body |= {"version": full, "info": {"version": full}}
    return json_answer(body | {"success": True})


async def me(rc: Workspace, call: Call) -> Answer:
    """GET me: whose token this is, with roles and e-mail."""
    del rc
    return _me(call.user)


def _me(user: User) -> dict[str, Any]:
    body: dict[str, Any] = {
        "_id": user.id,
        "name": user.name,
        "username": user.username,
        "emails": user.emails(),
        "roles": list(user.roles),
        "status": user.status,
        "statusConnection": user.status,
        "active": True,
        "utcOffset": user.utc_offset,
        "language": "en",
        "settings": {"preferences": {}},
        "avatarUrl": f"/avatar/{user.username}",
        "services": {"password": {"exists": True}},
    }
    if user.email:
        body["email"] = user.email
    if "livechat-agent" in user.roles:
        body["statusLivechat"] = user.status_livechat
    return body


async def logout(rc: Workspace, call: Call) -> Answer:
    """POST logout: the token that signed this request ends, a personal access token as well."""
    call.user.token = rc.new_token()
    rc.record("logout", call.user.id)
    return {"status": "success", "data": {"message": "You've been logged out!"}}


async def login(rc: Workspace, call: Call) -> Answer:
    """POST login; its failures have a shape of their own, and it is the one place that asks for a code."""
    body: dict[str, Any] = call.body if isinstance(call.body, dict) else {}
    if "resume" in body:
        user = next((u for u in rc.users.values() if u.token == body["resume"]), None)
        if user is None:
            return _not_logged_in(
                rc, 403, "You've been logged out by the server. Please log in again."
            )
        return _logged_in(rc, user)
    wanted = body.get("user") or body.get("username") or body.get("email")
    if isinstance(wanted, dict):
        wanted = wanted.get("username") or wanted.get("email")
    user = next((u for u in rc.users.values() if wanted in (u.username, u.email)), None)
    if user is None or wanted is None:
        return _not_logged_in(rc, "Unauthorized", "Unauthorized")
    if body.get("password") != user.password:
        return _not_logged_in(rc, 403, "Incorrect password")
    if user.totp is not None and body.get("code") != user.totp:
        code = "totp-invalid" if body.get("code") else "totp-required"
        text = "TOTP Invalid" if body.get("code") else "TOTP Required"
        details = {"method": "totp", "codeGenerated": False, "availableMethods": ["totp"]}
        return _not_logged_in(rc, code, text, details)
    return _logged_in(rc, user)


def _logged_in(rc: Workspace, user: User) -> web.Response:
    data = {"userId": user.id, "authToken": user.token, "me": _me(user)}
    body: dict[str, Any] = {"status": "success", "data": data}
    return json_answer(body if rc.profile == "A" else body | {"success": True})


def _not_logged_in(rc: Workspace, error: str | int, text: str, details: Any = None) -> web.Response:
    body: dict[str, Any] = {"status": "error", "error": error, "message": text}
    if details is not None:
        body["details"] = details
    return json_answer(body if rc.profile == "A" else {"success": False} | body, 401)


async def livechat_agents(rc: Workspace, call: Call) -> Answer:
    """GET livechat/users/agent, by name; source `server/api/lib/users.ts`."""
    may = ("transfer-livechat-guest", "edit-omnichannel-contact")
    if not any(rc.has_permission(call.user, permission) for permission in may):
        breaking = rc.settings.breaking_changes_9_0
        raise forbidden(rc.profile, breaking_changes_9_0=breaking)
    query = call.query
    term = (query.get("text") or "").lower()
    agents = [
        agent
        for agent in rc.users.values()
        if "livechat-agent" in agent.roles
        and term in f"{agent.username}\n{agent.name}\n{agent.email or ''}".lower()
        and agent.id != query.get("excludeId")
        and (query.get("onlyAvailable") != "true" or agent.status_livechat == "available")
    ]
    rows = [
        agent.stub()
        | {
            "name": agent.name,
            "status": agent.status,
            "statusLivechat": agent.status_livechat,
            "emails": agent.emails(),
            "livechat": {"maxNumberSimultaneousChat": ""},
            "departments": [d.id for d in rc.departments.values() if agent.username in d.agents],
        }
        for agent in sorted(agents, key=lambda agent: agent.name)
    ]
    return page(rc, query, "users", rows)


async def livechat_departments(rc: Workspace, call: Call) -> Answer:
    """GET livechat/department, by name; source `server/api/lib/departments.ts`."""
    query = call.query
    term = (query.get("text") or "").lower()
    mine = query.get("onlyMyDepartments") == "true"
    rows = [
        department.document()
        for department in sorted(rc.departments.values(), key=lambda known: known.name)
        if term in department.name.lower()
        and (query.get("enabled") != "true" or department.enabled)
        and department.id != query.get("excludeDepartmentId")
        and (not mine or call.user.username in department.agents)
    ]
    return page(rc, query, "departments", rows)
