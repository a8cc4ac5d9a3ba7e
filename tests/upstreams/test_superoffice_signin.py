"""Signing in to SuperOffice: every way, one renewal for many, a person's own, and no secret told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bridge.contract import Lost, Unsent
from bridge.sandbox.emulator import FaultKind
from bridge.sandbox.superoffice import CLIENT_ID, CLIENT_SECRET, SYSTEM_TOKEN, TENANT, login_of
from bridge.sandbox.superoffice import SuperOffice as Emulator
from bridge.settings import SuperOffice as Settings
from bridge.upstreams import Credential, connect
from bridge.upstreams.superoffice.refusal import signed_out
from bridge.upstreams.superoffice.signin import Renewed, bearer
from tests.clock import Clock
from tests.upstreams.desk import AA, ME, Desk, calls, transfer


@pytest.mark.parametrize(
    "settings",
    [
        {"username": AA.username, "password": AA.password},
        {"ticket": AA.ticket},
        {"xsrf_token": AA.xsrf_token, "cookie": AA.cookie},
    ],
)
async def test_signing_in_onsite(desk: Desk, settings: dict[str, str]) -> None:
    response = await desk.onsite(**settings).send(ME)
    assert response.ok, response.error_text
    assert response.json["AssociateId"] == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"access_token": AA.access_token},
        {"ticket": AA.ticket, "app_token": CLIENT_SECRET},
        {"xsrf_token": AA.xsrf_token, "cookie": AA.cookie},
        {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": AA.refresh_token,
        },
    ],
)
async def test_signing_in_online(desk: Desk, settings: dict[str, str]) -> None:
    response = await desk.online(**settings).send(ME)
    assert response.ok, response.error_text
    assert response.json["AssociateId"] == 2


async def test_the_system_user(desk: Desk, superoffice: Emulator, clock: Clock) -> None:
    so = desk.online(
        client_secret=CLIENT_SECRET,
        system_token=SYSTEM_TOKEN,
        private_key=superoffice.partner_key_pem().replace("\n", "\\n"),
    )
    for _ in range(10):  # a ticket slides: five hours each are fine, and ask for no new one
        response = await so.send(ME)
        assert response.ok, response.error_text
        clock.now += 5 * 3600
    assert response.json["UserType"] == "SystemAssociate"
    assert len(superoffice.effects_of("issue_ticket")) == 1
    clock.now += 6 * 3600
    assert (await so.send(ME)).ok
    assert len(superoffice.effects_of("issue_ticket")) == 2
    superoffice.expire_tokens()
    assert (await so.send(ME)).ok
    assert len(superoffice.effects_of("issue_ticket")) == 3


async def test_a_system_user_whom_superoffice_does_not_know(
    desk: Desk, superoffice: Emulator
) -> None:
    so = desk.online(
        client_secret=CLIENT_SECRET,
        system_token="Unknown-1",
        private_key=superoffice.partner_key_pem(),
    )
    response = await so.send(ME)
    assert (response.status, response.error_code) == (401, "unauthorized")
    assert not response.sent
    assert not calls(superoffice, "currentPrincipal")


def test_a_key_that_is_none_is_refused_at_once(desk: Desk) -> None:
    with pytest.raises(ValueError, match="private_key") as caught:
        desk.online(client_secret="s", system_token="t", private_key="CANARY")
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
async def test_one_renewal_for_many(desk: Desk, superoffice: Emulator, status: int) -> None:
    superoffice.change(expired_token_status=status)
    so = desk.refreshing(access_token=AA.access_token)
    assert (await so.send(ME)).ok
    assert not superoffice.effects_of("refresh_token")
    superoffice.expire_tokens()
    answers = await asyncio.gather(*(so.send(ME) for _ in range(30)))
    assert all(answer.ok for answer in answers)
    assert len(superoffice.effects_of("refresh_token")) == 1


async def test_a_token_is_renewed_ahead_of_its_end(
    desk: Desk, superoffice: Emulator, clock: Clock
) -> None:
    so = desk.refreshing()
    await asyncio.gather(*(so.send(ME) for _ in range(10)))
    assert len(superoffice.effects_of("refresh_token")) == 1
    clock.now += 3600 - 59
    before = calls(superoffice, "currentPrincipal")
    assert (await so.send(ME)).ok
    assert len(superoffice.effects_of("refresh_token")) == 2
    assert calls(superoffice, "currentPrincipal") == before + 1  # no refusal was needed


async def test_consent_that_was_revoked(desk: Desk, superoffice: Emulator) -> None:
    so = desk.refreshing()
    assert (await so.send(ME)).ok
    superoffice.revoke_consent()
    response = await so.send(ME)
    assert response.error_code in ("unauthorized", "forbidden")
    assert response.status in (401, 403)
    fresh = await desk.refreshing().send(ME)
    assert (fresh.status, fresh.error_code) == (401, "unauthorized")


async def test_a_refusal_is_asked_about_once(desk: Desk, superoffice: Emulator) -> None:
    so = desk.refreshing()
    with superoffice.fault("status", "GET */currentPrincipal", status=403):
        response = await so.send(ME)
    assert (response.status, response.error_code) == (403, "forbidden")
    assert calls(superoffice, "currentPrincipal") == 2
    assert len(superoffice.effects_of("refresh_token")) == 2


@pytest.mark.parametrize("fault", ["hang", "reset_after", "truncated", "redirect"])
async def test_superid_out_of_reach_is_unsent(
    desk: Desk, superoffice: Emulator, fault: FaultKind
) -> None:
    with superoffice.fault(fault, "POST */tokens"), pytest.raises(Unsent, match="sign-in"):
        await desk.refreshing().send(transfer("5"))
    with superoffice.fault("status", "POST */tokens"), pytest.raises(Unsent, match="503"):
        await desk.refreshing().send(transfer("5"))
    assert not calls(superoffice, "TransferTo")


async def test_a_sign_in_that_fails_fails_once_for_all_who_wait_for_it(
    desk: Desk, superoffice: Emulator
) -> None:
    so = desk.refreshing()
    with superoffice.fault("status", "POST */tokens"):
        answers = await asyncio.gather(*(so.send(ME) for _ in range(30)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {Unsent}
        assert calls(superoffice, "/tokens") == 1
        with pytest.raises(Unsent):
            await so.send(ME)
        assert calls(superoffice, "/tokens") == 2
    assert (await so.send(ME)).ok


async def test_a_renewal_that_is_refused_is_refused_once_for_all_who_wait_for_it() -> None:
    asked = 0

    async def fetch() -> tuple[Credential, float]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        raise signed_out("SuperOffice gave no new access token.")

    renewed = Renewed(fetch, Clock(), first=bearer(SecretStr("old")))
    used = await renewed.headers()
    assert await asyncio.gather(*(renewed.renew(used) for _ in range(30))) == [False] * 30
    assert asked == 1
    assert not await renewed.renew(used)
    assert asked == 2


async def test_who_stops_waiting_stops_the_sign_in_for_nobody_else() -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def fetch() -> tuple[Credential, float]:
        asked.set()
        await go.wait()
        return Credential({"Authorization": SecretStr("Bearer t")}), 3600.0

    renewed = Renewed(fetch, Clock())
    first = asyncio.ensure_future(renewed.headers())
    await asked.wait()
    second = asyncio.ensure_future(renewed.headers())
    first.cancel()
    go.set()
    assert (await second)["Authorization"] == "Bearer t"


async def test_a_person_acts_as_themselves(desk: Desk, superoffice: Emulator) -> None:
    def credential(token: str, renew: Any = None) -> Credential:
        return Credential({"Authorization": SecretStr(f"Bearer {token}")}, renew)

    async def newer() -> Credential | None:
        return credential(login_of("BB").access_token)

    held = {
        "U1": credential(login_of("ANNA").access_token),
        "U2": credential("8A:ended", newer),
        "U3": credential("8A:ended"),
    }

    async def credentials(connection: str, person: str) -> Credential | None:
        assert connection == "so"
        return held.get(person)

    settings = Settings(tenant=TENANT, login_url=desk.base, access_token=SecretStr(AA.access_token))
    so = connect("so", settings, desk.outbound, desk.clock, credentials=credentials)
    seen = [(await so.send(ME, person=who)).json["AssociateId"] for who in ("U1", "U2", "U4", "")]
    assert seen == [5, 3, 2, 2]
    assert (await so.send(ME, person="U3")).error_code == "link-refused"
    assert not superoffice.effects_of("refresh_token")


async def test_no_secret_is_told(desk: Desk, superoffice: Emulator) -> None:
    with capture_logs() as lines:
        so = desk.refreshing(access_token=AA.access_token)
        await so.send(ME)
        superoffice.expire_tokens()
        await so.send(ME)
        with superoffice.fault("hang"), pytest.raises((Lost, Unsent)) as caught:
            await so.send(ME)
    told = f"{lines} {caught.value!r} {so!r} {vars(so)} {vars(so._service)}"
    for secret in (AA.access_token, AA.refresh_token, CLIENT_SECRET, "8A:"):
        assert secret not in told
