"""Who gets in, with what, for how long, and through which door of the tenant."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from bridge.sandbox.superoffice import CLIENT_SECRET, TENANT, SuperOffice, login_of
from tests.clock import Clock
from tests.sandbox.superoffice_desk import Http

ARNE = login_of("AA")
ME = "api/v1/User/currentPrincipal"
BASIC = f"Basic {b64encode(b'AA:aa-password').decode()}"


async def status(http: Http, place: str, headers: dict[str, str]) -> int:
    async with http.get(f"/{place}/{ME}", headers=headers) as response:
        return response.status


async def state(http: Http) -> dict[str, Any]:
    async with http.get(f"/api/state/{TENANT}") as response:
        body: dict[str, Any] = await response.json()
        return body


@pytest.mark.parametrize(
    ("headers", "onsite", "online"),
    [
        ({}, 401, 401),
        ({"Authorization": BASIC}, 200, 401),
        ({"Authorization": BASIC.replace("Basic", "basic")}, 200, 401),
        ({"Authorization": f"Basic {b64encode(b'AA:wrong').decode()}"}, 401, 401),
        ({"Authorization": "Basic ???"}, 401, 401),
        (
            {"Authorization": f"Basic {b64encode(b'ARNE@example.com:aa-password').decode()}"},
            200,
            401,
        ),
        ({"Authorization": f"Basic {b64encode(b'OLD:old-password').decode()}"}, 401, 401),
        ({"Authorization": f"SOTicket {ARNE.ticket}"}, 200, 401),
        ({"Authorization": f"SOTicket {ARNE.ticket}", "SO-AppToken": CLIENT_SECRET}, 200, 200),
        ({"Authorization": f"SoTicket {ARNE.ticket}", "SO-AppToken": CLIENT_SECRET}, 200, 200),
        ({"Authorization": f"SOTICKET {ARNE.ticket}", "SO-AppToken": "wrong"}, 200, 401),
        ({"Authorization": "SOTicket 7T:seed%2Faa%2B==", "SO-AppToken": CLIENT_SECRET}, 401, 401),
        ({"Authorization": f"Bearer {ARNE.access_token}"}, 401, 200),
        ({"Authorization": "Bearer 8A:Cust99999.other"}, 401, 401),
        ({"Authorization": "Negotiate abc"}, 401, 401),
        ({"X-XSRF-TOKEN": ARNE.xsrf_token, "Cookie": ARNE.cookie}, 200, 200),
        ({"X-XSRF-TOKEN": ARNE.xsrf_token}, 401, 401),
        ({"X-XSRF-TOKEN": "other", "Cookie": ARNE.cookie}, 401, 401),
        ({"Cookie": ARNE.cookie}, 401, 401),
    ],
)
async def test_each_scheme_onsite_and_online(
    http: Http, headers: dict[str, str], onsite: int, online: int
) -> None:
    assert await status(http, "SuperOffice", headers) == onsite
    assert await status(http, TENANT, headers) == online


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("error", "application/json"),
        ("empty", "application/octet-stream"),
        ("html", "text/html"),
    ],
)
async def test_the_body_of_a_401(so: SuperOffice, http: Http, kind: str, content_type: str) -> None:
    so.change(unauthorized_body=kind)

    async with http.get(f"/{TENANT}/{ME}") as response:
        assert response.status == 401
        assert response.content_type == content_type


@pytest.mark.parametrize("expired", [401, 403])
async def test_an_access_token_expires(
    so: SuperOffice, http: Http, clock: Clock, expired: int
) -> None:
    so.change(expired_token_status=expired)
    headers = {"Authorization": f"Bearer {ARNE.access_token}"}

    clock.now += 3599
    assert await status(http, TENANT, headers) == 200
    clock.now += 1
    assert await status(http, TENANT, headers) == expired


async def test_a_ticket_slides(http: Http, clock: Clock) -> None:
    headers = {"Authorization": f"SOTicket {ARNE.ticket}", "SO-AppToken": CLIENT_SECRET}
    for _ in range(3):
        clock.now += 6 * 3600 - 1
        assert await status(http, TENANT, headers) == 200

    clock.now += 6 * 3600
    assert await status(http, TENANT, headers) == 401


async def test_expire_tokens_at_once(so: SuperOffice, http: Http) -> None:
    so.expire_tokens()

    assert await status(http, TENANT, {"Authorization": f"Bearer {ARNE.access_token}"}) == 403
    assert await status(http, "SuperOffice", {"Authorization": f"SOTicket {ARNE.ticket}"}) == 401


async def test_the_context_is_default_onsite(http: Http) -> None:
    async with http.get(f"/SuperOffice/{ME}", headers={"Authorization": BASIC}) as response:
        assert (await response.json())["DatabaseContextIdentifier"] == "Default"


async def test_the_state_of_the_tenant(http: Http, clock: Clock) -> None:
    clock.now = 1_800_000_000.25

    home = str(http.make_url(f"/{TENANT}"))
    assert await state(http) == {
        "ContextIdentifier": TENANT,
        "Endpoint": home,
        "State": "Running",
        "IsRunning": True,
        "ValidUntil": "2027-01-15T09:00:00.2500000Z",
        "Api": f"{home}/api",
        "Version": "Release_11.10_2026.02.24-02",
    }
    async with http.get("/api/state/Cust0") as response:
        assert (response.status, (await response.json())["IsRunning"]) == (404, False)


@pytest.mark.parametrize(
    ("named", "running", "answer"),
    [
        ("Running", True, 200),
        ("OnlineMaintenance", True, 200),
        ("OfflineMaintenance", False, 503),
        ("Suspended", False, 503),
        ("Deleted", False, 503),
        ("MigrationPending", False, 503),
    ],
)
async def test_the_states(
    so: SuperOffice, http: Http, named: str, *, running: bool, answer: int
) -> None:
    so.change(tenant_state=named)

    found = await state(http)

    assert (found["State"], found["IsRunning"]) == (named, running)
    assert await status(http, TENANT, {"Authorization": f"Bearer {ARNE.access_token}"}) == answer
    assert await status(http, "SuperOffice", {"Authorization": BASIC}) == 200


async def test_a_moved_tenant_answers_elsewhere(so: SuperOffice, http: Http) -> None:
    headers = {"Authorization": f"Bearer {ARNE.access_token}"}
    assert await status(http, f"online3/{TENANT}", headers) == 421

    so.move_tenant("online3")

    async with http.get(f"/{TENANT}/{ME}", headers=headers) as response:
        assert (response.status, response.reason) == (421, "Wrong subdomain used to access tenant")
        assert (await response.json())["Error"]
    moved = await state(http)
    assert moved["Api"].endswith(f"/online3/{TENANT}/api")
    async with http.session.get(
        f"{moved['Api']}/v1/User/currentPrincipal", headers=headers
    ) as found:
        assert found.status == 200
    so.reset()
    assert await status(http, TENANT, headers) == 200


async def test_a_tenant_can_leave_this_host(so: SuperOffice, http: Http) -> None:
    so.move_tenant("https://app.superoffice.com:443/Cust12345/")

    assert (await state(http))["Endpoint"] == "https://app.superoffice.com:443/Cust12345"
    assert await status(http, TENANT, {"Authorization": f"Bearer {ARNE.access_token}"}) == 421


@pytest.mark.parametrize("place", ["Cust99999", "online3/SuperOffice"])
async def test_nobody_lives_there(http: Http, place: str) -> None:
    assert await status(http, place, {"Authorization": BASIC}) == 404
