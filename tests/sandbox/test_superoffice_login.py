"""SuperID: codes, PKCE, refresh without a new refresh token, and the signed system user token."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from yarl import URL

from bridge.sandbox.superoffice import (
    CLIENT_ID,
    CLIENT_SECRET,
    SYSTEM_TOKEN,
    TENANT,
    SuperOffice,
    login_of,
)
from tests.clock import Clock
from tests.sandbox.superoffice_desk import Http

TOKENS = "/login/common/oauth/tokens"
CLIENT = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
REDIRECT = "https://bridge.example.com/callback?kept=yes"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
CLAIM = "http://schemes.superoffice.net/identity/"


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(decode(token.split(".")[1]))
    return found


async def authorize(http: Http, **changed: str) -> URL:
    query = {
        "client_id": CLIENT_ID,
        "scope": "openid",
        "redirect_uri": REDIRECT,
        "state": "s p&",
        "response_type": "code",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | changed
    path = "/login/common/oauth/authorize"
    async with http.get(path, params=query, allow_redirects=False) as response:
        assert response.status == 302
        return URL(response.headers["Location"])


async def grant(http: Http, **form: str) -> tuple[int, dict[str, Any]]:
    async with http.post(TOKENS, data=CLIENT | form) as response:
        return response.status, await response.json()


async def exchange(http: Http, good: str, **changed: str) -> tuple[int, dict[str, Any]]:
    form = {
        "grant_type": "authorization_code",
        "code": good,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    return await grant(http, **(form | changed))


async def test_a_person_signs_in_with_pkce(so: SuperOffice, http: Http) -> None:
    back = await authorize(http, sign_in_as="ANNA")
    assert (back.query["state"], back.query["kept"]) == ("s p&", "yes")

    status, body = await exchange(http, back.query["code"])

    assert status == 200
    assert body["access_token"].startswith(f"8A:{TENANT}.")
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    told = claims(body["id_token"])
    assert isinstance(told["iat"], str)
    assert told["exp"] - told["nbf"] == 360
    assert (told["aud"], told[f"{CLAIM}ctx"], told[f"{CLAIM}associateid"]) == (
        CLIENT_ID,
        TENANT,
        "5",
    )
    assert told[f"{CLAIM}webapi_url"].endswith(f"/{TENANT}/api/")
    assert [(effect.kind, effect.subject) for effect in so.effects] == [("issue_token", "ANNA")]
    assert (await exchange(http, back.query["code"]))[0] == 400  # good once
    again, renewed = await grant(
        http, grant_type="refresh_token", refresh_token=body["refresh_token"]
    )
    assert again == 200
    assert "refresh_token" not in renewed


@pytest.mark.parametrize(
    "changed",
    [{"code_verifier": "w" * 43}, {"redirect_uri": "https://other.example"}, {"code": "unknown"}],
)
async def test_a_code_is_bound(http: Http, changed: dict[str, str]) -> None:
    back = await authorize(http)

    status, body = await exchange(http, back.query["code"], **changed)

    assert (status, body["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(("later", "status"), [(599, 200), (600, 400)])
async def test_a_code_lives_ten_minutes(http: Http, clock: Clock, later: int, status: int) -> None:
    back = await authorize(http)
    clock.now += later

    assert (await exchange(http, back.query["code"]))[0] == status


async def test_consent_can_be_asked_or_denied(so: SuperOffice, http: Http) -> None:
    so.change(consent="denied")
    assert (await authorize(http)).query["error"] == "access_denied"

    so.change(consent="page")
    query = {"client_id": CLIENT_ID, "redirect_uri": REDIRECT, "response_type": "code"}
    async with http.get("/login/common/oauth/authorize", params=query) as response:
        page = await response.text()
    assert "Anna Andersen" in page
    assert "Olga Olsen" not in page
    assert "code" in (await authorize(http, sign_in_as="ANNA")).query


@pytest.mark.parametrize(
    "changed", [{"response_type": "token"}, {"code_challenge_method": "plain"}]
)
async def test_only_codes_and_s256(http: Http, changed: dict[str, str]) -> None:
    assert (await authorize(http, **changed)).query["error"] == "invalid_request"


@pytest.mark.parametrize(
    "query",
    [
        {"client_id": "other", "redirect_uri": REDIRECT},
        {"client_id": CLIENT_ID, "redirect_uri": "javascript:alert(1)"},
        {
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "sign_in_as": "nobody",
        },
    ],
)
async def test_authorize_refuses_without_redirect(http: Http, query: dict[str, str]) -> None:
    path = "/login/common/oauth/authorize"
    async with http.get(path, params=query, allow_redirects=False) as response:
        assert response.status == 400


@pytest.mark.parametrize("where", ["form", "query", "basic"])
async def test_refresh_keeps_the_refresh_token(so: SuperOffice, http: Http, where: str) -> None:
    asked = {"grant_type": "refresh_token", "refresh_token": login_of("AA").refresh_token}
    basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    options: dict[str, Any] = {
        "form": {"data": CLIENT | asked},
        "query": {"params": CLIENT | asked},
        "basic": {"data": asked, "headers": {"Authorization": f"Basic {basic}"}},
    }[where]

    for _ in range(2):  # reusable until consent is revoked
        async with http.post(TOKENS, **options) as response:
            assert response.status == 200
            body = await response.json()

    assert "refresh_token" not in body
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    async with http.get(f"/{TENANT}/api/v1/User/currentAssociate", headers=headers) as response:
        assert (await response.json())["Name"] == "AA"
    assert len(so.effects_of("refresh_token", "AA")) == 2
    assert body["access_token"] not in str(so.effects)


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        (
            {"grant_type": "refresh_token", "refresh_token": login_of("OLD").refresh_token},
            400,
            "invalid_grant",
        ),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "client_secret": "wrong"}, 401, "invalid_client"),
    ],
)
async def test_grants_refused(
    so: SuperOffice, http: Http, form: dict[str, str], status: int, error: str
) -> None:
    found, body = await grant(http, **form)

    assert (found, body["error"]) == (status, error)
    assert so.effects == []


async def test_revoked_consent_ends_it(so: SuperOffice, http: Http) -> None:
    arne, anna = login_of("AA"), login_of("ANNA")
    form = CLIENT | {"token": arne.refresh_token}
    async with http.post("/login/common/oauth/revoke", data=form) as response:
        assert response.status == 200
    async with http.post("/login/common/oauth/revoke", data={"token": "x"}) as response:
        assert response.status == 401

    refresh = {"grant_type": "refresh_token"}
    assert (await grant(http, **refresh, refresh_token=arne.refresh_token))[0] == 400
    assert (await grant(http, **refresh, refresh_token=anna.refresh_token))[0] == 200
    so.revoke_consent()
    assert (await grant(http, **refresh, refresh_token=anna.refresh_token))[0] == 400


async def test_discovery_leads_to_the_key_of_the_id_token(http: Http) -> None:
    async with http.get("/login/.well-known/openid-configuration") as response:
        config = await response.json()
    async with http.session.get(config["jwks_uri"]) as response:
        (key,) = (await response.json())["keys"]
    _, body = await exchange(http, (await authorize(http)).query["code"])
    signed, _, signature = body["id_token"].rpartition(".")

    numbers = (int.from_bytes(decode(key[name]), "big") for name in ("e", "n"))
    rsa.RSAPublicNumbers(*numbers).public_key().verify(
        decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
    )


def signed_token(so: SuperOffice, at: float, token: str = SYSTEM_TOKEN) -> str:
    message = f"{token}.{datetime.fromtimestamp(at, UTC):%Y%m%d%H%M}"
    key = load_pem_private_key(so.partner_key_pem().encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = key.sign(message.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{message}.{base64.b64encode(signature).decode()}"


async def authenticate(http: Http, token: str, **changed: str) -> dict[str, Any]:
    body = {
        "SignedSystemToken": token,
        "ApplicationToken": CLIENT_SECRET,
        "ContextIdentifier": TENANT,
        "ReturnTokenType": "JWT",
    } | changed
    async with http.post("/Login/api/PartnerSystemUser/Authenticate", json=body) as response:
        assert response.status == 200
        found: dict[str, Any] = await response.json()
        return found


async def test_a_system_user_gets_a_ticket(so: SuperOffice, http: Http, clock: Clock) -> None:
    answer = await authenticate(http, signed_token(so, clock.now))

    assert (answer["IsSuccessful"], answer["ErrorMessage"]) == (True, None)
    told = claims(answer["Token"])
    assert (told["iss"], told["aud"]) == ("SuperOffice AS", f"spn:{told[f'{CLAIM}serial']}")
    ticket = told[f"{CLAIM}ticket"]
    headers = {"Authorization": f"SOTicket {ticket}", "SO-AppToken": CLIENT_SECRET}
    async with http.get(f"/{TENANT}/api/v1/User/currentPrincipal", headers=headers) as response:
        assert (await response.json())["UserType"] == "SystemAssociate"
    assert [effect.kind for effect in so.effects] == ["issue_ticket"]
    assert ticket not in str(so.effects)


async def test_a_system_user_is_refused_by_a_flag_not_by_a_status(
    so: SuperOffice, http: Http, clock: Clock
) -> None:
    good = signed_token(so, clock.now)
    refusals = [
        await authenticate(http, good, ApplicationToken="wrong"),
        await authenticate(http, good, ContextIdentifier="Cust0"),
        await authenticate(http, good, ReturnTokenType="SAML"),
        await authenticate(http, "no-dots"),
        await authenticate(http, f"{SYSTEM_TOKEN}.never.%%%"),
        await authenticate(http, signed_token(so, clock.now, "Other-token")),
        await authenticate(http, signed_token(so, clock.now - 3600)),
        await authenticate(http, f"{good.rpartition('.')[0]}.{base64.b64encode(b'x').decode()}"),
    ]
    async with http.post("/Login/api/PartnerSystemUser/Authenticate", data="{") as response:
        refusals.append(await response.json())

    assert {(r["IsSuccessful"], r["Token"]) for r in refusals} == {(False, None)}
    assert all(r["ErrorMessage"] for r in refusals)
    assert so.effects == []
