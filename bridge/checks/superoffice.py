"""SuperOffice by its own words: does the tenant run, who are we there, and can that user transfer a chat.

Sources: docs.superoffice.com, v1User_GetCurrentPrincipal and best-practices/tenant-status.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from yarl import URL

from bridge.checks.asking import Clocks, Silence, as_json, ask
from bridge.checks.report import Row, error, ok, warning
from bridge.contract import Request, Upstream
from bridge.outbound import Outbound
from bridge.settings import SuperOffice
from bridge.upstreams.superoffice.tenant import TENANT, login_base


async def look(
    name: str, settings: SuperOffice, upstream: Upstream, outbound: Outbound, clocks: Clocks
) -> AsyncIterator[Row]:
    """Rows about one tenant or one onsite installation."""
    subject = f"Connection {name}"
    if settings.tenant:
        row = await _state(subject, settings, outbound)
        yield row
        if row.todo:
            return
    me = await ask(upstream.send(Request("GET", "/api/v1/User/currentPrincipal")))
    if isinstance(me, Silence):
        yield error(subject, f"No answer: {me.why}.", "Check its url or tenant, and the network.")
        return
    clocks.heed(subject, me)
    if not me.ok or not isinstance(me.json, dict):
        yield error(
            subject,
            f"The sign-in is refused ({me.error_code or me.status}).",
            "Renew the credential: a ticket ends after hours, an access token after an hour; client"
            " id, secret and refresh token renew themselves.",
        )
        return
    for row in _principal(subject, me.json):
        yield row


async def _state(subject: str, settings: SuperOffice, outbound: Outbound) -> Row:
    if not TENANT.fullmatch(settings.tenant):
        return error(subject, "The tenant's name cannot be one.", "Write it as Cust12345.")
    url = URL(f"{login_base(settings)}/api/state/{settings.tenant}", encoded=True)
    answer = await ask(
        outbound.send(
            "GET", url, headers={"Accept": "application/json"}, route="GET /api/state/{tenant}"
        )
    )
    if isinstance(answer, Silence):
        return error(
            subject, f"The tenant's state cannot be read: {answer.why}.", "Check the network."
        )
    said = as_json(answer.body)
    if answer.status == 404 or not said:
        return error(
            subject,
            f"There is no tenant {settings.tenant} in {settings.environment}.",
            "Check SUPEROFFICE_TENANT and SUPEROFFICE_ENVIRONMENT (sod, qaonline or online).",
        )
    state = str(said.get("State") or "Unknown")[:40]
    if not said.get("IsRunning"):
        return error(
            subject,
            f"The tenant is not running: {state}.",
            "Wait for the end of its maintenance; jobs wait too. If it was moved or suspended, ask"
            " SuperOffice.",
        )
    return ok(subject, f"The tenant runs ({state}).")


def _principal(subject: str, me: Mapping[str, Any]) -> list[Row]:
    who = str(me.get("FullName") or me.get("UserName") or me.get("Associate") or "somebody")[:80]
    rows = [ok(subject, f"Signed in as {who} (associate {me.get('AssociateId')}).")]
    if me.get("UserType") == "SystemAssociate":
        rows.append(
            warning(
                subject,
                "This is a system user. SuperOffice lets only a chat's own agent transfer it; for"
                " anybody else a transfer changes nothing.",
                "Sign in as the agent whose chats are transferred: client id, secret and that"
                " person's refresh token.",
            )
        )
    elif not me.get("EjUserId"):
        rows.append(
            warning(
                subject,
                "This user is no chat user, so no chat is theirs to transfer.",
                "Give the user a Service licence and the chat role, or sign in as an agent.",
            )
        )
    return rows
