"""Slack by its own words: whose token it is, and which of the needed scopes it has.

`auth.test` answers with the token's scopes in `x-oauth-scopes`
(https://docs.slack.dev/authentication/installing-with-oauth, https://docs.slack.dev/reference/methods/auth.test).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping

from pydantic import SecretStr

from bridge.checks.asking import Clocks, Silence, as_json, ask
from bridge.checks.report import Row, error, ok, unknown, warning
from bridge.ingress.slack.install import SCOPES
from bridge.outbound import Answer, Outbound
from bridge.settings import Slack

WITHOUT: Mapping[str, str] = {
    "app_mentions:read": "mentions of the app in threads are not heard",
    "chat:write": "a final message cannot be posted when a response_url has expired",
    "chat:write.public": "the app must be invited to a channel before it can post there",
    "commands": "there are no slash commands and shortcuts",
    "files:write": "transcripts cannot be brought as files",
    "im:write": "nobody can be told in a direct message when a channel is closed to the app",
    "usergroups:read": "usergroup:S… in BRIDGE_ALLOW and in rules matches nobody",
    "users:read": "a mention cannot be turned into an agent",
    "users:read.email": "a mention cannot be turned into an agent by e-mail",
}
REFUSALS: Mapping[str, str] = {
    "invalid_auth": "Copy the token again from api.slack.com/apps.",
    "not_authed": "Set the token.",
    "token_revoked": "Install the app in the workspace again and copy the new token.",
    "token_expired": "Switch token rotation off for a single workspace, or use OAuth.",
    "account_inactive": "Install the app in the workspace again; it was removed there.",
    "not_allowed_token_type": "This is another kind of token; the bot token begins with xoxb-.",
}


async def look(settings: Slack, outbound: Outbound, clocks: Clocks) -> AsyncIterator[Row]:
    """Rows about the configured tokens."""
    if settings.bot_token is not None:
        async for row in _bot(settings, settings.bot_token, outbound, clocks):
            yield row
    elif settings.client_id:
        yield unknown(
            "Slack",
            "Each workspace has a token of its own, which is tried when it is used.",
            "Open /slack/install of the bridge to add a workspace.",
        )
    else:
        yield unknown("Slack", "It is not set up.", "`bridge check` says how to begin.")
    if settings.app_token is not None:
        yield await _socket(settings, settings.app_token, outbound)


async def _bot(
    settings: Slack, token: SecretStr, outbound: Outbound, clocks: Clocks
) -> AsyncIterator[Row]:
    answer = await ask(_call(settings, "auth.test", token, outbound))
    if isinstance(answer, Silence):
        yield error("Slack", f"No answer: {answer.why}.", "Check the network and slack.api_url.")
        return
    clocks.heed("Slack", answer)
    said = as_json(answer.body)
    if said.get("ok") is not True:
        code = str(said.get("error") or f"status {answer.status}")[:80]
        todo = REFUSALS.get(code, "See https://docs.slack.dev/reference/methods/auth.test.")
        yield error("Slack", f"The bot token is refused: {code}.", todo)
        return
    yield ok("Slack", f"Signed in as {said.get('user')} in {said.get('team')}.")
    given = answer.headers.get("x-oauth-scopes")
    if given is None:
        yield unknown("Slack scopes", "Slack did not say which scopes the token has.")
        return
    scopes = {scope.strip() for scope in given.split(",")}
    missing = [scope for scope in SCOPES if scope not in scopes]
    for scope in missing:
        row = error if scope in ("commands", "chat:write") else warning
        lost = WITHOUT.get(scope, "something will be refused")
        yield row(
            "Slack scopes",
            f"{scope} is missing: {lost}.",
            "Add it under OAuth & Permissions (or push `bridge manifest` again), then reinstall.",
        )
    if not missing:
        yield ok("Slack scopes", f"All {len(SCOPES)} needed scopes are there.")


async def _socket(settings: Slack, token: SecretStr, outbound: Outbound) -> Row:
    answer = await ask(_call(settings, "apps.connections.open", token, outbound))
    if isinstance(answer, Silence):
        return error("Slack sockets", f"No answer: {answer.why}.", "Check the network.")
    said = as_json(answer.body)
    if said.get("ok") is True:
        return ok("Slack sockets", "The app-level token may open a socket.")
    code = str(said.get("error") or f"status {answer.status}")[:80]
    return error(
        "Slack sockets",
        f"The app-level token is refused: {code}.",
        "Make an app-level token with connections:write and switch Socket Mode on.",
    )


def _call(settings: Slack, method: str, token: SecretStr, outbound: Outbound) -> Awaitable[Answer]:
    return outbound.send(
        "POST",
        f"{settings.api_url.rstrip('/')}/{method}",
        headers={
            "Authorization": f"Bearer {token.get_secret_value()}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
        body=b"",
        route=f"POST {method}",
    )
