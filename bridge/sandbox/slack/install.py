"""Installing the app by OAuth: the consent page, the code, the tokens, rotation and revocation.

https://docs.slack.dev/authentication/installing-with-oauth and
https://docs.slack.dev/authentication/using-token-rotation. A code is good for ten minutes and one use; with
rotation a bot token lives twelve hours.
"""

from __future__ import annotations

from html import escape as html
from urllib.parse import urlencode

from aiohttp import web

from bridge.sandbox.slack import seed
from bridge.sandbox.slack.methods import ApiError, Call, method
from bridge.sandbox.slack.model import Grant, Json, Team, Token, User
from bridge.sandbox.slack.workspace import Workspace

CODE_S, TOKEN_S = 600, 43_200


class Consent(Workspace):
    """The pages a browser is sent to, and the same for tests without a browser."""

    def grant(
        self, user: str, redirect_uri: str, scope: str, state: str = "", nonce: str = ""
    ) -> str:
        """Say yes as `user`: the address Slack sends the browser back to."""
        who = self.user(user)
        code = self.new_id("code-").lower()
        self.grants[code] = Grant(code, who.id, redirect_uri, scope, nonce, self.clock())
        join = "&" if "?" in redirect_uri else "?"
        return f"{redirect_uri}{join}{urlencode({'code': code, 'state': state})}"

    def leads_back(self, redirect_uri: str) -> bool:
        """Whether the pushed manifest has this address, or one that it lies below; any before a push."""
        manifest = self.manifests.get(self.app_id)
        if manifest is None:
            return True
        given = redirect_uri.partition("?")[0]
        listed = manifest.get("oauth_config", {}).get("redirect_urls", [])
        return any(given == url or given.startswith(f"{url.rstrip('/')}/") for url in listed)

    async def consent_page(self, request: web.Request) -> web.Response:
        """Ask who is there and whether they agree; `?as=<user>` agrees at once."""
        asked = request.query
        if asked.get("client_id") != self.client_id:
            return web.Response(status=400, text="invalid_client_id")
        redirect_uri, state = asked.get("redirect_uri", ""), asked.get("state", "")
        if not redirect_uri or not self.leads_back(redirect_uri):
            return web.Response(status=400, text="bad_redirect_uri")
        if asked.get("deny"):
            denied = urlencode({"error": "access_denied", "state": state})
            raise web.HTTPFound(f"{redirect_uri}?{denied}")
        if asked.get("as"):
            scope, nonce = asked.get("scope", ""), asked.get("nonce", "")
            raise web.HTTPFound(self.grant(asked["as"], redirect_uri, scope, state, nonce))
        people = [user for user in self.users.values() if not user.is_bot]
        page = "".join(_choice(request, self.teams[user.team_id], user) for user in people)
        title = "<!doctype html><title>Allow Deskbridge?</title>"
        deny = f'<p><a href="?{html(request.query_string)}&amp;deny=1">Cancel</a></p>'
        body = f"{title}<h1>Allow Deskbridge?</h1><ul>{page}</ul>{deny}"
        return web.Response(text=body, content_type="text/html")


def _choice(request: web.Request, team: Team, user: User) -> str:
    query = html(f"?{request.query_string}&as={user.id}")
    label = html(f"{user.real_name} of {team.name}")
    return f'<li><a href="{query}">{label}</a></li>'


@method("oauth.v2.access", takes_json=False, needs_token=False)
async def oauth_v2_access(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/oauth.v2.access."""
    check_client(call)
    if call.text("grant_type") == "refresh_token":
        return _refreshed(call)
    grant = take_code(call)
    slack = call.slack
    user = slack.users[grant.user]
    team = slack.teams[user.team_id]
    team.installed = True
    scopes = [scope for scope in grant.scope.split(",") if scope] or list(seed.SCOPES)
    bot = _new_bot_token(call, team, scopes)
    slack.record("install_app", team.id, user=user.id, scopes=scopes)
    grid = {"id": team.enterprise_id, "name": team.enterprise_name}
    return {
        "app_id": slack.app_id,
        "authed_user": {"id": user.id},
        "scope": ",".join(scopes),
        "token_type": "bot",
        "bot_user_id": team.bot_user_id,
        "team": {"id": team.id, "name": team.name},
        "enterprise": grid if team.enterprise_id else None,
        "is_enterprise_install": False,
        **bot,
    }


@method("auth.revoke", takes_json=False)
async def auth_revoke(call: Call) -> Json:
    """https://docs.slack.dev/reference/methods/auth.revoke."""
    if call.token is not None and not call.flag("test"):
        call.token.revoked = True
    return {"revoked": not call.flag("test")}


def check_client(call: Call) -> None:
    """Refuse all but the app itself, known by Basic authentication or by two arguments."""
    given = call.basic if call.basic[0] else (call.text("client_id"), call.text("client_secret"))
    if given[0] != call.slack.client_id:
        raise ApiError("invalid_client_id")
    if given[1] != call.slack.client_secret:
        raise ApiError("bad_client_secret")


def take_code(call: Call) -> Grant:
    """Use a code up."""
    grant = call.slack.grants.get(call.text("code", missing="invalid_code"))
    if grant is None or call.slack.clock() - grant.issued > CODE_S:
        raise ApiError("invalid_code")
    if grant.used:
        raise ApiError("code_already_used")
    redirect_uri = call.text("redirect_uri")
    if redirect_uri and redirect_uri != grant.redirect_uri:
        raise ApiError("bad_redirect_uri")
    grant.used = True
    return grant


def _new_bot_token(call: Call, team: Team, scopes: list[str]) -> Json:
    slack = call.slack
    rotating = slack.settings.token_rotation
    value = slack.new_id("xoxe.xoxb-" if rotating else "xoxb-").lower()
    token = Token(value, team.id, "bot", scopes, team.bot_user_id)
    slack.tokens[value] = token
    if not rotating:
        return {"access_token": value}
    token.expires_at = slack.clock() + TOKEN_S
    refresh = slack.new_id("xoxe-").lower()
    slack.refreshes[refresh] = token
    return {"access_token": value, "refresh_token": refresh, "expires_in": TOKEN_S}


def _refreshed(call: Call) -> Json:
    old = call.slack.refreshes.pop(call.text("refresh_token"), None)
    if old is None:
        raise ApiError("invalid_refresh_token")
    team = call.slack.teams[old.team_id]
    return {
        "app_id": call.slack.app_id,
        "scope": ",".join(old.scopes),
        "token_type": "bot",
        "bot_user_id": team.bot_user_id,
        "team": {"id": team.id, "name": team.name},
        "enterprise": None,
        "is_enterprise_install": False,
        **_new_bot_token(call, team, old.scopes),
    }
