"""Whose credential it is: each upstream is asked who signs in with it, before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from bridge.contract import Request, Response, Unsent, Upstream
from bridge.outbound import Outbound
from bridge.settings import RocketChat, SuperOffice
from bridge.upstreams import Credential, connect
from bridge.upstreams.superoffice import consent

ME = Request("GET", "/api/v1/me")
LOGOUT = Request("POST", "/api/v1/logout", write=True)
PRINCIPAL = Request("GET", "/api/v1/User/currentPrincipal")


@dataclass(frozen=True, slots=True)
class Account:
    """Who somebody is upstream."""

    id: str
    name: str
    emails: frozenset[str]  # verified there, lower case


async def of_rocketchat(
    name: str, settings: RocketChat, outbound: Outbound, user_id: str, token: SecretStr
) -> Account | None:
    """Whose token it is; None when it is not accepted. Raises `Unsent` or `Lost`.

    Source: https://developer.rocket.chat/apidocs/get-profile-information
    """
    headers = {"X-User-Id": SecretStr(user_id), "X-Auth-Token": token}
    answer = await _client(name, settings, outbound, Credential(headers)).send(ME, person="it")
    said = _object(answer)
    if not said.get("_id") or not isinstance(said.get("username"), str):
        return None
    emails = [one for one in said.get("emails") or () if isinstance(one, dict)]
    verified = [one.get("address") for one in emails if one.get("verified") is True]
    return Account(str(said["_id"]), said["username"], _addresses(verified))


async def end_token(
    name: str, settings: RocketChat, outbound: Outbound, held: Mapping[str, str]
) -> bool:
    """End a linked token; whether Rocket.Chat was then seen to refuse it. Raises `Unsent` or `Lost`.

    Removing it by its name asks for a second factor and for a name nobody told us, logging out with it
    does not. Source: https://developer.rocket.chat/apidocs/logout
    """
    signed = {
        "X-User-Id": SecretStr(held["user_id"]),
        "X-Auth-Token": SecretStr(held["auth_token"]),
    }
    client = _client(name, settings, outbound, Credential(signed))
    await client.send(LOGOUT, person="it")
    return (await client.send(ME, person="it")).status == 401


async def of_superoffice(
    name: str, settings: SuperOffice, outbound: Outbound, access_token: SecretStr
) -> Account | None:
    """Whose token it is, asked at this very tenant. Raises `Unsent` or `Lost`.

    Source: https://docs.superoffice.com/en/api/reference/restful/rest/User/v1User_GetCurrentPrincipal.html
    """
    client = _client(name, settings, outbound, consent.bearer(access_token))
    said = _object(await client.send(PRINCIPAL, person="it"))
    if not isinstance(said.get("AssociateId"), int) or not said["AssociateId"]:
        return None
    tenant = str(said.get("DatabaseContextIdentifier") or settings.tenant)
    if settings.tenant and tenant.lower() != settings.tenant.lower():
        return None
    shown = next((said[key] for key in ("FullName", "Associate") if said.get(key)), "")
    return Account(str(said["AssociateId"]), str(shown), _addresses([said.get("EMailAddress")]))


def _client(
    name: str, settings: RocketChat | SuperOffice, outbound: Outbound, credential: Credential
) -> Upstream:
    async def this_one(connection: str, person: str) -> Credential:
        del connection, person
        return credential

    return connect(name, settings, outbound, credentials=this_one)


def _object(answer: Response) -> dict[str, Any]:
    """What was answered. Raises `Unsent` for what says nothing about the credential."""
    if answer.status >= 500 or answer.status == 429 or 300 <= answer.status < 400:
        raise Unsent(f"it answered {answer.status}")
    return answer.json if answer.ok and isinstance(answer.json, dict) else {}


def _addresses(values: list[Any]) -> frozenset[str]:
    return frozenset(one.strip().lower() for one in values if isinstance(one, str) and one.strip())
