"""The rate limiter: whose calls count, in which window, and what the headers say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.rocketchat_desk import Desk, Start


async def get(desk: Desk, who: str = "mara.lind", path: str = "me", **headers: str) -> Any:
    login = desk.rc.credentials(who) | {k.replace("_", "-"): v for k, v in headers.items()}
    async with desk.http.get(f"/api/v1/{path}", headers=login) as response:
        return response.status, dict(response.headers), await response.json()


async def test_ten_pass_and_the_eleventh_is_told_when_to_come_back(start: Start) -> None:
    desk = await start()
    for left in range(9, -1, -1):
        status, headers, _ = await get(desk)
        assert (status, headers["X-RateLimit-Remaining"]) == (200, str(left))
    desk.clock.now += 17.5

    status, headers, body = await get(desk)

    assert status == 429
    assert headers["X-RateLimit-Limit"] == "10"
    assert headers["X-RateLimit-Remaining"] == "0"
    assert headers["X-RateLimit-Reset"] == "1800000060000"
    assert "Retry-After" not in headers
    assert body == {
        "success": False,
        "error": "Error, too many requests. Please slow down. You must wait 43 seconds before "
        "trying this endpoint again. [error-too-many-requests]",
    }


async def test_the_window_is_fixed_and_opens_again(start: Start) -> None:
    desk = await start()
    for _ in range(12):
        await get(desk)
        desk.clock.now += 4

    assert (await get(desk))[0] == 429
    desk.clock.now += 13
    assert (await get(desk))[0] == 200


async def test_all_rooms_share_one_bucket_and_methods_do_not(start: Start) -> None:
    desk = await start()
    for number in range(10):
        await desk.call("POST", f"livechat/transcript/r{number}", "mara.lind", json={})

    post = await desk.call("POST", "livechat/transcript/other", "mara.lind", json={})
    delete = await desk.call("DELETE", "livechat/transcript/other", "mara.lind")

    assert (post[0], delete[0]) == (429, 400)


async def test_users_behind_one_address_share_the_bucket(start: Start) -> None:
    desk = await start()
    for _ in range(10):
        await get(desk)

    assert (await get(desk, "pia.holm"))[0] == 429


async def test_a_workspace_that_knows_its_proxies_tells_clients_apart(start: Start) -> None:
    desk = await start()
    desk.rc.configure(forwarded_count=1)
    for _ in range(10):
        await get(desk, X_Forwarded_For="10.0.0.1, 192.0.2.1")

    assert (await get(desk, X_Forwarded_For="10.0.0.2, 192.0.2.1"))[0] == 429
    assert (await get(desk, X_Forwarded_For="10.0.0.2, 192.0.2.2"))[0] == 200
    assert (await get(desk))[0] == 200


@pytest.mark.parametrize("who", ["deskbridge", "admin"])
async def test_who_bypasses_gets_no_headers(start: Start, who: str) -> None:
    desk = await start()

    for _ in range(12):
        status, headers, _ = await get(desk, who)
        assert status == 200
        assert not [name for name in headers if name.startswith("X-RateLimit")]


async def test_switched_off_there_are_no_headers(start: Start) -> None:
    desk = await start()
    desk.rc.configure(limiter_enabled=False)

    _, headers, _ = await get(desk)

    assert "X-RateLimit-Limit" not in headers


async def test_limit_and_window_are_settings(start: Start) -> None:
    desk = await start()
    desk.rc.configure(limiter_calls=1, limiter_window_s=5.0)
    await get(desk)

    assert "wait 5 seconds" in (await get(desk))[2]["error"]
    desk.clock.now += 5.1
    assert (await get(desk))[0] == 200


async def test_reset_forgets_the_windows(start: Start) -> None:
    desk = await start()
    for _ in range(11):
        await get(desk)
    desk.rc.reset()

    assert (await get(desk))[0] == 200


async def test_info_is_not_limited(start: Start) -> None:
    desk = await start()

    for _ in range(12):
        assert (await desk.call("GET", "/api/info", None))[0] == 200


async def test_a_visitors_room_has_a_limit_of_its_own(start: Start) -> None:
    desk = await start()
    for _ in range(5):
        assert (await get(desk, path="livechat/room?token=unknown"))[0] == 400

    status, headers, _ = await get(desk, path="livechat/room?token=unknown")

    assert (status, headers["X-RateLimit-Limit"]) == (429, "5")
