"""Where a SuperOffice tenant lives: looked up, kept, found again, and never anywhere else."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from bridge.contract import Unsent
from bridge.sandbox.superoffice import SuperOffice as Emulator
from bridge.settings import SuperOffice as Settings
from bridge.upstreams import SuperOffice
from tests.clock import Clock
from tests.upstreams.desk import AA, ME, Desk, calls, transfer


async def test_the_address_is_kept_until_it_ends(
    desk: Desk, superoffice: Emulator, clock: Clock
) -> None:
    so = desk.online(access_token=AA.access_token)
    await asyncio.gather(*(so.send(ME) for _ in range(10)))
    assert calls(superoffice, "/api/state/") == 1
    clock.now += 3600
    await so.send(ME)
    assert calls(superoffice, "/api/state/") == 2


@pytest.mark.parametrize(("valid_s", "asked_again_after"), [(-500, 60), (1, 60), (10**8, 86_400)])
async def test_the_end_has_sane_bounds(
    desk: Desk, superoffice: Emulator, clock: Clock, valid_s: int, asked_again_after: float
) -> None:
    superoffice.change(state_valid_s=valid_s, expires_in=10**9)
    superoffice.credentials.reseed()
    so = desk.online(access_token=AA.access_token)
    for wait, times in ((asked_again_after - 1, 1), (2, 2)):
        await so.send(ME)
        clock.now += wait
        await so.send(ME)
        assert calls(superoffice, "/api/state/") == times


async def test_a_tenant_that_moved_is_found_again(desk: Desk, superoffice: Emulator) -> None:
    so = desk.online(access_token=AA.access_token)
    assert (await so.send(ME)).ok
    superoffice.move_tenant("online3")
    answers = await asyncio.gather(*(so.send(transfer("5")) for _ in range(10)))
    assert all(answer.ok for answer in answers)
    assert calls(superoffice, "/api/state/") == 2
    assert calls(superoffice, "/online3/") == 10


async def test_an_address_that_is_gone_is_looked_up(desk: Desk, superoffice: Emulator) -> None:
    gone = f"{desk.base.rpartition(':')[0]}:1/Cust12345/api"
    so = desk.online(access_token=AA.access_token, url=gone)
    assert (await so.send(ME)).ok
    assert calls(superoffice, "/api/state/") == 1
    with pytest.raises(Unsent):
        await SuperOffice(
            "so", Settings(url=gone, access_token=SecretStr("t")), desk.outbound, desk.clock
        ).send(ME)


async def test_a_fixed_address_that_moved_is_told(desk: Desk, superoffice: Emulator) -> None:
    superoffice.move_tenant("online3")
    url = f"{desk.base}/Cust12345/api"
    settings = Settings(url=url, access_token=SecretStr(AA.access_token))
    response = await SuperOffice("so", settings, desk.outbound, desk.clock).send(ME)
    assert (response.status, response.error_code) == (421, "wrong-subdomain")
    assert calls(superoffice, "currentPrincipal") == 1


async def test_a_second_421_is_told(desk: Desk, superoffice: Emulator) -> None:
    so = desk.online(access_token=AA.access_token)
    with superoffice.fault("status", "GET */currentPrincipal", status=421):
        response = await so.send(ME)
    assert response.error_code == "wrong-subdomain"
    assert (calls(superoffice, "currentPrincipal"), calls(superoffice, "/api/state/")) == (2, 2)


@pytest.mark.parametrize("state", ["Suspended", "OfflineMaintenance", "Deleted"])
async def test_a_tenant_that_is_not_running_gets_no_call(
    desk: Desk, superoffice: Emulator, state: str
) -> None:
    superoffice.change(tenant_state=state)
    so = desk.online(access_token=AA.access_token)
    response = await so.send(ME)
    assert (response.error_code, response.error_text) == ("tenant-not-running", state)
    assert response.status == 409
    assert not response.sent
    assert not calls(superoffice, "currentPrincipal")
    superoffice.change(tenant_state="OnlineMaintenance")
    assert (await so.send(ME)).ok


@pytest.mark.parametrize("tenant", ["Cust99999", "../x", "a b"])
async def test_a_tenant_that_is_none(desk: Desk, tenant: str) -> None:
    response = await desk.online(tenant=tenant, access_token="t").send(ME)
    assert (response.error_code, response.error_text) == ("tenant-not-running", "Unknown")


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example/Cust12345",
        "https://superoffice.com.evil.example/Cust12345",
        "https://evilsuperoffice.com/Cust12345",
        "http://online2.superoffice.com/Cust12345",
        "https://user@online2.superoffice.com/Cust12345",
        "https://online2.superoffice.com/Cust12345?x=1",
        "https://online2.superoffice.com@evil.example/",
        "http://127.0.0.1:1/Cust12345",
    ],
)
async def test_a_token_goes_to_superoffice_only(
    desk: Desk, superoffice: Emulator, endpoint: str
) -> None:
    superoffice.move_tenant(endpoint)
    response = await desk.online(access_token=AA.access_token).send(ME)
    assert response.error_code == "tenant-address-refused"
    assert not calls(superoffice, "currentPrincipal")


async def test_a_state_that_cannot_be_read_is_unsent(desk: Desk, superoffice: Emulator) -> None:
    for fault in ("hang", "garbage", "truncated", "redirect", "status"):
        with superoffice.fault(fault), pytest.raises(Unsent):
            await desk.online(access_token="t").send(ME)


async def test_a_state_that_cannot_be_read_is_asked_for_once_by_all_who_wait(
    desk: Desk, superoffice: Emulator
) -> None:
    so = desk.online(access_token=AA.access_token)
    with superoffice.fault("status"):
        answers = await asyncio.gather(*(so.send(ME) for _ in range(30)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {Unsent}
        assert calls(superoffice, "/api/state/") == 1
    assert (await so.send(ME)).ok
